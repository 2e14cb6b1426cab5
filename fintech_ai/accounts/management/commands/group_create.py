"""manage.py group_create: rights on queues are granted to groups."""

from fintech_ai.accounts.management.tenant_command import TenantCommand
from fintech_ai.accounts.services import group_create


class Command(TenantCommand):
    help = "Make a group of people, to which rights on queues can be granted."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("name")

    def change(self, actor, *, name, **options):
        group = group_create(actor=actor, name=name)
        self.stdout.write(f"Made the group {group.name}.")
