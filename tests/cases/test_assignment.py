"""Who holds a case."""

import threading

import pytest
from django.db import connection

from fintech_ai.cases.models import Case
from fintech_ai.cases.services import case_assign, case_release, case_take, case_take_next
from fintech_ai.core.errors import AppError, Conflict, InvalidInput, NotAllowed
from tests.support.cases import a_case_in_review, a_draft
from tests.support.cast import build_cast


@pytest.fixture
def in_northgate(cast):
    with cast.northgate.scope():
        yield cast


@pytest.mark.django_db
class TestTaking:
    def test_a_free_case_is_taken(self, in_northgate):
        case = a_case_in_review(in_northgate.northgate)
        taken = case_take(actor=in_northgate.alice.actor, case_id=case.id)
        assert taken.assignee == in_northgate.alice.user
        assert taken.version == case.version + 1

    def test_taking_what_one_holds_changes_nothing(self, in_northgate):
        case = a_case_in_review(in_northgate.northgate)
        once = case_take(actor=in_northgate.alice.actor, case_id=case.id)
        assert case_take(actor=in_northgate.alice.actor, case_id=case.id).version == once.version

    def test_the_other_is_told_who_holds_it(self, in_northgate):
        case = a_case_in_review(in_northgate.northgate)
        case_take(actor=in_northgate.alice.actor, case_id=case.id)
        with pytest.raises(Conflict, match="Alice has held this case since"):
            case_take(actor=in_northgate.bob.actor, case_id=case.id)


@pytest.mark.django_db
class TestNext:
    def test_it_is_the_riskiest_free_one(self, in_northgate):
        a_case_in_review(in_northgate.northgate, draft=a_draft(risk=40))
        high = a_case_in_review(in_northgate.northgate, draft=a_draft(risk=90))
        assert case_take_next(actor=in_northgate.alice.actor, queue=in_northgate.northgate.queue) == high

    def test_ones_own_comes_first(self, in_northgate):
        own = a_case_in_review(in_northgate.northgate, draft=a_draft(risk=10))
        a_case_in_review(in_northgate.northgate, draft=a_draft(risk=90))
        case_take(actor=in_northgate.alice.actor, case_id=own.id)
        assert case_take_next(actor=in_northgate.alice.actor, queue=in_northgate.northgate.queue) == own

    def test_it_leaves_out_the_one_that_is_skipped(self, in_northgate):
        only = a_case_in_review(in_northgate.northgate)
        queue = in_northgate.northgate.queue
        assert case_take_next(actor=in_northgate.alice.actor, queue=queue, skip=only.id) is None

    def test_without_the_right_there_is_no_next(self, in_northgate):
        with pytest.raises(NotAllowed):
            case_take_next(actor=in_northgate.cora.actor, queue=in_northgate.northgate.queue)


@pytest.mark.django_db
class TestReleaseAndAssign:
    def test_the_holder_lets_go(self, in_northgate):
        case = a_case_in_review(in_northgate.northgate)
        case_take(actor=in_northgate.alice.actor, case_id=case.id)
        assert case_release(actor=in_northgate.alice.actor, case_id=case.id).assignee is None

    def test_another_analyst_cannot_take_it_away(self, in_northgate):
        case = a_case_in_review(in_northgate.northgate)
        case_take(actor=in_northgate.alice.actor, case_id=case.id)
        with pytest.raises(NotAllowed, match="Alice holds this case"):
            case_release(actor=in_northgate.bob.actor, case_id=case.id)

    def test_the_lead_hands_it_to_a_member(self, in_northgate):
        case = a_case_in_review(in_northgate.northgate)
        bob = in_northgate.bob.user
        case = case_assign(actor=in_northgate.lena.actor, case_id=case.id, version=case.version, assignee_id=bob.id)
        assert case.assignee == bob

    def test_not_to_somebody_who_may_not_decide(self, in_northgate):
        case = a_case_in_review(in_northgate.northgate)
        for nobody in (in_northgate.cora.user, in_northgate.charlie.user):
            with pytest.raises(InvalidInput):
                case_assign(actor=in_northgate.lena.actor, case_id=case.id, version=case.version, assignee_id=nobody.id)

    def test_an_analyst_does_not_assign(self, in_northgate):
        case = a_case_in_review(in_northgate.northgate)
        with pytest.raises(NotAllowed, match="Only a team lead"):
            case_assign(
                actor=in_northgate.alice.actor,
                case_id=case.id,
                version=case.version,
                assignee_id=in_northgate.bob.user.id,
            )


def race(*attempts):
    """Run the attempts at once, each on its own connection; returns each one's result or error."""
    results = [None] * len(attempts)
    barrier = threading.Barrier(len(attempts))

    def run(position, attempt):
        barrier.wait()
        try:
            results[position] = attempt()
        except AppError as error:
            results[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(attempts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.slow
def test_two_who_race_for_one_case_have_one_winner(committed_db):
    cast = build_cast()

    def take(person, case_id):
        def attempt():
            with cast.northgate.scope():
                return case_take(actor=person.actor, case_id=case_id)

        return attempt

    for _ in range(20):
        case = a_case_in_review(cast.northgate)
        results = race(take(cast.alice, case.id), take(cast.bob, case.id))
        winners = [result for result in results if isinstance(result, Case)]
        losers = [result for result in results if isinstance(result, Conflict)]
        assert (len(winners), len(losers)) == (1, 1)
        assert winners[0].assignee.name in losers[0].message


def test_two_who_ask_for_the_next_never_get_the_same(committed_db):
    cast = build_cast()
    for risk in range(20):
        a_case_in_review(cast.northgate, draft=a_draft(risk=risk))

    def work(person):
        def attempt():
            taken = []
            with cast.northgate.scope():
                for _ in range(10):
                    previous = taken[-1] if taken else None
                    case = case_take_next(actor=person.actor, queue=cast.northgate.queue, skip=previous)
                    if case is None:
                        break
                    taken.append(case.id)
                    Case.objects.filter(id=case.id).update(risk=0)
            return taken

        return attempt

    first, second = race(work(cast.alice), work(cast.bob))
    assert not set(first) & set(second)
