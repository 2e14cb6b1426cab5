"""Webhooks: signed as the standard says, tried until they arrive, and never sent where they must not go."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from fintech_ai.accounts.four_eyes.services import approve, propose
from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.services import case_decide
from fintech_ai.core.errors import Conflict
from fintech_ai.webhooks.models import Event, MessageState, WebhookEndpoint, WebhookMessage, WebhookSecret
from fintech_ai.webhooks.sending import is_public
from fintech_ai.webhooks.services import (
    WAITS,
    message_deliver,
    message_send_again,
    messages_to_ring,
    secret_make,
    signing_keys,
)
from fintech_ai.webhooks.signing import as_told
from tests.support.audit import settle
from tests.support.cases import a_case_in_review, a_draft
from tests.webhooks.receiver import receiving


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


@pytest.fixture
def receiver(settings):
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = True
    with receiving() as made:
        yield made


def an_endpoint(cast, url, *, events=tuple(Event), name="core", is_on=True):
    proposal = WebhookEndpoint(name=name, url=url, events=list(events), is_on=is_on, why="For the tests")
    return approve(actor=cast.colin.actor, proposal=propose(actor=cast.cora.actor, proposal=proposal))


def deliver(house, message=None):
    """What a worker does: one try for each message whose time has come."""
    for each in [message] if message else WebhookMessage.objects.all():
        message_deliver(actor=house.worker, message_id=each.id)


def come_due(message):
    past = timezone.now() - timedelta(seconds=1)
    WebhookMessage.objects.filter(id=message.id).update(next_at=past, ring_at=past)


def secret(house):
    return as_told(signing_keys(actor=house.worker, endpoint_name="core")[0])


def test_what_happens_to_a_case_is_told_and_verified_by_anothers_library(cast, house, receiver):
    an_endpoint(cast, receiver.url)
    case = a_case_in_review(house, subject="Harber Inc", draft=a_draft(decision="clear"))
    case_decide(actor=cast.alice.actor, case_id=case.id, version=case.version, outcome="clear")
    deliver(house)
    assert set(WebhookMessage.objects.values_list("state", flat=True)) == {MessageState.DELIVERED}
    verifier = Webhook(secret(house))
    told = [verifier.verify(body, headers) for headers, body in receiver.got]
    assert sorted(each["type"] for each in told) == ["case.decided", "case.recommended"]
    (decided,) = (each["data"] for each in told if each["type"] == "case.decided")
    assert (decided["id"], decided["outcome"], decided["state"]) == (str(case.id), "clear", "decided")
    with pytest.raises(WebhookVerificationError):
        verifier.verify(receiver.got[0][1] + b" ", receiver.got[0][0])


def test_nothing_of_a_customer_or_of_a_recommendation_leaves(cast, house, receiver):
    an_endpoint(cast, receiver.url)
    a_case_in_review(house, subject="Harber Inc", draft=a_draft(summary="Four times what she pays."))
    deliver(house)
    sent = b"".join(body for _, body in receiver.got).decode()
    assert sent and "Harber" not in sent and "Four times" not in sent and "block" not in sent


def test_only_what_was_asked_for_is_told_and_nothing_while_switched_off(cast, house, receiver):
    an_endpoint(cast, receiver.url, events=[Event.DECIDED])
    an_endpoint(cast, receiver.url, name="other", is_on=False)
    a_case_in_review(house)
    assert not WebhookMessage.objects.exists()


def test_a_decision_that_waits_for_a_second_person_is_told(cast, house, receiver):
    an_endpoint(cast, receiver.url, events=[Event.AWAITING])
    case = a_case_in_review(house, amount="900.00")
    case_decide(actor=cast.alice.actor, case_id=case.id, version=case.version, outcome="block", reason="other")
    assert WebhookMessage.objects.get().body["data"]["state"] == "awaiting_approval"


def test_what_is_rolled_back_is_never_told(cast, house, receiver):
    an_endpoint(cast, receiver.url)
    case = a_case_in_review(house, draft=a_draft(decision="clear"))
    before = WebhookMessage.objects.count()
    with pytest.raises(RuntimeError), transaction.atomic():
        case_decide(actor=cast.alice.actor, case_id=case.id, version=case.version, outcome="clear")
        raise RuntimeError
    assert WebhookMessage.objects.count() == before


def test_a_receiver_that_fails_is_tried_again_later_and_gets_the_same_id(cast, house, receiver):
    receiver.statuses = [500, 302, 204]
    an_endpoint(cast, receiver.url, events=[Event.RECOMMENDED])
    a_case_in_review(house)
    for tries, status in ((1, 500), (2, 302)):
        deliver(house)
        message = WebhookMessage.objects.get()
        assert (message.state, message.tries, message.last_status) == (MessageState.WAITING, tries, status)
        wait = (message.next_at - timezone.now()).total_seconds()
        assert 0.9 * WAITS[tries - 1] - 1 < wait < 1.2 * WAITS[tries - 1] + 1
        deliver(house)  # before its time
        assert len(receiver.got) == tries
        come_due(message)
    deliver(house)
    assert WebhookMessage.objects.get().state == MessageState.DELIVERED
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1 and len(receiver.got) == 3


def test_after_the_last_try_it_is_given_up_on_record_and_can_be_sent_again(cast, house, receiver):
    receiver.statuses = [500]
    an_endpoint(cast, receiver.url, events=[Event.RECOMMENDED])
    a_case_in_review(house)
    message = WebhookMessage.objects.get()
    for _ in range(len(WAITS) + 1):
        come_due(message)
        deliver(house)
    message.refresh_from_db()
    assert (message.state, message.tries) == (MessageState.GIVEN_UP, len(WAITS) + 1)
    settle()
    assert AuditEvent.objects.filter(action="webhook.given_up").count() == 1
    receiver.statuses = [200]
    message_send_again(actor=cast.cora.actor, message=message)
    with pytest.raises(Conflict):
        message_send_again(actor=cast.cora.actor, message=message)
    deliver(house)
    message.refresh_from_db()
    assert (message.state, message.tries) == (MessageState.DELIVERED, 1)


def test_gone_means_gone(cast, house, receiver):
    receiver.statuses = [410]
    an_endpoint(cast, receiver.url, events=[Event.RECOMMENDED])
    a_case_in_review(house)
    deliver(house)
    assert WebhookMessage.objects.get().state == MessageState.GIVEN_UP


def test_two_workers_do_not_send_it_twice_and_a_dead_one_loses_nothing(cast, house, receiver):
    an_endpoint(cast, receiver.url, events=[Event.RECOMMENDED])
    a_case_in_review(house)
    message = WebhookMessage.objects.get()
    later = timezone.now() + timedelta(seconds=30)
    WebhookMessage.objects.update(tries=1, next_at=later, ring_at=later)  # as another worker claims it
    deliver(house)
    assert receiver.got == [] and messages_to_ring() == []
    come_due(message)  # and is never heard of again
    assert messages_to_ring() == [(house.tenant.id, message.id)] and messages_to_ring() == []
    deliver(house)
    assert len(receiver.got) == 1


def test_nothing_is_sent_into_a_private_network_whatever_the_name_says(cast, house, receiver, settings):
    an_endpoint(cast, receiver.url.replace("127.0.0.1", "localhost"), events=[Event.RECOMMENDED])
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = False
    a_case_in_review(house)
    deliver(house)
    message = WebhookMessage.objects.get()
    assert receiver.got == [] and (message.state, message.last_error) == (MessageState.WAITING, "ConnectError")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "172.16.0.1", "100.64.0.1", "224.0.0.1",
     "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "255.255.255.255"],
)  # fmt: skip
def test_private_addresses_are_known(address):
    assert not is_public(address)
    assert is_public("93.184.215.14") and is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


@pytest.mark.parametrize(
    "url", ["http://bank.example/", "https://", "ftp://bank.example/", "https://a:b@bank.example/", "https://x/#y"]
)
def test_an_address_that_we_would_not_send_to_cannot_be_proposed(cast, house, url):
    with pytest.raises(ValidationError):
        WebhookEndpoint(name="core", url=url, events=[Event.DECIDED], why="x").clean()


def test_while_the_secret_is_changed_over_both_sign(cast, house, receiver):
    an_endpoint(cast, receiver.url, events=[Event.RECOMMENDED])
    old = secret(house)
    secret_make(actor=house.worker, endpoint_name="core")
    a_case_in_review(house)
    deliver(house)
    headers, body = receiver.got[0]
    for each in (old, secret(house)):
        assert Webhook(each).verify(body, headers)
    long_ago = timezone.now() - timedelta(days=2)
    WebhookSecret.objects.update(created_at=long_ago)
    assert len(signing_keys(actor=house.worker, endpoint_name="core")) == 1


def test_the_secret_is_stored_sealed_and_printed_by_a_command(cast, house, receiver):
    an_endpoint(cast, receiver.url)
    printed = StringIO()
    call_command("webhook_secret", house.tenant.slug, "core", stdout=printed)
    assert printed.getvalue().strip() == secret(house)
    (stored,) = WebhookSecret.objects.all()
    assert signing_keys(actor=house.worker, endpoint_name="core")[0] not in bytes(stored.ciphertext)
    with pytest.raises(CommandError):
        call_command("webhook_secret", house.tenant.slug, "unknown")


def test_compliance_sends_it_again_from_the_admin_site(cast, house, receiver):
    an_endpoint(cast, receiver.url, events=[Event.RECOMMENDED])
    a_case_in_review(house)
    deliver(house)
    message = WebhookMessage.objects.get()
    page = reverse("admin:webhooks_webhookmessage_change", args=[message.id])
    cora = cast.cora.client
    assert "Send again" in cora.get(page).content.decode()
    again = reverse("admin:webhooks_message_again", args=[message.id])
    assert "It is being sent again" in cora.post(again, follow=True).content.decode()
    assert json.loads(json.dumps(message.body)) == WebhookMessage.objects.get().body
    assert cast.carla.client.post(again).status_code == 404


def test_another_tenant_hears_nothing(cast, house, receiver):
    an_endpoint(cast, receiver.url)
    with cast.southbank.scope():
        assert not WebhookEndpoint.objects.exists()
        a_case_in_review(cast.southbank)
        assert not WebhookMessage.objects.exists()
