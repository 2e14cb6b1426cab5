"""An analyst's work at the keyboard, and what happens when two people want the same case."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from fintech_ai.cases.models import Case
from fintech_ai.cases.services import case_decide
from fintech_ai.cases.states import CaseState
from tests.support.cases import a_case_in_review, a_draft
from tests.support.cast import PASSWORD
from tests.triage.build import a_row, an_alert, imported

pytestmark = pytest.mark.browser


def address(case):
    return reverse("case", args=[case.id])


def with_password(person):
    """So that she can sign in by the page; hashing takes its time, by design, and most tests do without."""
    person.user.set_password(PASSWORD)
    person.user.save()
    return person


def state_of(house, case):
    with house.scope():
        return Case.objects.get(id=case.id).state


def test_sign_in_open_override_and_read_the_trail_by_keyboard(desk, house_cast):
    house = house_cast.northgate
    first = a_case_in_review(house, subject="Harber Inc", draft=a_draft(risk=91))
    second = a_case_in_review(house, subject="Kuhn LLC", draft=a_draft(risk=80))
    alice = desk()
    alice.sign_in(with_password(house_cast.alice))
    expect(alice.page.get_by_role("heading", name="Card alerts")).to_be_visible()

    alice.keys("j", "Enter")
    alice.page.wait_for_url(f"**{address(first)}")
    alice.keys("o")
    expect(alice.page.get_by_label("Reason")).to_be_focused()
    alice.page.get_by_label("Reason").select_option(label="Customer confirmed the payment")
    alice.keys("Escape", "2")

    alice.page.wait_for_url(f"**{address(second)}")
    expect(alice.page.locator("#messages")).to_contain_text(f"{first.reference} decided: clear.")
    expect(alice.page.locator("#messages")).to_contain_text(f"Next: {second.reference}.")
    alice.open(address(first) + "trail/")
    row = alice.page.get_by_role("row").filter(has_text="Decided")
    expect(row).to_contain_text("Alice")
    expect(row).to_contain_text("override of block; reason: customer confirmed the payment")
    expect(row).to_contain_text("In review, held by nobody")
    expect(row).to_contain_text("Decided, held by Alice")


def test_accepting_takes_one_key(desk, house_cast):
    case = a_case_in_review(house_cast.northgate, draft=a_draft(decision="clear"))
    alice = desk(house_cast.alice)
    alice.open(address(case))
    alice.keys("1")
    alice.page.wait_for_url("**/queues/triage/")
    assert state_of(house_cast.northgate, case) == CaseState.DECIDED


def test_an_adverse_decision_takes_two_keys_and_shows_its_reason_between_them(desk, house_cast):
    case = a_case_in_review(house_cast.northgate)
    alice = desk(house_cast.alice)
    alice.open(address(case))
    alice.keys("1")
    reason = alice.page.get_by_label("Reason")
    expect(reason).to_be_focused()
    expect(reason).to_have_value("evidence_sufficient")
    expect(alice.page.locator("#armed")).to_contain_text("Block: confirm the reason with Enter")
    assert state_of(house_cast.northgate, case) == CaseState.IN_REVIEW
    alice.keys("Enter")
    alice.page.wait_for_url("**/queues/triage/")
    assert state_of(house_cast.northgate, case) == CaseState.DECIDED


def test_escape_takes_back_a_decision_that_waits_for_its_reason(desk, house_cast):
    case = a_case_in_review(house_cast.northgate)
    alice = desk(house_cast.alice)
    alice.open(address(case))
    alice.keys("1", "Escape", "Enter")
    expect(alice.page.locator("#armed")).to_be_empty()
    assert state_of(house_cast.northgate, case) == CaseState.IN_REVIEW


def test_another_decision_never_goes_with_the_reason_of_the_one_taken_back(desk, house_cast):
    house = house_cast.northgate
    case = a_case_in_review(house)
    alice = desk(house_cast.alice)
    alice.open(address(case))
    alice.keys("1", "Escape", "2")
    expect(alice.page.locator("#armed")).to_contain_text("Clear: confirm the reason with Enter")
    alice.page.get_by_role("button", name="Accept: block").click()
    expect(alice.page.locator("#armed")).to_contain_text("Block: confirm the reason with Enter")
    alice.page.get_by_role("button", name="Clear instead").click()
    expect(alice.page.locator("#armed")).to_contain_text("Clear: confirm the reason with Enter")
    expect(alice.page.get_by_label("Reason")).not_to_have_value("evidence_sufficient")
    assert state_of(house, case) == CaseState.IN_REVIEW


def test_keys_never_fire_in_a_field(desk, house_cast):
    case = a_case_in_review(house_cast.northgate, draft=a_draft(decision="clear"))
    alice = desk(house_cast.alice)
    alice.open(address(case))
    note = alice.page.get_by_label("Note", exact=True)
    note.click()
    alice.page.keyboard.type("1 2 3 jk no? t/u")
    expect(note).to_have_value("1 2 3 jk no? t/u")
    assert state_of(house_cast.northgate, case) == CaseState.IN_REVIEW


def test_keys_can_be_switched_off(desk, house_cast):
    case = a_case_in_review(house_cast.northgate, draft=a_draft(decision="clear"))
    alice = desk(house_cast.alice)
    alice.open("/account/")
    alice.page.get_by_label("Decide and move with single keys").uncheck()
    alice.page.get_by_role("button", name="Save").click()
    alice.open(address(case))
    alice.keys("1", "n", "?", "j")
    expect(alice.page.get_by_role("dialog")).to_be_hidden()
    assert alice.page.url.endswith(address(case))
    assert state_of(house_cast.northgate, case) == CaseState.IN_REVIEW


def test_question_mark_shows_every_key_and_escape_closes_it(desk, house_cast):
    alice = desk(house_cast.alice)
    alice.open("/queues/triage/")
    alice.keys("?")
    expect(alice.page.get_by_role("dialog")).to_be_visible()
    alice.keys("n")
    assert alice.page.url.endswith("/queues/triage/")
    alice.keys("Escape")
    expect(alice.page.get_by_role("dialog")).to_be_hidden()


def test_slash_searches_and_finds(desk, house_cast):
    a_case_in_review(house_cast.northgate, subject="Harber Inc")
    a_case_in_review(house_cast.northgate, subject="Kuhn LLC")
    alice = desk(house_cast.alice)
    alice.open("/queues/triage/")
    alice.keys("/")
    alice.page.keyboard.type("kuhn")
    alice.keys("Enter")
    expect(alice.page.get_by_role("link", name="Kuhn LLC")).to_be_visible()
    expect(alice.page.get_by_role("link", name="Harber Inc")).to_be_hidden()


def test_take_and_release_by_one_key(desk, house_cast):
    case = a_case_in_review(house_cast.northgate)
    alice = desk(house_cast.alice)
    alice.open(address(case))
    alice.keys("t")
    expect(alice.page.locator("#messages")).to_contain_text(f"{case.reference} is yours.")
    alice.keys("t")
    expect(alice.page.locator("#messages")).to_contain_text(f"{case.reference} is free again.")


def test_a_stale_page_is_refused_and_the_note_is_kept(desk, house_cast):
    house = house_cast.northgate
    case = a_case_in_review(house, draft=a_draft(decision="clear"))
    alice = desk(house_cast.alice)
    alice.open(address(case))
    alice.page.get_by_label("Note", exact=True).fill("Spoke to the shop.")
    bob = desk(house_cast.bob)
    bob.open(address(case))
    bob.keys("t")
    expect(bob.page.locator("#messages")).to_contain_text("is yours")
    bob.keys("t")
    expect(bob.page.locator("#messages")).to_contain_text("is free again")

    alice.page.get_by_role("button", name="Accept: clear").click()
    errors = alice.page.locator("#errors")
    expect(errors).to_be_focused()
    expect(errors).to_contain_text("This case has changed since you opened it.")
    expect(errors).to_contain_text("Bob: taken")
    expect(errors).to_contain_text("Bob: released")
    expect(alice.page.get_by_label("Note", exact=True)).to_have_value("Spoke to the shop.")
    assert state_of(house, case) == CaseState.IN_REVIEW
    alice.page.get_by_role("button", name="Accept: clear").click()
    alice.page.wait_for_url("**/queues/triage/")
    assert state_of(house, case) == CaseState.DECIDED


def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told_who(desk, house_cast):
    house = house_cast.northgate
    case = a_case_in_review(house, draft=a_draft(decision="clear"))
    alice, bob = desk(house_cast.alice), desk(house_cast.bob)
    for person in (alice, bob):
        person.open(address(case))
    bob.keys("1")
    bob.page.wait_for_url("**/queues/triage/")
    alice.keys("1")
    expect(alice.page.locator("#errors")).to_contain_text("This case has been decided.")
    expect(alice.page.locator("#errors")).to_contain_text("Bob: decided")


def test_a_lead_approves_what_an_analyst_put_forward(desk, house_cast):
    house = house_cast.northgate
    case = a_case_in_review(house, amount="900.00")
    alice = desk(house_cast.alice)
    alice.open(address(case))
    alice.keys("1", "Enter")
    expect(alice.page.locator("#messages")).to_contain_text("It waits for a second person.")
    lena = desk(house_cast.lena)
    lena.open("/queues/triage/?show=approval")
    lena.keys("j", "Enter")
    lena.page.wait_for_url(f"**{address(case)}**")
    lena.keys("1")
    expect(lena.page.locator("#messages")).to_contain_text(f"{case.reference} approved.")
    assert state_of(house, case) == CaseState.DECIDED


def test_nobody_approves_her_own_decision(desk, house_cast):
    house = house_cast.northgate
    case = a_case_in_review(house, amount="900.00")
    with house.scope():
        case_decide(
            actor=house_cast.lena.actor,
            case_id=case.id,
            version=case.version,
            outcome="block",
            reason="evidence_sufficient",
        )
    lena = desk(house_cast.lena)
    lena.open(address(case))
    expect(lena.page.get_by_text("You made the first decision; the approval needs a second person.")).to_be_visible()
    lena.keys("1")
    assert state_of(house, case) == CaseState.AWAITING_APPROVAL


def test_the_recommendation_appears_by_itself_and_the_focus_stays(desk, house_cast, worker):
    house = house_cast.northgate
    worker.stop()
    with house.scope():
        imported(house, a_row())
        case = an_alert(house, "tx-0").case
    alice = desk(house_cast.alice)
    alice.open(address(case))
    expect(alice.page.get_by_text("This page shows the recommendation as soon as it is there")).to_be_visible()
    search = alice.page.get_by_label("Search the queue")
    search.focus()
    worker.start()
    expect(alice.page.get_by_role("button", name="Clear")).to_be_visible(timeout=60_000)
    expect(search).to_be_focused()
    assert state_of(house, case) == CaseState.IN_REVIEW


def test_everything_works_without_javascript(desk, house_cast):
    house = house_cast.northgate
    first = a_case_in_review(house, subject="Harber Inc", draft=a_draft(risk=91))
    second = a_case_in_review(house, subject="Kuhn LLC", draft=a_draft(risk=80))
    alice = desk(java_script_enabled=False)
    alice.sign_in(with_password(house_cast.alice))
    alice.page.get_by_role("link", name="Harber Inc").click()
    alice.page.get_by_label("Note", exact=True).fill("Spoke to the shop.")
    alice.page.get_by_role("button", name="Clear instead").click()
    expect(alice.page.get_by_role("alert")).to_contain_text("An override of the recommendation needs a reason.")
    expect(alice.page.get_by_label("Note", exact=True)).to_have_value("Spoke to the shop.")
    alice.page.get_by_label("Reason").select_option("false_alert")
    alice.page.get_by_role("button", name="Clear instead").click()
    alice.page.wait_for_url(f"**{address(second)}")
    assert state_of(house, first) == CaseState.DECIDED
    alice.page.get_by_role("button", name="Release").click()
    expect(alice.page.get_by_role("button", name="Take")).to_be_visible()
    alice.page.get_by_role("link", name="Keys").click()
    expect(alice.page.get_by_role("heading", name="Keys")).to_be_visible()
    alice.page.get_by_role("button", name="Sign out").click()
    expect(alice.page.get_by_role("heading", name="Sign in")).to_be_visible()
