"""What the record says of the people in an alert: masked in every spelling before its notes leave."""

from collections.abc import Iterator

from stdnum import luhn

from fintech_ai.privacy.redaction import KnownValues
from triage.models import Alert, AlertChannel, Channel, Rail

# A shorter row of digits alone is any number: it would be masked in every amount, and points at nobody outside.
SHORTEST_IDENTIFIER = 5
# A degree to three places is a street; a coarser one is not worth a placeholder.
PLACES_OF_A_STREET = 3


def known_values(alert: Alert) -> KnownValues:
    """Who and where: the customer, whoever was paid, and the ids of all that took part.

    The payee of a transfer is taken for a person, the payee of a card payment for a business. `raised_by` is a name
    only where somebody raised the alert by hand; else it is a rule, whose words say nothing of anybody.
    """
    payment = alert.transaction
    customer, merchant = payment.customer, payment.merchant
    to_a_person = payment.channel == Channel.ACCOUNT_TRANSFER or payment.rail != Rail.CARD
    raised_by_hand = alert.channel == AlertChannel.ANALYST
    ids = _told(customer.external_id, merchant.external_id, payment.external_id, alert.external_id, payment.device_id)
    return KnownValues(
        names=_told(customer.name, merchant.name if to_a_person else "", alert.raised_by if raised_by_hand else ""),
        organizations=_told("" if to_a_person else merchant.name),
        cards=[text for text in ids if _is_card(text)],
        identifiers=[text for text in ids if not text.isdigit() or len(text) >= SHORTEST_IDENTIFIER],
        addresses=_told(customer.home_city),
        others=[
            text
            for place in (customer.home_latitude, customer.home_longitude, payment.latitude, payment.longitude)
            for text in _coordinate(place)
        ],
        region=customer.home_country or payment.country or "US",
    )


def _told(*texts: str) -> list[str]:
    return [text for text in texts if text]


def _is_card(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    return digits.isdigit() and 12 <= len(digits) <= 19 and luhn.is_valid(digits)


def _coordinate(place: float | None) -> Iterator[str]:
    """A degree without its sign, as it may be written: whole, and cut to three or more places."""
    if place is None:
        return
    text = f"{abs(place):.6f}".rstrip("0")
    for places in range(PLACES_OF_A_STREET, len(text.partition(".")[2]) + 1):
        yield f"{abs(place):.{places}f}"
