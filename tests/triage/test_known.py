"""What the record knows of the people in an alert never leaves in its notes, however it is written there."""

import pytest

from fintech_ai.privacy.redaction import rehydrate
from fintech_ai.privacy.services import depart, minimise
from tests.support.cast import build_cast
from tests.triage.build import a_row, an_alert, imported
from triage.known import known_values
from triage.models import Alert
from triage.rows import CustomerRow, MerchantRow

CARD = "4111111111111111"
CUSTOMER = CustomerRow(
    id=CARD,
    name="Nadia Okonkwo-Reyes",
    home_country="GB",
    home_city="Shrewsbury",
    home_latitude=52.707,
    home_longitude=-2.7553,
)


@pytest.fixture
def house(db):
    house = build_cast().northgate
    with house.scope():
        yield house


def alerted(house, *, notes: str, alert: dict = {}, **payment) -> Alert:  # noqa: B006 - only read
    """An alert with these notes on a payment of Nadia's."""
    fields = {"customer": CUSTOMER, "merchant": MerchantRow(id="merchant-77", name="Harber & Sons Ltd"), **payment}
    imported(house, a_row(1, id="tx-998877", **fields))
    return an_alert(house, "tx-998877", notes=notes, **alert)


def departing(alert: Alert) -> str:
    """Its notes, as they leave."""
    cleared = minimise(endpoint="triage.read_notes", source="triage.Alert", values={"notes": alert.notes})
    departure = depart({"alert": cleared}, known=known_values(alert))
    assert rehydrate(departure.data, departure.replacements)["alert"]["notes"] == alert.notes
    return departure.data["alert"]["notes"]


@pytest.mark.parametrize(
    ("notes", "gone"),
    [
        ("NADIA called", "NADIA"),
        ("reyes, n. called", "reyes"),
        ("N. Okonkwo Reyes called", "Okonkwo"),
        ("card 4111 1111 1111 1111 used", "1111"),
        ("card 4111-11xx-xxxx-1111 used", "4111"),
        ("card ending in 1111 used", "1111"),
        ("from her flat in SHREWSBURY", "SHREWSBURY"),
        ("at 52.707 N, 2.7553 W", "52.707"),
        ("bought at harber and sons", "harber"),
        ("payment TX-998877, device dev-31337", "998877"),
        ("payment TX-998877, device dev-31337", "31337"),
        ("to merchant_77", "merchant_77"),
    ],
)
def test_what_the_record_knows_is_masked_in_the_notes(house, notes, gone):
    assert gone not in departing(alerted(house, notes=notes, device_id="dev-31337"))


def test_the_payee_of_a_transfer_is_a_person(house):
    payee = MerchantRow(id="payee-5", name="Ottilie Brandvold")

    notes = departing(
        alerted(house, notes="Brandvold, O. is her aunt", merchant=payee, rail="instant", channel="account_transfer")
    )

    assert notes == "⟦PERSON_1⟧. is her aunt"


def test_who_raised_an_alert_by_hand_is_a_person(house):
    alert = {"channel": "analyst", "raised_by": "Tamsin Achterberg"}

    assert departing(alerted(house, notes="tachterberg saw it", alert=alert)) == "⟦PERSON_1⟧ saw it"


def test_the_words_of_a_rule_are_nobodys(house):
    alert = {"channel": "monitoring", "raised_by": "Velocity rule"}

    notes = departing(alerted(house, notes="The velocity rule fired again.", alert=alert))

    assert notes == "The velocity rule fired again."


def test_a_short_number_is_any_number(house):
    customer = CustomerRow(id="596", name="", home_country="US")

    notes = departing(alerted(house, notes="4 payments of 596 USD in an hour.", customer=customer))

    assert notes == "4 payments of 596 USD in an hour."
