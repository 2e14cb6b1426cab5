"""manage.py tenant_create: the first step of a real installation."""

from django.core.management.base import BaseCommand, CommandError

from fintech_ai.accounts.management.tenant_command import refusal
from fintech_ai.accounts.services import tenant_create
from fintech_ai.core.errors import AppError


class Command(BaseCommand):
    help = "Open a tenant."

    def add_arguments(self, parser):
        parser.add_argument("slug", help="short name, as in northgate")
        parser.add_argument("name", help='full name, as in "Northgate Bank"')
        parser.add_argument("--timezone", default="UTC", help="IANA name, as in Europe/Berlin")

    def handle(self, *args, **options):
        try:
            tenant = tenant_create(slug=options["slug"], name=options["name"], timezone_name=options["timezone"])
        except AppError as error:
            raise CommandError(refusal(error)) from error
        self.stdout.write(f"Opened {tenant.name} ({tenant.slug}).")
