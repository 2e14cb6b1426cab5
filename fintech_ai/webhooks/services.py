"""Messages are written in the transaction that they tell of, and handed over afterwards, at least once.

Receivers tell a repetition by its webhook-id. Nothing is said of the order: `data.version` of a case grows.
"""

import json
import random
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import Conflict
from fintech_ai.core.jobs import ring_after_commit
from fintech_ai.privacy.vault import VaultClosed
from fintech_ai.webhooks.models import Event, MessageState, WebhookEndpoint, WebhookMessage, WebhookSecret
from fintech_ai.webhooks.signing import new_secret

DELIVER = "fintech_ai.webhooks.tasks.deliver"
# The waits that the specification recommends, in seconds: from 5 seconds to a day, three days and a half in all.
WAITS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
# A worker that has said nothing for so long is taken for dead.
LEASE = timedelta(minutes=1)
GONE = 410
CHANGE_OVER = timedelta(days=1)
RING_AGAIN = timedelta(minutes=1)
RING_BATCH = 500


def announce(*, event: Event, about: uuid.UUID, data: Mapping[str, Any]) -> None:
    """Tell all that asked for this event, once the transaction at hand has committed.

    Args:
        data: of ids, states and codes. Never free text or personal data: it leaves the house.
    """
    moment = timezone.now()
    for endpoint in WebhookEndpoint.objects.in_force():
        if not endpoint.is_on or event not in endpoint.events:
            continue
        message = WebhookMessage.objects.create(
            endpoint_name=endpoint.name,
            event=event,
            about=about,
            body={"type": event.value, "timestamp": moment.isoformat(), "data": dict(data)},
            next_at=Now(),
            ring_at=Now() + RING_AGAIN,
        )
        ring_after_commit(DELIVER, message.tenant_id, message.id)


def message_deliver(*, actor: Actor, message_id: uuid.UUID) -> None:
    """Try once to hand a message over, unless another worker does or it is settled; then say when to try again."""
    # Only workers send; whoever announces is spared the HTTP client, which is large.
    from fintech_ai.webhooks.sending import NotSent, send

    message = _claim(message_id)
    if message is None:
        return
    endpoint = WebhookEndpoint.objects.in_force().filter(name=message.endpoint_name).first()
    status, error = None, ""
    if endpoint is None or not endpoint.is_on:
        error = "SwitchedOff"
    else:
        try:
            body = json.dumps(message.body, separators=(",", ":"), ensure_ascii=False).encode()
            keys = signing_keys(actor=actor, endpoint_name=endpoint.name)
            status = send(url=endpoint.url, message_id=f"msg_{message.id}", body=body, keys=keys)
        except NotSent as problem:
            error = str(problem)[:60]
        except VaultClosed:
            error = "VaultClosed"
    _settle(actor, message, status=status, error=error)


@transaction.atomic
def message_send_again(*, actor: Actor, message: WebhookMessage) -> None:
    """Start over with a message, delivered or given up. Raises Conflict while it is still being tried."""
    begun = {"state": MessageState.WAITING, "tries": 0, "delivered_at": None}
    begun |= {"next_at": Now(), "ring_at": Now() + RING_AGAIN}
    settled = WebhookMessage.objects.filter(id=message.id).exclude(state=MessageState.WAITING)
    if not settled.update(**begun):
        raise Conflict("This message is still being tried.")
    record(actor=actor, action="webhook.sent_again", target=message, data={"from": message.state})
    ring_after_commit(DELIVER, message.tenant_id, message.id)


@transaction.atomic
def messages_to_ring() -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Tenant and id of messages, of every tenant, whose time has come; each is put off, so that it is rung for once."""
    due = WebhookMessage.across_tenants.filter(state=MessageState.WAITING, ring_at__lte=Now()).order_by("ring_at")
    rows = list(due.select_for_update(skip_locked=True).values_list("tenant_id", "id")[:RING_BATCH])
    WebhookMessage.across_tenants.filter(id__in=[row[1] for row in rows]).update(ring_at=Now() + RING_AGAIN)
    return rows


def signing_keys(*, actor: Actor, endpoint_name: str) -> list[bytes]:
    """The secrets that sign for a receiver, the newest first; one is made when it is needed. Raises VaultClosed."""
    known = list(WebhookSecret.objects.filter(endpoint_name=endpoint_name).order_by("-created_at", "-id")[:2])
    if not known:
        known = [secret_make(actor=actor, endpoint_name=endpoint_name)]
    if len(known) == 2 and known[0].created_at < timezone.now() - CHANGE_OVER:
        known.pop()
    return [secret.unsealed() for secret in known]


@transaction.atomic
def secret_make(*, actor: Actor, endpoint_name: str) -> WebhookSecret:
    """A new secret for a receiver; the one before signs too for a day. Raises VaultClosed."""
    secret = WebhookSecret(endpoint_name=endpoint_name)
    secret.claim_for_scope()
    secret.seal(new_secret()).save()
    record(actor=actor, action="webhook.secret_made", target=secret, data={"endpoint": endpoint_name})
    return secret


def _claim(message_id: uuid.UUID) -> WebhookMessage | None:
    """The message, if its time has come and no other worker is trying it."""
    waiting = WebhookMessage.objects.filter(id=message_id, state=MessageState.WAITING, next_at__lte=Now())
    with transaction.atomic():
        message = waiting.select_for_update(skip_locked=True).first()
        if message is None:
            return None
        message.tries += 1
        lease = Now() + LEASE
        WebhookMessage.objects.filter(id=message_id).update(tries=message.tries, next_at=lease, ring_at=lease)
    return message


@transaction.atomic
def _settle(actor: Actor, message: WebhookMessage, *, status: int | None, error: str) -> None:
    """Note what came of a try, unless a later one has begun meanwhile."""
    found: dict[str, Any] = {"last_status": status, "last_error": error}
    if status is not None and 200 <= status < 300:
        found |= {"state": MessageState.DELIVERED, "delivered_at": Now()}
    elif status == GONE or error == "SwitchedOff" or message.tries > len(WAITS):
        found |= {"state": MessageState.GIVEN_UP}
    else:
        wait = WAITS[message.tries - 1] * random.uniform(1, 1.2)  # noqa: S311
        found |= dict.fromkeys(("next_at", "ring_at"), Now() + timedelta(seconds=wait))
    mine = WebhookMessage.objects.filter(id=message.id, state=MessageState.WAITING, tries=message.tries)
    if mine.update(**found) and found.get("state") == MessageState.GIVEN_UP:
        data = {"endpoint": message.endpoint_name, "event": message.event, "tries": message.tries, "status": status}
        record(actor=actor, action="webhook.given_up", target=message, data=data)
