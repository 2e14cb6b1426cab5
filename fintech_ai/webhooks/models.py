"""Who is told of what, the messages that do it, and the secrets that sign them."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from fintech_ai.accounts.four_eyes.models import Proposal
from fintech_ai.core.tenancy import TenantModel
from fintech_ai.privacy.sealed import SealedModel


class Event(models.TextChoices):
    """What a receiver may be told of."""

    RECOMMENDED = "case.recommended", "A recommendation was made"
    AWAITING = "case.awaiting_approval", "A decision waits for a second person"
    DECIDED = "case.decided", "A case was decided"


class MessageState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    GIVEN_UP = "given_up", "Given up"


class WebhookEndpoint(Proposal):
    """A receiver, by its name: where it is, and what it is told of. Switched off, it is told of nothing."""

    KEY = ("name",)
    VALUES = ("url", "events", "is_on")

    name = models.SlugField(max_length=40, help_text="Yours, such as core-banking. A change of it is another receiver.")
    url = models.CharField("address", max_length=500, help_text="With https, and reachable from outside.")
    events = ArrayField(models.CharField(max_length=40, choices=Event), help_text="What it is told of.")
    is_on = models.BooleanField("switched on", default=True)

    class Meta(Proposal.Meta):
        verbose_name = "webhook"

    def clean(self) -> None:
        """An address that we would send to; where it leads is looked at again with each message."""
        parts = urlsplit(self.url)
        schemes = ("https", "http") if settings.WEBHOOKS_TO_PRIVATE_NETWORKS else ("https",)
        if parts.scheme not in schemes or not parts.hostname or parts.username or parts.fragment:
            raise ValidationError({"url": "Give an address with https://, without a name, a password or a fragment."})


class WebhookMessage(TenantModel):
    """One message to one receiver: outbox row and record of what became of it. It says which case, never whose."""

    endpoint_name = models.SlugField(max_length=40)
    event = models.CharField(max_length=40, choices=Event)
    about = models.UUIDField(help_text="The id of the case.")
    body = models.JSONField(help_text="What is sent, as it is signed.")
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="What the receiver answered last.")
    last_error = models.CharField(max_length=60, blank=True, help_text="The class of what went wrong; never its text.")
    created_at = models.DateTimeField(auto_now_add=True)
    next_at = models.DateTimeField(help_text="When it may be tried next; while a worker tries, when it is given up.")
    ring_at = models.DateTimeField(help_text="When the sweep rings for it, if nobody has tried it by then.")
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="webhook_message_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=MessageState.DELIVERED, delivered_at__isnull=False)
                | ~Q(state=MessageState.DELIVERED) & Q(delivered_at__isnull=True),
                name="webhook_message_delivered_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["ring_at"], condition=Q(state=MessageState.WAITING), name="webhook_message_waiting"),
            models.Index(fields=["tenant", "-id"], name="webhook_message_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint_name}"


class WebhookSecret(SealedModel):
    """What signs the messages to a receiver. The newest signs; the one before signs too for a day, to change over."""

    endpoint_name = models.SlugField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "endpoint_name", "-created_at"], name="webhook_secret_newest")]

    def __str__(self) -> str:
        return f"secret of {self.endpoint_name}"
