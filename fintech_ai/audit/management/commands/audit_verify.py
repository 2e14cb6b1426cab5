"""manage.py audit_verify"""

from collections import defaultdict
from pathlib import Path
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from fintech_ai.audit.management.tenants import add_tenant_argument, chosen_tenants
from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.verification import verify_chain
from fintech_ai.audit.verify_export import read_checkpoints
from fintech_ai.core.tenancy import tenant_scope


class Command(BaseCommand):
    help = "Verify the audit trail of one tenant or of all. Exit code 1 if a trail is not whole."

    def add_arguments(self, parser):
        add_tenant_argument(parser)
        parser.add_argument("--checkpoint", type=Path, help="a file of checkpoints that were taken earlier")

    def handle(self, *, tenant, checkpoint, **options):
        checkpoints = _checkpoints(checkpoint)
        tenants = chosen_tenants(tenant)
        if tenant is None:
            # A trail whose tenant is gone is verified all the same.
            recorded = AuditEvent.across_tenants.order_by().values_list("tenant_id", flat=True).distinct()
            remembered = [*checkpoints, *recorded]
            tenants |= {tenant_id: str(tenant_id) for tenant_id in remembered if tenant_id not in tenants}
        broken = 0
        for tenant_id, name in tenants.items():
            with tenant_scope(tenant_id):
                verdict = verify_chain(checkpoints=checkpoints[tenant_id])
            self.stdout.write(f"{name}: {verdict}")
            broken += not verdict.intact
        if broken:
            raise CommandError(f"{broken} of {len(tenants)} audit trails are not whole.", returncode=1)


def _checkpoints(path: Path | None) -> dict[UUID, list[tuple[int, str]]]:
    found = defaultdict(list)
    if path is not None:
        try:
            with path.open(encoding="utf-8") as lines:
                for tenant_id, seq, digest in read_checkpoints(lines):
                    found[UUID(tenant_id)].append((seq, digest))
        except (OSError, ValueError) as error:
            raise CommandError(f"{path} cannot be read as checkpoints: {error}", returncode=2) from error
    return found
