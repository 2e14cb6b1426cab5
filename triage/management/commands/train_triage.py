"""manage.py train_triage: train a scoring model of a tenant's own payments."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fintech_ai.accounts.models import Tenant
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import AppError
from fintech_ai.core.tenancy import tenant_scope
from triage.services import model_train


class Command(BaseCommand):
    help = "Train a scoring model of the tenant's payments. It is in force once two compliance officers have chosen it."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG", help="the tenant's short name")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant called {options['tenant']}.")
        with tenant_scope(tenant.id):
            try:
                model = model_train(actor=Actor.system(tenant_id=tenant.id, name="manage.py train_triage"))
            except AppError as error:
                raise CommandError(error.message) from error
        precision = "not known" if model.average_precision is None else f"{model.average_precision:.3f}"
        self.stdout.write(
            f"Trained {model.sha256}\n"
            f"  on {model.payments:,} payments, {model.frauds:,} of them fraud, "
            f"{model.trained_from:%Y-%m-%d} to {model.trained_to:%Y-%m-%d}\n"
            f"  average precision {precision} on the {model.test_payments:,} newest, "
            f"{model.test_frauds:,} of them fraud, by a twin that had not seen them\n"
            "Two compliance officers can choose it in the admin site, under Scoring models."
        )
