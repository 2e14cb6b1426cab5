"""A whole shift, twenty cases, without a mouse: from signing in to an empty queue."""

import pytest
from playwright.sync_api import expect

from fintech_ai.cases.models import Decision
from fintech_ai.cases.services import queue_blind_set
from tests.support.cases import a_case_in_review, a_draft

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CASES = 20
# Which key a shift's analyst would press, by what stands there: on every seventh she disagrees.
DISAGREES = 7


@pytest.fixture
def house(house_cast, monkeypatch):
    """A queue of twenty cases, every fifth of them blind."""
    house = house_cast.northgate
    lots = iter([0 if number % 5 == 4 else 99 for number in range(CASES)])
    monkeypatch.setattr(
        "fintech_ai.cases.services.blind.secrets.randbelow", lambda most: next(lots) if most == 100 else 50
    )
    with house.scope():
        queue_blind_set(actor=house_cast.lena.actor, queue=house.queue, percent=10)
        for number in range(CASES):
            decision = ("clear", "escalate", "block")[number % 3]
            a_case_in_review(house, subject=f"Shop {number}", draft=a_draft(decision=decision, risk=20 + number))
    return house


def test_twenty_cases_are_worked_by_keyboard_alone(desk, house_cast, house):
    alice = desk(house_cast.alice)
    alice.open("/queues/triage/")
    alice.keys("n")
    alice.page.wait_for_url("**/cases/*/")
    for number in range(CASES):
        here = alice.page.url
        blind = alice.page.get_by_text("Kept back").is_visible()
        key = "2" if blind or number % DISAGREES == 0 else "1"
        needs_reason = alice.page.locator(f"[data-key='{key}']").get_attribute("data-reason") is not None
        alice.keys(key)
        if needs_reason:
            expect(alice.page.locator("#armed")).to_contain_text("confirm the reason with Enter")
            alice.keys("Enter")
        alice.page.wait_for_url(lambda url, here=here: url != here)
    expect(alice.page.locator("#messages")).to_contain_text("Nothing else in Card alerts is free.")
    expect(alice.page.get_by_role("heading", name="Nothing waits for you here")).to_be_visible()
    with house.scope():
        made = list(Decision.objects.select_related("decided_by"))
    assert len(made) == CASES and {decision.decided_by.name for decision in made} == {"Alice"}
    assert sum(decision.blind for decision in made) == CASES / 5
    assert all(decision.reason for decision in made if decision.is_override or decision.outcome == "block")
    assert any(decision.is_override for decision in made)
