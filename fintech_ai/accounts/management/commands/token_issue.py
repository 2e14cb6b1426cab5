"""manage.py token_issue: prints the secret, this once."""

from fintech_ai.accounts.management.tenant_command import TenantCommand, groups_named
from fintech_ai.accounts.services import token_issue


class Command(TenantCommand):
    help = "Issue an API token for another system. The secret is printed once and kept nowhere."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("name", help="which system will use it")
        parser.add_argument("--group", action="append", default=[], help="may be given more than once")

    def change(self, actor, *, name, group, **options):
        _, secret = token_issue(actor=actor, name=name, groups=groups_named(group))
        self.stdout.write(secret)
