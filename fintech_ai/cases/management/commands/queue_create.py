"""manage.py queue_create: a queue, the tenant's policy for it, and who may work it."""

from decimal import Decimal, InvalidOperation

from fintech_ai.accounts.management.tenant_command import TenantCommand, groups_named
from fintech_ai.cases.capability import all_capabilities
from fintech_ai.cases.permissions import APPROVE, ASSIGN, DECIDE, VIEW
from fintech_ai.cases.services import queue_create, queue_grant
from fintech_ai.core.errors import InvalidInput

GRANTS = {"viewers": [VIEW], "analysts": [VIEW, DECIDE], "leads": [VIEW, DECIDE, ASSIGN, APPROVE]}


class Command(TenantCommand):
    help = "Open a queue and grant groups their rights on it."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("name")
        parser.add_argument("--capability", required=True, choices=[known.name for known in all_capabilities()])
        parser.add_argument("--due-minutes", type=int, default=240)
        parser.add_argument("--second-approval", action="append", default=[], help="a decision that needs two people")
        parser.add_argument("--second-approval-from", default="0", help="from this amount on")
        for who in GRANTS:
            parser.add_argument(f"--{who}", action="append", default=[], metavar="GROUP")

    def change(self, actor, **options):
        try:
            threshold = Decimal(options["second_approval_from"])
        except InvalidOperation:
            raise InvalidInput("--second-approval-from must be an amount, as in 500 or 499.99.") from None
        queue = queue_create(
            actor=actor,
            capability=options["capability"],
            name=options["name"],
            slug=options["slug"],
            due_minutes=options["due_minutes"],
            second_approval_decisions=options["second_approval"],
            second_approval_from=threshold,
        )
        for who, rights in GRANTS.items():
            for group in groups_named(options[who]):
                queue_grant(actor=actor, queue=queue, group=group, permissions=rights)
        self.stdout.write(f"Opened the queue {queue.name}.")
