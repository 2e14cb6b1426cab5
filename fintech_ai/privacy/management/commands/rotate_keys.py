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
        altered = 0
        try:
            vault.current_master_key_id()
            for tenant in Tenant.objects.order_by("slug"):
                with tenant_scope(tenant.id):
                    actor = Actor.system(tenant_id=tenant.id, name="rotate_keys")
                    wrapped = rotation.rewrap_keys(actor=actor)
                    self.stdout.write(f"{tenant.slug}: {wrapped} data keys wrapped anew")
                    if data_keys:
                        altered += self._renew(actor, timedelta(hours=unless_younger_than))
                    self.stdout.write(f"  {rotation.destroy_old_keys(actor=actor)} old data keys destroyed")
        except vault.VaultClosed as error:
            raise CommandError(str(error)) from None
        if altered:
            raise CommandError(f"{altered} contents do not open: they were moved or altered, and are left as they are.")

    def _renew(self, actor: Actor, age: timedelta) -> int:
        """How many contents do not open."""
        key = rotation.renew_data_key(actor=actor, unless_younger_than=age)
        if key is None:
            return 0
        vault.forget_keys()
        batches = list(rotation.reseal(actor=actor, key=key))
        sealed = sum(batch.sealed for batch in batches)
        self.stdout.write(f"  {sealed} contents sealed anew with data key {key.version}")
        return sum(batch.altered for batch in batches)
