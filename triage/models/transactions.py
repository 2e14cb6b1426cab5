"""Transaction: one payment as the bank posted it."""

from django.db import models
from django.db.models import Q

from fintech_ai.core.tenancy import TenantModel
from triage.models.parties import Customer, Merchant, coordinates_are_a_pair


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
    """One payment as the bank posted it. Only what became known of it may change later."""

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
    found_genuine_at = models.DateTimeField(
        null=True, blank=True, help_text="When a person found it genuine, or a report was withdrawn."
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
