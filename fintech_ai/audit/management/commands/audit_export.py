"""manage.py audit_export"""

from pathlib import Path

from django.core.management.base import BaseCommand

from fintech_ai.audit.management.tenants import chosen_tenants
from fintech_ai.audit.services import trail_export
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope


class Command(BaseCommand):
    help = "Write the audit trail of a tenant to a file that fintech_ai/audit/verify_export.py verifies."

    def add_arguments(self, parser):
        parser.add_argument("--tenant", metavar="SLUG", required=True, help="the tenant's slug")
        parser.add_argument("--out", type=Path, required=True, help="the file to write")

    def handle(self, *, tenant, out, **options):
        (tenant_id,) = chosen_tenants(tenant)
        with tenant_scope(tenant_id), out.open("wb") as file:
            file.writelines(trail_export(actor=Actor.system(tenant_id=tenant_id, name="audit_export")))
        self.stdout.write(f"{tenant}: written to {out}. Its last line holds a checkpoint; keep a copy elsewhere.")
