"""Nothing that needs four eyes comes into force with two, by no way."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from fintech_ai.accounts.four_eyes.services import approve, propose, reject, withdraw
from fintech_ai.audit.models import AuditEvent
from fintech_ai.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from fintech_ai.gateway.models import Route
from tests.support.cast import build_cast


def a_route(*targets: str, **changes) -> Route:
    fields = {"endpoint": "triage.recommend", "targets": list(targets or ["openai/gpt-4.1-mini"]), "why": "Cheaper"}
    return Route(**{**fields, **changes})


@pytest.fixture
def scope(db, cast):
    with cast.northgate.scope():
        yield cast


def test_another_officer_puts_it_in_force(scope):
    proposal = propose(actor=scope.cora.actor, proposal=a_route())
    assert not Route.objects.in_force().exists()
    approved = approve(actor=scope.colin.actor, proposal=proposal)
    assert list(Route.objects.in_force()) == [approved]
    assert (approved.proposed_by, approved.decided_by) == (scope.cora.user, scope.colin.user)


def test_the_last_approved_is_in_force(scope):
    for model in ("a", "b"):
        approve(actor=scope.colin.actor, proposal=propose(actor=scope.cora.actor, proposal=a_route(f"openai/{model}")))
    (route,) = Route.objects.in_force()
    assert route.targets == ["openai/b"]


def test_nobody_approves_her_own(scope):
    proposal = propose(actor=scope.cora.actor, proposal=a_route())
    with pytest.raises(NotAllowed, match="yourself"):
        approve(actor=scope.cora.actor, proposal=proposal)
    with pytest.raises(IntegrityError, match="has_four_eyes"), transaction.atomic():
        Route.objects.filter(id=proposal.id).update(
            state="approved", decided_by=scope.cora.user, decided_at=proposal.proposed_at
        )


def test_only_officers_propose_and_decide(scope):
    for person in (scope.alice, scope.lena, scope.ivan):
        with pytest.raises(NotAllowed, match="compliance officer"):
            propose(actor=person.actor, proposal=a_route())
    proposal = propose(actor=scope.cora.actor, proposal=a_route())
    with pytest.raises(NotAllowed, match="compliance officer"):
        approve(actor=scope.lena.actor, proposal=proposal)


def test_it_is_decided_once(scope):
    proposal = propose(actor=scope.cora.actor, proposal=a_route())
    reject(actor=scope.colin.actor, proposal=proposal, remark="Too dear")
    with pytest.raises(Conflict, match="rejected already"):
        approve(actor=scope.colin.actor, proposal=proposal)
    for change in ("state = 'approved'", "targets = '[]'", "remark = 'x'"):
        with pytest.raises(DatabaseError, match="refused"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE gateway_route SET {change} WHERE id = %s", [proposal.id])  # noqa: S608
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        Route.objects.filter(id=proposal.id).delete()


def test_what_waits_cannot_be_edited(scope):
    proposal = propose(actor=scope.cora.actor, proposal=a_route())
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        Route.objects.filter(id=proposal.id).update(targets=["anthropic/claude"])


def test_only_the_proposer_withdraws_and_only_others_reject(scope):
    proposal = propose(actor=scope.cora.actor, proposal=a_route())
    with pytest.raises(NotAllowed, match="withdraw it instead"):
        reject(actor=scope.cora.actor, proposal=proposal, remark="")
    with pytest.raises(NotAllowed, match="reject it instead"):
        withdraw(actor=scope.colin.actor, proposal=proposal)
    assert withdraw(actor=scope.cora.actor, proposal=proposal).state == "withdrawn"


def test_another_tenants_proposal_is_not_found(scope):
    proposal = propose(actor=scope.cora.actor, proposal=a_route())
    with scope.southbank.scope(), pytest.raises(NotFound):
        approve(actor=scope.carla.actor, proposal=proposal)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"targets": []}, "targets"),
        ({"targets": ["gpt-4.1"]}, "targets"),
        ({"targets": ["openai/a", "openai/a"]}, "targets"),
        ({"endpoint": "triage.nothing"}, "endpoint"),
        ({"why": ""}, "why"),
    ],
)
def test_what_is_wrong_is_said_by_field(scope, changes, field):
    with pytest.raises(InvalidInput) as error:
        propose(actor=scope.cora.actor, proposal=a_route(**changes))
    assert list(error.value.fields) == [field]


def test_old_and_new_values_are_audited(committed_db):
    cast = build_cast()
    with cast.northgate.scope():
        for model in ("a", "b"):
            proposal = propose(actor=cast.cora.actor, proposal=a_route(f"openai/{model}"))
            approve(actor=cast.colin.actor, proposal=proposal)
        event = AuditEvent.objects.get(action="proposal.approved", object_id=str(proposal.id))
    assert event.data["about"] == {"endpoint": "triage.recommend"}
    assert event.data["values"] == {"targets": ["openai/b"]}
    assert event.data["before"] == {"targets": ["openai/a"]}
