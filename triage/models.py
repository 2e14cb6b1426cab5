"""Customer, merchant, transaction, alert: what is stored, and what can never be true of it.

External ids are the bank's own and unique per tenant. Coordinates are WGS 84 degrees.
"""

from django.db import models
from django.db.models import Q

from fintech_ai.cases.models import Case
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


class Channel(models.TextChoices):
    """Where the payer was."""

    CARD_PRESENT = "card_present", "Card present"
    CARD_NOT_PRESENT = "card_not_present", "Card not present"
    CASH_MACHINE = "cash_machine", "Cash machine"
    ACCOUNT_TRANSFER = "account_transfer", "Account transfer"


class Rail(models.TextChoices):
    """What carries the money."""

    CARD = "card", "Card"
    TRANSFER = "transfer", "Account transfer"
    INSTANT = "instant", "Instant payment"


class EntryMode(models.TextChoices):
    """How the card's data reached the merchant (ISO 8583 field 22, in words)."""

    CHIP = "chip", "Chip"
    CONTACTLESS = "contactless", "Contactless"
    MAGNETIC_STRIPE = "magnetic_stripe", "Magnetic stripe"
    KEYED = "keyed", "Keyed by hand"
    ECOMMERCE = "ecommerce", "Online form"
    ON_FILE = "on_file", "Credential on file"


class ThreeDS(models.TextChoices):
    """The outcome of EMV 3-D Secure (transStatus Y, A, N or R, U)."""

    AUTHENTICATED = "authenticated", "Authenticated"
    ATTEMPTED = "attempted", "Attempted"
    FAILED = "failed", "Failed"
    UNAVAILABLE = "unavailable", "Unavailable"


PHYSICAL_CHANNELS = (Channel.CARD_PRESENT, Channel.CASH_MACHINE)


class Transaction(TenantModel):
    """One payment as the bank posted it. Only `reported_fraud_at` may change later."""

    external_id = models.CharField(max_length=100)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="transactions")
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="transactions")
    occurred_at = models.DateTimeField()
    amount = models.DecimalField(max_digits=19, decimal_places=4)
    currency = models.CharField(max_length=3, help_text="ISO 4217.")
    channel = models.CharField(max_length=20, choices=Channel)
    rail = models.CharField(max_length=10, choices=Rail, default=Rail.CARD)
    entry_mode = models.CharField(max_length=20, choices=EntryMode, blank=True)
    three_ds = models.CharField("3-D Secure", max_length=20, choices=ThreeDS, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="Where the payment was made, ISO 3166-1 alpha-2.")
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    device_id = models.CharField(max_length=100, blank=True)
    ip_country = models.CharField("IP country", max_length=2, blank=True)
    reported_fraud_at = models.DateTimeField(
        null=True, blank=True, help_text="When it became known to be fraud; empty while it is not."
    )
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "external_id"], name="transaction_external_id_is_unique"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="transaction_amount_is_positive"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="transaction_currency_is_a_code"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="transaction_channel_is_known"),
            models.CheckConstraint(condition=Q(rail__in=Rail.values), name="transaction_rail_is_known"),
            models.CheckConstraint(
                condition=Q(entry_mode__in=["", *EntryMode.values]), name="transaction_entry_mode_is_known"
            ),
            models.CheckConstraint(
                condition=Q(three_ds__in=["", *ThreeDS.values]), name="transaction_three_ds_is_known"
            ),
            models.CheckConstraint(
                condition=Q(reported_fraud_at__isnull=True) | Q(reported_fraud_at__gte=models.F("occurred_at")),
                name="transaction_is_reported_after_it_occurred",
            ),
            coordinates_are_a_pair("", name="transaction_place_is_on_the_globe"),
        ]
        indexes = [
            models.Index(fields=["customer", "occurred_at", "id"], name="transaction_by_customer"),
            models.Index(fields=["merchant", "occurred_at", "id"], name="transaction_by_merchant"),
            models.Index(
                fields=["tenant", "device_id", "occurred_at"], condition=~Q(device_id=""), name="transaction_by_device"
            ),
            models.Index(
                fields=["merchant", "reported_fraud_at"],
                condition=Q(reported_fraud_at__isnull=False),
                name="transaction_fraud_by_merchant",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def is_physical(self) -> bool:
        """The card itself was at the place where the payment was made."""
        return self.channel in PHYSICAL_CHANNELS


class AlertChannel(models.TextChoices):
    """How the suspicion reached the bank."""

    MONITORING = "monitoring", "Transaction monitoring"
    CUSTOMER = "customer", "Customer's report"
    NETWORK = "network", "Card network or other bank"
    ANALYST = "analyst", "Raised by hand"


class Alert(TenantModel):
    """The reason why a transaction became a case. Notes are untrusted text: shown to people, never followed."""

    external_id = models.CharField(max_length=100, blank=True)
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="alerts")
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="alert")
    channel = models.CharField(max_length=20, choices=AlertChannel)
    raised_by = models.CharField(max_length=100, help_text="The rule, system or person that raised it.")
    notes = models.TextField(blank=True, max_length=4000)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"], condition=~Q(external_id=""), name="alert_external_id_is_unique"
            ),
            models.CheckConstraint(condition=Q(channel__in=AlertChannel.values), name="alert_channel_is_known"),
            models.CheckConstraint(condition=~Q(raised_by=""), name="alert_says_what_raised_it"),
        ]
        indexes = [models.Index(fields=["transaction", "-received_at"], name="alert_by_transaction")]

    def __str__(self) -> str:
        return f"{self.raised_by} on {self.transaction}"
