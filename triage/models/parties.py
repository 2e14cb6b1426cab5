"""Customer and merchant: who pays, and who is paid."""

from django.db import models
from django.db.models import Q

from fintech_ai.core.tenancy import TenantModel


def coordinates_are_a_pair(prefix: str, *, name: str) -> models.CheckConstraint:
    """Both coordinates or neither, and on the globe. `prefix` is what the two fields' names start with."""
    latitude, longitude = f"{prefix}latitude", f"{prefix}longitude"
    return models.CheckConstraint(
        condition=Q(**{f"{latitude}__isnull": True, f"{longitude}__isnull": True})
        | Q(
            # A comparison with NULL is NULL, and a check lets NULL pass: so NOT NULL is said aloud.
            **{
                f"{latitude}__isnull": False,
                f"{longitude}__isnull": False,
                f"{latitude}__gte": -90,
                f"{latitude}__lte": 90,
                f"{longitude}__gte": -180,
                f"{longitude}__lte": 180,
            }
        ),
        name=name,
    )


class Customer(TenantModel):
    """Who pays: a person or firm that banks with the tenant."""

    external_id = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True)
    home_country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2.")
    home_city = models.CharField(max_length=100, blank=True)
    home_latitude = models.FloatField(null=True, blank=True)
    home_longitude = models.FloatField(null=True, blank=True)
    since = models.DateField(null=True, blank=True, help_text="When the relationship began.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "external_id"], name="customer_external_id_is_unique"),
            coordinates_are_a_pair("home_", name="customer_home_is_on_the_globe"),
        ]

    def __str__(self) -> str:
        return self.external_id


class Merchant(TenantModel):
    """Who is paid: a merchant, or the payee of a transfer."""

    external_id = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=60, blank=True, help_text="The tenant's own category or an MCC (ISO 18245).")
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "external_id"], name="merchant_external_id_is_unique"),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id
