"""Write the cases of a queue to a file, for analysis elsewhere."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech_ai.accounts.models import Tenant
from fintech_ai.cases.export import write_csv, write_parquet
from fintech_ai.cases.models import Queue
from fintech_ai.cases.selectors import SHOW, CaseFilters
from fintech_ai.cases.services import cases_export
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope

WRITERS = {".csv": write_csv, ".parquet": write_parquet}


class Command(BaseCommand):
    help = "Write the cases of a queue to FILE.csv or FILE.parquet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="where to; its ending says in which form")
        parser.add_argument("--tenant", required=True, help="the short name of the tenant")
        parser.add_argument("--queue", required=True, help="the short name of the queue")
        shows = sorted(set(SHOW) - {"mine_and_free"})
        parser.add_argument("--show", choices=shows, default="open", help="which of them: open ones if nothing is said")

    def handle(self, *args, **options) -> None:
        path: Path = options["file"]
        if (write := WRITERS.get(path.suffix)) is None:
            raise CommandError(f"{path} must end in .csv or .parquet.")
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']}.")
        with tenant_scope(tenant.id):
            queue = Queue.objects.filter(slug=options["queue"]).first()
            if queue is None:
                raise CommandError(f"{tenant.name} has no queue {options['queue']}.")
            filters = CaseFilters(show=options["show"], sort="newest")
            actor = Actor.system(tenant_id=tenant.id, name="export_cases")
            cases = cases_export(actor=actor, queue=queue, filters=filters, form=path.suffix.removeprefix("."))
            try:
                written = write(cases, path)
            except OSError as error:
                raise CommandError(f"{path} could not be written: {error.strerror}.") from None
        self.stdout.write(f"{written} cases in {path}.")
