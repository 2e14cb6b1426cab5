"""manage.py budget_check"""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from redis.exceptions import RedisError

from fintech_ai.accounts.models import Tenant
from fintech_ai.audit.management.tenants import add_tenant_argument, chosen_tenants
from fintech_ai.gateway.admission import ledger
from fintech_ai.gateway.admission.money import dollars
from fintech_ai.gateway.admission.months import month_of


class Command(BaseCommand):
    help = (
        "Compare this month's budgets in Redis with the ledger in PostgreSQL, of one tenant or of all, to the "
        "micro-dollar. Exact also while calls are under way. Exit code 1 if they differ."
    )

    def add_arguments(self, parser):
        add_tenant_argument(parser)
        parser.add_argument("--repair", action="store_true", help="make Redis say what the ledger says")

    def handle(self, *, tenant, repair, **options):
        tenants = Tenant.objects.in_bulk(chosen_tenants(tenant))
        differ = 0
        for found in tenants.values():
            month = month_of(timezone.now(), found.timezone)
            try:
                compared = ledger.compare(found.id, month, repair=repair)
            except RedisError as error:
                raise CommandError("Redis does not answer, so there is nothing to compare.", returncode=2) from error
            self.stdout.write(f"{found}, {month:%B %Y}: {_said(compared)}")
            differ += not compared.agrees
        if differ and not repair:
            raise CommandError(f"{differ} of {len(tenants)} budgets differ; --repair mends them.", returncode=1)


def _said(compared: ledger.Comparison) -> str:
    spent, held = dollars(compared.spent), dollars(compared.held)
    if compared.agrees:
        return f"{spent} USD spent and {held} USD held, as in the ledger."
    charged, holding = dollars(compared.charged), dollars(compared.holding)
    return f"Redis has {spent} USD spent and {held} USD held; right are {charged} and {holding} USD."
