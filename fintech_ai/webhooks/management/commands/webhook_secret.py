"""Show the secret that signs the messages to a receiver, for whoever configures it; or make a new one."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech_ai.accounts.models import Tenant
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope
from fintech_ai.privacy.vault import VaultClosed
from fintech_ai.webhooks.models import WebhookEndpoint
from fintech_ai.webhooks.services import secret_make, signing_keys
from fintech_ai.webhooks.signing import as_told


class Command(BaseCommand):
    help = "Print the signing secret of a webhook. With --new, make another; the old one signs too for a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help="the short name of the tenant")
        parser.add_argument("webhook", help="the name of the webhook")
        parser.add_argument("--new", action="store_true", help="make a new one")

    def handle(self, *args, **options) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']}.")
        actor = Actor.system(tenant_id=tenant.id, name="webhook_secret")
        with tenant_scope(tenant.id):
            if not WebhookEndpoint.objects.in_force().filter(name=options["webhook"]).exists():
                raise CommandError(f"{tenant.name} has no approved webhook {options['webhook']}.")
            try:
                if options["new"]:
                    secret_make(actor=actor, endpoint_name=options["webhook"])
                newest, *_ = signing_keys(actor=actor, endpoint_name=options["webhook"])
            except VaultClosed as closed:
                raise CommandError(str(closed)) from None
        self.stdout.write(as_told(newest))
