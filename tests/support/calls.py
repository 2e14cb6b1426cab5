"""Stored model calls, made without asking anybody."""

import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.models import CallContent, CallRole, ModelCall, Outcome
from fintech_ai.gateway.prompts import Prompt
from tests.support.gateway import ENDPOINT, Verdict

DIGEST = "a" * 64
HOSTILE = '<script>alert("x")</script> </pre> {{ csrf_token }} \u202egnp.exe\u2066 \x00 \ud83d'
MASKED = "Jane Roe"


@dataclass(frozen=True)
class InTwoVersions(Endpoint):
    """An endpoint whose prompt has a second version, for tests alone."""

    def prompt(self, version: int | None = None) -> Prompt:
        prompt = super().prompt(1)
        return prompt if version in {None, 1} else replace(prompt, version=2, text="Weigh it anew.", sha256="b" * 64)

    def versions(self) -> list[int]:
        return [1, 2]


VERDICT = InTwoVersions(name=ENDPOINT, version=1, schema=Verdict)


def a_call(**changes: Any) -> ModelCall:
    """A call that was answered, for the tenant in scope."""
    fields = {
        "idempotency_key": uuid.uuid4().hex,
        "request_sha256": DIGEST,
        "endpoint": ENDPOINT,
        "subject": "run:1",
        "prompt_id": ENDPOINT,
        "prompt_version": 1,
        "prompt_sha256": DIGEST,
        "schema_sha256": DIGEST,
        "provider": "openai",
        "model_requested": "gpt-4.1-mini",
        "outcome": Outcome.ANSWERED,
        "reply": {"decision": "clear", "confidence": 0.75},
        "latency_ms": 900,
        "finished_at": timezone.now(),
    }
    return ModelCall.objects.create(**{**fields, **changes})


def a_repeat(original: ModelCall, *, role: CallRole = CallRole.SHADOW, **changes: Any) -> ModelCall:
    """A call that repeats another."""
    return a_call(original=original, role=role, **{"prompt_version": 2, "subject": original.subject, **changes})


def a_document() -> dict[str, Any]:
    """What was sent and received in two attempts, with text in it that means no good."""
    first = [
        {"role": "system", "text": "Weigh the facts.", "tool_calls": []},
        {"role": "user", "text": f"[PERSON_1] says: {HOSTILE}", "tool_calls": []},
    ]
    more = [
        {"role": "assistant", "text": "", "tool_calls": [{"id": "1", "name": "history", "arguments": '{"days": 7}'}]},
        {"role": "tool", "text": '{"frauds": 2}', "tool_calls": []},
    ]
    return {
        "asked": {"reference": {}, "data": {"note": "[PERSON_1] called"}, "lookups": []},
        "exchanges": [
            {"target": "openai/gpt-4.1-mini", "messages": first, "received": ""},
            {"target": "anthropic/claude-sonnet-4-5", "messages": [*first, *more], "received": f'{{"a": {HOSTILE}'},
        ],
        "replacements": {"[PERSON_1]": MASKED},
    }


def a_content(call: ModelCall, document: dict[str, Any] | None = None) -> CallContent:
    """What was sent and received in it."""
    row = CallContent.sealed(call.id, document or a_document())
    row.save(force_insert=True)
    return row
