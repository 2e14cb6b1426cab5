"""A share of the questions goes to a challenger version of the prompt as well. Its answer is stored and never shown."""

import logging
import threading
import uuid
from hashlib import sha256

from django.core.exceptions import ImproperlyConfigured

from fintech_ai.core.jobs import ring
from fintech_ai.gateway.configuration import InForce
from fintech_ai.gateway.models import CallRole
from fintech_ai.gateway.requests import Completion, Request

logger = logging.getLogger(__name__)

ASK_CHALLENGER = "fintech_ai.gateway.tasks.ask_challenger"


def ring_for_challenger(request: Request, completion: Completion, in_force: InForce) -> None:
    """Have a worker ask the challenger too, if this call is among its share.

    It returns at once whatever the broker does, since a person waits for the answer: a bell that nobody hears costs
    one comparison and nothing else.
    """
    if request.role != CallRole.PRIMARY or completion.value is None or completion.call_id is None:
        return
    try:
        challenger = in_force.challenger(request.endpoint)
    except ImproperlyConfigured as error:
        logger.warning("The challenger of %s cannot be asked: %s", request.endpoint.name, error)
        return
    if challenger is None or not is_drawn(completion.call_id, challenger.share):
        return
    ids = (request.actor.tenant_id, completion.call_id, challenger.prompt.version)
    threading.Thread(target=ring, args=(ASK_CHALLENGER, *ids), daemon=True).start()


def is_drawn(call_id: uuid.UUID, share: float) -> bool:
    """Whether a call is among this share of all, by its id alone: the same for whoever asks, whenever."""
    return int.from_bytes(sha256(call_id.bytes).digest()[:8]) < float(share) * 2**64
