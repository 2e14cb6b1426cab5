"""What can never be true of a case is refused by the database, whoever asks."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from fintech_ai.cases.models import Case, Claim, Decision, Recommendation, Run, Step
from fintech_ai.cases.states import CaseState
from tests.support.cases import a_case_in_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(cast):
    with cast.northgate.scope():
        yield a_case_in_review(cast.northgate)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "lost"},
        {"state": CaseState.DECIDED},
        {"outcome": "clear"},
        {"risk": 101},
        {"currency": ""},
        {"amount": -1},
        {"assigned_at": "2026-01-01T00:00:00Z"},
    ],
)
def test_a_case_cannot_be_put_into_an_impossible_state(case, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(id=case.id).update(**change)


@pytest.mark.parametrize(
    "change", [{"state": "running"}, {"state": "waiting"}, {"lease_until": "2026-01-01T00:00:00Z"}]
)
def test_a_run_cannot_be_put_into_an_impossible_state(case, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(case=case).update(**change)


def a_decision(cast, case, **changes):
    fields = {
        "case": case,
        "case_version": case.version,
        "step": Step.FIRST,
        "outcome": "block",
        "recommended": "block",
        "decided_by": cast.alice.user,
    }
    return Decision(**{**fields, **changes})


def test_an_override_without_a_reason_cannot_be_stored(cast, case):
    with pytest.raises(IntegrityError), transaction.atomic():
        a_decision(cast, case, outcome="clear").save()


def test_an_approval_by_the_same_person_cannot_be_stored(cast, case):
    first = a_decision(cast, case)
    first.save()
    second = {"step": Step.SECOND, "case_version": case.version + 1, "answers": first}
    with pytest.raises(IntegrityError), transaction.atomic():
        a_decision(cast, case, **second, first_decided_by=cast.alice.user).save()
    a_decision(cast, case, **second, first_decided_by=cast.alice.user, decided_by=cast.lena.user).save()


def test_two_decisions_on_one_version_cannot_be_stored(cast, case):
    a_decision(cast, case).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        a_decision(cast, case, decided_by=cast.bob.user).save()


@pytest.mark.parametrize("model", [Recommendation, Claim, Decision])
@pytest.mark.parametrize("statement", ["UPDATE {table} SET id = id", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"])
def test_what_was_said_and_decided_never_changes(cast, case, model, statement):
    a_decision(cast, case).save()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table=model._meta.db_table))
