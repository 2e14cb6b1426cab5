"""Who may see what was sent to a model and received, and how long is it kept?"""

import re
import uuid
from typing import Any

from django.contrib.postgres.functions import TransactionNow
from django.db import models, transaction

from fintech_ai.accounts.models import Role, Tenant
from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor, ActorKind
from fintech_ai.core.errors import InvalidInput, NotAllowed, NotFound
from fintech_ai.core.tenancy import current_tenant_id
from fintech_ai.gateway.models import CallContent, ModelCall

BATCH = 1_000
# A number of a ticket, case or letter: what is audited can never be erased, so no words and no names.
REFERENCE = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9./#_-]{0,39}")


class LookReason(models.TextChoices):
    """Why somebody looks. A closed list, since the audit trail holds no free text."""

    COMPLAINT = "complaint", "A customer has complained"
    INCIDENT = "incident", "An incident is being looked into"
    ACCESS = "access_request", "A person asks what is stored about them"
    AUDITOR = "auditor", "An auditor or supervisor asks"
    QUALITY = "quality", "The model's answers are being reviewed"


def content_read(
    *, actor: Actor, call_id: uuid.UUID, reason: str, reference: str = "", originals: bool = False
) -> dict[str, Any]:
    """What was sent and received, see `CallContent`; with `originals`, also the values that were masked.

    The look is in the audit trail, and committed, before anything is returned; so is the attempt of somebody who may
    not. Call it outside transactions.

    Args:
        reason: one of LookReason.
        reference: the number of a ticket, case or letter that it is for; capitals and digits.

    Raises:
        NotFound: there is no such call, or nothing is stored of it (any more).
        NotAllowed: the actor is not a person with the role compliance.
        InvalidInput: no reason is given, or the reference could be more than a number.
        VaultClosed, NotSealedHere: it cannot be opened.
    """
    call = _call(call_id)
    if not may_look(actor):
        with transaction.atomic(durable=True):
            record(actor=actor, action="model_call.read_refused", target=call, data={"originals": originals})
        raise NotAllowed("Only a compliance officer may see what was sent to a model and received.")
    _check_why(reason, reference)
    content = CallContent.objects.filter(call=call).first()
    if content is None:
        raise NotFound("What was sent and received is not stored, or no longer: its time is over.")
    with transaction.atomic(durable=True):
        record(
            actor=actor,
            action="model_call.originals_read" if originals else "model_call.read",
            target=call,
            data={"content": str(content.id), "reason": reason, "reference": reference},
        )
    document = content.opened()
    if not originals:
        document["replacements"] = dict.fromkeys(document["replacements"], "")
    return document


def may_look(actor: Actor) -> bool:
    """Only a person, and only with the role compliance."""
    return actor.kind == ActorKind.USER and actor.role == Role.COMPLIANCE


@transaction.atomic
def contents_forget(*, actor: Actor) -> int:
    """Delete some of what the tenant no longer keeps, at most BATCH. What is left of a call is its row."""
    over = CallContent.objects.filter(keep_until__lte=TransactionNow()).order_by("keep_until")[:BATCH]
    deleted, _ = CallContent.objects.filter(id__in=list(over.values_list("id", flat=True))).delete()
    if deleted:
        tenant = Tenant(id=current_tenant_id())
        record(actor=actor, action="model_content.forgotten", target=tenant, data={"contents": deleted})
    return deleted


def _call(call_id: uuid.UUID) -> ModelCall:
    call = ModelCall.objects.filter(id=call_id).first()
    if call is None:
        raise NotFound("There is no such model call.")
    return call


def _check_why(reason: str, reference: str) -> None:
    if reason not in LookReason.values:
        raise InvalidInput("Say why you look.", fields={"reason": ["Choose one."]})
    if reference and not REFERENCE.fullmatch(reference):
        message = "A reference is a number of a ticket, case or letter: capitals and digits, such as INC-2031."
        raise InvalidInput(message, fields={"reference": [message]})
