"""manage.py member_add: the password is asked for, so that it stands in no shell history."""

import getpass
import sys

from fintech_ai.accounts.management.tenant_command import TenantCommand, groups_named
from fintech_ai.accounts.models import Role
from fintech_ai.accounts.services import member_add


class Command(TenantCommand):
    help = "Give a person a place in a tenant. Asks for the password, or reads it from standard input."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument("name")
        parser.add_argument("--role", required=True, choices=[role for role in Role.values if role != Role.INTEGRATOR])
        parser.add_argument("--group", action="append", default=[], help="may be given more than once")

    def change(self, actor, *, email, name, role, group, **options):
        password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        groups = groups_named(group)
        membership = member_add(actor=actor, email=email, name=name, role=role, password=password, groups=groups)
        self.stdout.write(f"Added {membership}.")
