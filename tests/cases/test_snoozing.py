"""A case that waits for something is out of sight until its time, and nobody loses it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.models import Case
from fintech_ai.cases.selectors import CaseFilters, queue_cases
from fintech_ai.cases.services import case_snooze, case_take, case_take_next
from fintech_ai.core.errors import Conflict, InvalidInput, NotAllowed
from tests.support.cases import a_case_in_review

HOUR = timedelta(hours=1)


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


def snooze(person, case, until, why="Customer rings back"):
    return case_snooze(actor=person.actor, case_id=case.id, version=case.version, until=until, why=why)


def listed(cast, house, **filters):
    return list(queue_cases(cast.alice.actor, house.queue, CaseFilters(**filters)))


def test_it_leaves_the_queue_and_the_next_case_and_stands_under_snoozed(cast, house):
    case = a_case_in_review(house)
    snooze(cast.alice, case, timezone.now() + HOUR)
    assert listed(cast, house) == []
    assert listed(cast, house, show="snoozed") == [case] == listed(cast, house, show="open")
    assert case_take_next(actor=cast.bob.actor, queue=house.queue) is None


def test_it_comes_back_by_itself(cast, house):
    case = snooze(cast.alice, a_case_in_review(house), timezone.now() + HOUR)
    Case.objects.filter(id=case.id).update(snoozed_until=timezone.now() - timedelta(seconds=1))
    assert listed(cast, house) == [case] and listed(cast, house, show="snoozed") == []
    assert case_take_next(actor=cast.bob.actor, queue=house.queue) == case


def test_it_can_be_taken_back(cast, house):
    case = snooze(cast.alice, a_case_in_review(house), timezone.now() + HOUR)
    woken = snooze(cast.alice, case, None, why="")
    assert (woken.snoozed_until, woken.snoozed_why) == (None, "") and listed(cast, house) == [case]


@pytest.mark.parametrize(
    ("after", "why", "field"), [(-HOUR, "x", "until"), (15 * 24 * HOUR, "x", "until"), (HOUR, " ", "why")]
)
def test_it_needs_a_time_that_can_be_and_says_what_it_waits_for(cast, house, after, why, field):
    with pytest.raises(InvalidInput) as refusal:
        snooze(cast.alice, a_case_in_review(house), timezone.now() + after, why=why)
    assert list(refusal.value.fields) == [field]


def test_only_who_may_decide_it_may_put_it_away(cast, house):
    case = a_case_in_review(house)
    held = case_take(actor=cast.bob.actor, case_id=case.id)
    with pytest.raises(Conflict, match="Bob has held"):
        snooze(cast.alice, held, timezone.now() + HOUR)
    with pytest.raises(NotAllowed):
        snooze(house.system, held, timezone.now() + HOUR)


def test_a_stale_page_puts_nothing_away(cast, house):
    case = a_case_in_review(house)
    snooze(cast.alice, case, timezone.now() + HOUR)
    with pytest.raises(Conflict, match="has changed"):
        snooze(cast.alice, case, timezone.now() + 2 * HOUR)


def test_it_is_recorded_without_the_words(cast, house, sealed):
    case = snooze(cast.alice, a_case_in_review(house), timezone.now() + HOUR, why="Mrs Kuhn rings back")
    sealed()
    event = AuditEvent.objects.get(action="case.snoozed")
    assert event.data["to"]["version"] == case.version and "Kuhn" not in str(event.content)
