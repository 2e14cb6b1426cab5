"""manage.py rotate_keys: everything under the present master key; with --data-keys, everything sealed anew."""

from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech_ai.accounts.models import Tenant
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope
from fintech_ai.privacy import rotation, vault


class Command(BaseCommand):
    help = (
        "Wrap every data key by MASTER_KEY; those that are wrapped by MASTER_KEY_PREVIOUS are opened with that. With "
        "--data-keys, make new data keys and seal all stored content anew. Both may be killed and run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data-keys", action="store_true", help="new data keys, and all content sealed anew")
        parser.add_argument(
            "--unless-younger-than",
            type=int,
            default=24,
            metavar="HOURS",
            help="leave data keys that are newer than this (24): so a run that was killed goes on, and does not begin "
            "again; 0 after a key became known to others",
        )

    def handle(self, *, data_keys: bool, unless_younger_than: int, **options) -> None:
        try:
            vault.current_master_key_id()
            for tenant in Tenant.objects.order_by("slug"):
                with tenant_scope(tenant.id):
                    actor = Actor.system(tenant_id=tenant.id, name="rotate_keys")
                    self.stdout.write(f"{tenant.slug}: {self._rotate(actor, data_keys, unless_younger_than)}")
        except (vault.VaultClosed, vault.NotSealedHere) as error:
            raise CommandError(str(error)) from None

    def _rotate(self, actor: Actor, data_keys: bool, hours: int) -> str:
        said = [f"{rotation.rewrap_keys(actor=actor)} data keys wrapped anew"]
        if data_keys:
            key = rotation.renew_data_key(actor=actor, unless_younger_than=timedelta(hours=hours))
            vault.forget_keys()
            rows = sum(rotation.reseal(actor=actor, key=key)) if key else 0
            said.append(f"{rows} contents sealed anew with data key {key.version}" if key else "no data key yet")
        said.append(f"{rotation.destroy_old_keys(actor=actor)} old data keys destroyed")
        return ", ".join(said)
