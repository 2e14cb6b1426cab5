"""Which tenants a command is about.

Tenants live a layer above the audit trail, which knows them by id alone; a command line knows them by slug. The
model is asked for by name, as the foreign key of TenantModel does.
"""

from argparse import ArgumentParser
from uuid import UUID

from django.apps import apps
from django.core.management.base import CommandError


def add_tenant_argument(parser: ArgumentParser, **options) -> None:
    parser.add_argument("--tenant", metavar="SLUG", help="the tenant's slug; all tenants without it", **options)


def chosen_tenants(slug: str | None) -> dict[UUID, str]:
    """Slug by id of this tenant, or of all. Raises CommandError if there is no such tenant."""
    tenants = apps.get_model("accounts", "Tenant").objects.order_by("slug")
    if slug is not None:
        tenants = tenants.filter(slug=slug)
        if not tenants:
            raise CommandError(f"There is no tenant {slug!r}.", returncode=2)
    return dict(tenants.values_list("id", "slug"))
