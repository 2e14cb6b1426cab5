"""What every table of sealed content has in common. `manage.py rotate_keys` finds them by this base."""

from typing import Self

from django.db import models

from fintech_ai.core.tenancy import TenantModel
from fintech_ai.privacy import vault
from fintech_ai.privacy.models import TenantKey


class SealedModel(TenantModel):
    """A row with content that only the vault opens."""

    key = models.ForeignKey(TenantKey, on_delete=models.PROTECT, related_name="+", help_text="What opens it.")
    ciphertext = models.BinaryField()

    class Meta:
        abstract = True

    def seal(self, plaintext: bytes) -> Self:
        """Put the content in, encrypted with the tenant's newest key. Raises VaultClosed."""
        self.ciphertext = vault.seal(plaintext, context=self._context)
        self.key_id = vault.key_id_of(self.ciphertext)
        return self

    def unsealed(self) -> bytes:
        """The content. Raises NotSealedHere if the row was moved or altered, VaultClosed without its key."""
        return vault.open_sealed(bytes(self.ciphertext), context=self._context)

    @property
    def _context(self) -> str:
        return f"{self._meta.label_lower}:{self.id}"
