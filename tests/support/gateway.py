"""A question for tests that are about the gateway and not about what is asked."""

import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.models import ModelCall
from fintech_ai.gateway.requests import Completion
from fintech_ai.gateway.services import complete
from fintech_ai.privacy.services import minimise
from tests.support.cast import House

ENDPOINT = "triage.recommend"


class Verdict(BaseModel):
    """What the model may say: rules that strict JSON schema knows, and some that only we enforce."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["clear", "block"]
    confidence: float = Field(ge=0, le=1)
    summary: str = Field(max_length=40)


VERDICT = Endpoint(name=ENDPOINT, version=1, schema=Verdict)
GOOD = {"decision": "clear", "confidence": 0.75, "summary": "text"}


def ask(house: House, **changes: Any) -> Completion[Verdict]:
    """Call the gateway as a worker of the house would."""
    fields = {
        "actor": house.worker,
        "endpoint": VERDICT,
        "content": {"alert": minimise(endpoint=ENDPOINT, source="triage.Alert", values={"channel": "customer"})},
        "subject": f"run:{uuid.uuid4()}",
        "idempotency_key": str(uuid.uuid4()),
    }
    with house.scope():
        return complete(**{**fields, **changes})


def stored(house: House, completion: Completion) -> ModelCall:
    """The row of a call."""
    with house.scope():
        return ModelCall.objects.get(id=completion.call_id)
