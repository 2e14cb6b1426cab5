"""The keys of the vault."""

from django.db import models
from django.db.models import Q

from fintech_ai.core.tenancy import TenantModel


class TenantKey(TenantModel):
    """A data key of one tenant, wrapped by a master key that is not in the database. The newest version seals.

    What it wraps never changes, only by which master key: migration 0001_tenant_keys.
    """

    version = models.PositiveIntegerField(help_text="1, 2, 3 … in each tenant.")
    wrapped = models.BinaryField(help_text="Nonce and data key, encrypted with the master key.")
    wrapped_by = models.CharField(max_length=16, help_text="The name of that master key; says nothing of the key.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "version"], name="tenant_key_version_is_unique"),
            models.CheckConstraint(condition=Q(version__gte=1), name="tenant_key_version_starts_at_1"),
            models.CheckConstraint(
                condition=Q(wrapped_by__regex=r"^[0-9a-f]{16}$"), name="tenant_key_names_its_master"
            ),
        ]

    def __str__(self) -> str:
        return f"data key {self.version}"
