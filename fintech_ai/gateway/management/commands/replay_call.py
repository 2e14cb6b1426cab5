"""manage.py replay_call: run a stored call again, and print both answers side by side."""

import textwrap
import uuid
from collections.abc import Iterable

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech_ai.accounts.models import Tenant
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import AppError
from fintech_ai.core.tenancy import tenant_scope
from fintech_ai.gateway.displayed import displayed_value
from fintech_ai.gateway.replay import Compared, Comparison, run_again
from fintech_ai.gateway.targets import Target
from fintech_ai.privacy.vault import NotSealedHere, VaultClosed

NAME_WIDTH, VALUE_WIDTH = 20, 40


class Command(BaseCommand):
    help = (
        "Ask the question of a stored call again, with the same or another prompt, model or provider, and compare. It "
        "is a call like any other: budgets, vendor reviews, audit and ledger hold."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("call", type=uuid.UUID, help="the id of the call")
        parser.add_argument("--tenant", required=True, help="the tenant's slug")
        parser.add_argument("--prompt", type=int, metavar="VERSION", help="version of the prompt; else as before")
        parser.add_argument("--target", metavar="PROVIDER/MODEL", help="whom to ask; else as before")

    def handle(self, *, call: uuid.UUID, tenant: str, prompt: int | None, target: str | None, **options) -> None:
        found = Tenant.objects.filter(slug=tenant).first()
        if found is None:
            raise CommandError(f"There is no tenant {tenant}.")
        with tenant_scope(found.id):
            try:
                comparison = run_again(
                    actor=Actor.system(tenant_id=found.id, name="replay_call"),
                    call_id=call,
                    key=str(uuid.uuid4()),
                    version=prompt,
                    target=Target.parse(target) if target else None,
                )
            except AppError as error:
                raise CommandError(error.message) from None
            except (ValueError, VaultClosed, NotSealedHere) as error:
                raise CommandError(str(error)) from None
        self.stdout.write("\n".join(_table(comparison)))


def _table(comparison: Comparison) -> Iterable[str]:
    original, repeat = comparison.original.get_role_display(), comparison.repeat.get_role_display()
    yield from _lines("", original, repeat, mark=" ")
    yield "-" * (NAME_WIDTH + 2 * VALUE_WIDTH + 5)
    for line in comparison.fields:
        yield from _row(line)
    yield ""
    for line in comparison.facts:
        yield from _row(line)
    yield ""
    yield "The answers are the same." if comparison.is_same else "The answers differ."


def _row(line: Compared) -> Iterable[str]:
    mark = "=" if line.is_same else "≠"
    return _lines(line.name, displayed_value(line.before), displayed_value(line.after), mark=mark)


def _lines(name: str, before: str, after: str, *, mark: str) -> Iterable[str]:
    """One row of the table: as many lines as its longest cell needs."""
    cells = [_wrapped(name, NAME_WIDTH), _wrapped(before, VALUE_WIDTH), _wrapped(after, VALUE_WIDTH)]
    for number in range(max(map(len, cells))):
        first, second, third = (cell[number] if number < len(cell) else "" for cell in cells)
        sign = mark if number == 0 else " "
        yield f"{first:<{NAME_WIDTH}} {second:<{VALUE_WIDTH}} {sign} {third}".rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, width, drop_whitespace=False)] or [""]
