"""What would change the answer: a closed list of facts that were not there, each with when to ask for it."""

from collections.abc import Callable
from dataclasses import dataclass

from triage.codes.code import ENOUGH_PAYMENTS
from triage.features import Features
from triage.models import PHYSICAL_CHANNELS, Channel, Rail


@dataclass(frozen=True)
class Missing:
    """A fact that is not known. `applies` says whether it is really missing for this payment."""

    code: str
    sentence: str
    applies: Callable[[Features], bool]


MISSING = (
    Missing(
        "three_ds_result",
        "A 3-D Secure result.",
        lambda f: f.channel == Channel.CARD_NOT_PRESENT and not f.three_ds,
    ),
    Missing(
        "device",
        "The device of this payment and of earlier ones.",
        lambda f: f.channel not in PHYSICAL_CHANNELS and f.device_is_new is None,
    ),
    Missing(
        "place",
        "The place of the payment, and of the customer's home or last card-present payment.",
        lambda f: f.channel in PHYSICAL_CHANNELS and f.home_km is None and f.travel_km is None,
    ),
    Missing(
        "entry_mode",
        "How the card's data reached the terminal.",
        lambda f: f.rail == Rail.CARD and f.channel in PHYSICAL_CHANNELS and not f.entry_mode,
    ),
    Missing(
        "ip_country",
        "The country of the payer's IP address.",
        lambda f: f.channel not in PHYSICAL_CHANNELS and not f.ip_country,
    ),
    Missing("history", "A longer history of this customer.", lambda f: f.payments_90d < ENOUGH_PAYMENTS),
    Missing("customer_confirmation", "The customer's own word on this payment.", lambda f: True),
)


def missing_from(features: Features) -> tuple[Missing, ...]:
    """What is really missing, in the order of the list."""
    return tuple(missing for missing in MISSING if missing.applies(features))
