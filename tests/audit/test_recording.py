"""What gets into the trail, when, and what cannot."""

import json
import uuid
from datetime import timedelta

import pytest
from django.db import DataError, connection, transaction
from django.utils import timezone

from fintech_ai.accounts.services import group_create
from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.selectors import trail_of
from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.origin import Origin, origin_scope
from fintech_ai.core.tenancy import TenantScopeMissing, TenantScopeViolation, tenant_scope
from tests.support.audit import WORDS, a_tenant, owner_cursor, record_events, settle

NO_HASH = "0" * 64


@pytest.fixture
def tenant(db):
    return a_tenant()


@pytest.fixture
def actor(tenant):
    with tenant_scope(tenant.id):
        yield Actor.system(tenant_id=tenant.id, name="test")


def test_an_event_says_who_did_what_to_which_thing_and_from_where(tenant, actor):
    trail = uuid.uuid4()
    with origin_scope(Origin(channel="api", address="192.0.2.7", request_id="r1")):
        record(actor=actor, action="case.decided", target=tenant, trail=trail, data={"from": 1, "to": [2, None]})
    settle()
    event = AuditEvent.objects.get(trail_id=trail)
    assert (event.action, event.actor_kind, event.actor_id) == ("case.decided", "system", "test")
    assert (event.object_type, event.object_id) == ("accounts.tenant", str(tenant.id))
    assert json.loads(event.body) == {
        "action": "case.decided",
        "actor": {"kind": "system", "id": "test", "role": ""},
        "object": {"type": "accounts.tenant", "id": str(tenant.id)},
        "origin": {"channel": "api", "address": "192.0.2.7", "request_id": "r1"},
        "trail": str(trail),
        "data": {"from": 1, "to": [2, None]},
    }
    assert timezone.now() - event.at < timedelta(minutes=1)


def test_events_form_a_chain_from_the_first_on(tenant, actor):
    record_events(tenant, 5)
    settle()
    events = list(AuditEvent.objects.order_by("seq"))
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert [event.prev_hash for event in events] == [NO_HASH, *(event.hash for event in events[:-1])]
    assert sorted(event.at for event in events) == [event.at for event in events]


def test_each_tenant_has_a_chain_of_its_own(tenant, actor):
    other = a_tenant()
    record_events(other, 2)
    record_events(tenant, 1)
    settle()
    with tenant_scope(other.id):
        assert list(AuditEvent.objects.values_list("seq", flat=True)) == [1, 2, 3]
    assert list(AuditEvent.objects.values_list("seq", flat=True)) == [1, 2]


def test_the_events_of_one_transaction_stand_in_the_order_in_which_they_were_recorded(tenant, actor):
    for number in range(20):
        record(actor=actor, action="test.done", target=tenant, data={"number": number})
    settle()
    bodies = AuditEvent.objects.filter(action="test.done").order_by("seq").values_list("body", flat=True)
    assert [json.loads(body)["data"]["number"] for body in bodies] == list(range(20))


def test_a_trail_shows_only_its_own_events(tenant, actor):
    trail = uuid.uuid4()
    record(actor=actor, action="case.opened", target=tenant, trail=trail)
    record(actor=actor, action="case.opened", target=tenant, trail=uuid.uuid4())
    record(actor=actor, action="case.taken", target=tenant, trail=trail)
    settle()
    assert [event.action for event in trail_of(trail)] == ["case.opened", "case.taken"]


@pytest.mark.parametrize("word", WORDS)
def test_the_body_is_kept_byte_for_byte(tenant, actor, word):
    record(actor=actor, action="test.done", target=tenant, data={word or "empty": [word, 1.5, 10**20, True, None]})
    settle()
    body = AuditEvent.objects.get(action="test.done").body
    assert body.isascii()
    assert json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")) == body
    assert json.loads(body)["data"] == {word or "empty": [word, 1.5, 10**20, True, None]}


def test_it_refuses_to_record_outside_a_transaction(committed_db):
    tenant = a_tenant()
    with tenant_scope(tenant.id), pytest.raises(RuntimeError, match="transaction"):
        record(actor=Actor.system(tenant_id=tenant.id), action="test.done", target=tenant)


def test_it_refuses_to_record_outside_a_scope(tenant):
    with pytest.raises(TenantScopeMissing):
        record(actor=Actor.system(tenant_id=tenant.id), action="test.done", target=tenant)


def test_it_refuses_an_actor_or_a_target_of_another_tenant(tenant, actor):
    other = a_tenant()
    stranger = Actor.system(tenant_id=other.id)
    with tenant_scope(other.id):
        group = group_create(actor=stranger, name="Theirs")
    with pytest.raises(TenantScopeViolation):
        record(actor=stranger, action="test.done", target=tenant)
    with pytest.raises(TenantScopeViolation):
        record(actor=actor, action="test.done", target=group)


@pytest.mark.parametrize("action", ["", "decided", "Case.Decided", "case.", "case.decided now", "case.decided\n"])
def test_it_refuses_a_name_that_is_no_action(tenant, actor, action):
    with pytest.raises(ValueError, match="is not an action"):
        record(actor=actor, action=action, target=tenant)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes", {1, 2}, timezone.now()])
def test_it_refuses_what_is_not_json(tenant, actor, value):
    with pytest.raises((ValueError, TypeError)):
        record(actor=actor, action="test.done", target=tenant, data={"value": value})


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_it_refuses_at_once_what_the_database_could_not_read_back(tenant, actor, text):
    with pytest.raises(DataError), transaction.atomic():
        record(actor=actor, action="test.done", target=tenant, data={"text": text})


def test_a_rolled_back_transaction_leaves_nothing(committed_db):
    tenant = a_tenant()
    actor = Actor.system(tenant_id=tenant.id)
    with tenant_scope(tenant.id):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            record(actor=actor, action="test.done", target=tenant)
            raise ZeroDivisionError
        with transaction.atomic():
            record(actor=actor, action="test.before", target=tenant)
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                record(actor=actor, action="test.inside", target=tenant)
                raise ZeroDivisionError
            record(actor=actor, action="test.after", target=tenant)
        events = AuditEvent.objects.values_list("seq", "action")
        assert list(events) == [(1, "tenant.created"), (2, "test.before"), (3, "test.after")]


def test_a_change_that_cannot_be_audited_does_not_happen(committed_db):
    """The trail's own refusal, at the commit, takes the change with it."""
    tenant = a_tenant()
    actor = Actor.system(tenant_id=tenant.id)
    with tenant_scope(tenant.id):
        with pytest.raises(DataError), transaction.atomic():
            group_create(actor=actor, name="Never")
            with connection.cursor() as cursor:
                body = json.dumps({"action": "test.done", "trail": "not a uuid"})
                cursor.execute("INSERT INTO audit_inbox (tenant_id, body) VALUES (%s, %s)", [tenant.id, body])
        assert not AuditEvent.objects.filter(action="group.created").exists()
        group_create(actor=actor, name="Never")


def test_nothing_stays_behind_in_the_inbox(committed_db):
    record_events(a_tenant(), 3)
    with owner_cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_inbox")
        assert cursor.fetchone() == (0,)
