"""Write docs/data-flow.md, or check that it is what the catalogue says."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech_ai.privacy.catalogue import catalogue
from fintech_ai.privacy.data_flow import data_flow_map

PAGE = settings.BASE_DIR / "docs" / "data-flow.md"


class Command(BaseCommand):
    help = "Write docs/data-flow.md from the privacy catalogue; with --check, fail if it differs."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is out of date")

    def handle(self, *, check: bool, **options) -> None:
        page = data_flow_map(catalogue())
        if not check:
            PAGE.write_text(page)
        elif not PAGE.exists() or PAGE.read_text() != page:
            raise CommandError("docs/data-flow.md is out of date: run `manage.py data_flow_map`.")
