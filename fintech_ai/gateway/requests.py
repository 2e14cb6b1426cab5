"""What is asked, by whom and for what; and what the asker gets."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from pydantic import BaseModel

from fintech_ai.core.actors import Actor
from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.models import CallRole, DegradedReason, ModelCall
from fintech_ai.gateway.prompts import Prompt

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Completion(Generic[T]):
    """What came of a call. Without a `value` the caller answers with its baseline and passes `degraded_reason` on.

    `call_id` names the ModelCall; it is None where nobody could be asked, since then nothing was called.
    """

    value: T | None
    degraded_reason: str
    call_id: uuid.UUID | None
    prompt_version: str


@dataclass(frozen=True)
class Request(Generic[T]):
    """A question, ready to leave: `data` has been minimised and masked, `replacements` put the values back."""

    actor: Actor
    endpoint: Endpoint[T]
    prompt: Prompt
    reference: Mapping[str, Any]
    data: Mapping[str, Any]
    replacements: Mapping[str, str]
    masked: Mapping[str, int]
    subject: str
    idempotency_key: str
    case_id: uuid.UUID | None
    looking_at: Any = None
    remembered: Sequence[Mapping[str, Any]] = ()
    role: CallRole = CallRole.PRIMARY
    original: ModelCall | None = None

    @cached_property
    def sha256(self) -> str:
        """Of what makes an answer reusable for the same key."""
        return sha256_of(
            [
                self.endpoint.name,
                self.subject,
                self.prompt.sha256,
                self.reference,
                self.data,
                self.endpoint.schema_sha256,
                [tool.name for tool in self.endpoint.tools],
            ]
        )

    def degraded(self, reason: DegradedReason | str, call: ModelCall | None = None) -> Completion[T]:
        return Completion(None, str(reason), call.id if call else None, self.prompt.label)


def sha256_of(value: Any) -> str:
    """The hash of a value as JSON, whatever the order of its keys."""
    return hashlib.sha256(as_json(value).encode()).hexdigest()


def as_json(value: Any) -> str:
    """As short as can be, with sorted keys."""
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
