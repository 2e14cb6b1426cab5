"""manage.py audit_checkpoint"""

from pathlib import Path

from django.core.management.base import BaseCommand

from fintech_ai.audit.export import checkpoint_line
from fintech_ai.audit.management.tenants import add_tenant_argument, chosen_tenants
from fintech_ai.core.tenancy import tenant_scope


class Command(BaseCommand):
    help = (
        "Print where each audit trail ends now, one line for each tenant. Keep the lines where nobody who can write "
        "to the database can write; audit_verify --checkpoint then finds a trail that was cut or rewritten since."
    )

    def add_arguments(self, parser):
        add_tenant_argument(parser)
        parser.add_argument("--out", type=Path, help="append to this file instead of printing")

    def handle(self, *, tenant, out, **options):
        lines = []
        for tenant_id in chosen_tenants(tenant):
            with tenant_scope(tenant_id):
                lines.append(checkpoint_line() + "\n")
        if out is None:
            self.stdout.writelines(lines)
        else:
            with out.open("a", encoding="ascii") as file:
                file.writelines(lines)
