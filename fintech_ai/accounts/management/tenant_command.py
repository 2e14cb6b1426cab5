"""Base of the commands that change one tenant."""

from abc import abstractmethod
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from fintech_ai.accounts.models import Tenant, TenantGroup
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import AppError, InvalidInput
from fintech_ai.core.tenancy import tenant_scope


class TenantCommand(BaseCommand):
    """Runs `change` in the scope of the tenant that --tenant names, and turns refusals into sentences."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG", help="the tenant's short name")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            known = ", ".join(Tenant.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no tenant called {options['tenant']}. There are: {known}.")
        try:
            with tenant_scope(tenant.id), transaction.atomic():
                self.change(Actor.system(tenant_id=tenant.id, name=f"manage.py {self.name}"), **options)
        except AppError as error:
            raise CommandError(refusal(error)) from error

    @property
    def name(self) -> str:
        """What the command is called on the command line."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def change(self, actor: Actor, **options: Any) -> None:
        """Do the work, as `actor`."""


def groups_named(names: list[str]) -> list[TenantGroup]:
    """The tenant's groups of these names. Raises InvalidInput for one that does not exist."""
    groups = {group.name: group for group in TenantGroup.objects.filter(name__in=names)}
    if missing := set(names) - set(groups):
        known = ", ".join(TenantGroup.objects.order_by("name").values_list("name", flat=True)) or "none yet"
        raise InvalidInput(f"There is no group called {', '.join(sorted(missing))}. There are: {known}.")
    return [groups[name] for name in names]


def refusal(error: AppError) -> str:
    """The error and its fields, as lines for a terminal."""
    fields = error.fields if isinstance(error, InvalidInput) else {}
    return "\n".join([error.message, *(f"  {field}: {' '.join(messages)}" for field, messages in fields.items())])
