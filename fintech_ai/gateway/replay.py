"""A stored call, run again with the same or another prompt, model or provider, and compared."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from fintech_ai.core.actors import Actor, ActorKind
from fintech_ai.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from fintech_ai.gateway.contents import may_look
from fintech_ai.gateway.endpoints import Endpoint, endpoint_named
from fintech_ai.gateway.models import CallContent, CallRole, DegradedReason, ModelCall
from fintech_ai.gateway.prompts import Prompt
from fintech_ai.gateway.requests import Completion
from fintech_ai.gateway.services import again
from fintech_ai.gateway.targets import Target


@dataclass(frozen=True)
class Compared:
    """One line of a comparison."""

    name: str
    before: Any
    after: Any

    @property
    def is_same(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True)
class Comparison:
    """A call and the one that repeats it: what each answered, by field, and what it took."""

    original: ModelCall
    repeat: ModelCall

    @property
    def fields(self) -> list[Compared]:
        """The fields of the answers, in the order of the schema. A field of no answer is None."""
        before, after = self.original.reply or {}, self.repeat.reply or {}
        names = [name for name in _names(self.original) if name in before or name in after]
        return [Compared(name, before.get(name), after.get(name)) for name in dict.fromkeys((*names, *before, *after))]

    @property
    def facts(self) -> list[Compared]:
        """How each was asked and what it took, as text."""
        return [
            Compared(name, before, after)
            for (name, before), (_, after) in zip(_facts(self.original), _facts(self.repeat), strict=True)
        ]

    @property
    def is_same(self) -> bool:
        """Whether both answered, and with the same values throughout."""
        return self.original.reply is not None and self.original.reply == self.repeat.reply


def run_again(
    *,
    actor: Actor,
    call_id: uuid.UUID,
    key: str,
    version: int | None = None,
    target: Target | None = None,
) -> Comparison:
    """Ask the question of a call again: a call like any other, with budget, vendor review, audit and ledger.

    What is sent is what was stored then, as it was masked; what was looked up is answered from there. It is asked of
    the given target alone, or of the one that was asked last.

    Args:
        key: the same for the same wish, so that a form that is sent twice asks once.
        version: of the prompt; by default the one that was used.

    Raises:
        NotAllowed: the actor is neither a compliance officer nor a command.
        NotFound: there is no such call.
        Conflict: it cannot be asked again, or nobody could be asked; says why.
        InvalidInput: there is no such version of the prompt.
    """
    if actor.kind != ActorKind.SYSTEM and not may_look(actor):
        raise NotAllowed("Only a compliance officer may run a call again.")
    original = ModelCall.objects.filter(id=call_id).first()
    if original is None:
        raise NotFound("There is no such model call.")
    completion = _again(
        actor=actor,
        original=original,
        version=version or original.prompt_version,
        target=target or target_of(original),
        role=CallRole.REPLAY,
        key=f"replay:{key}",
    )
    if completion.call_id is None:
        raise Conflict(f"Nobody was asked: {DegradedReason(completion.degraded_reason).label}.")
    return Comparison(original, ModelCall.objects.get(id=completion.call_id))


def ask_challenger(*, actor: Actor, call_id: uuid.UUID, version: int) -> Completion:
    """Ask the question of a call again in shadow, by a challenger version of its prompt and of the same target.

    Raises:
        Conflict: it cannot be asked again; says why.
        InvalidInput: there is no such version of the prompt.
    """
    original = ModelCall.objects.get(id=call_id)
    return _again(
        actor=actor,
        original=original,
        version=version,
        target=target_of(original),
        role=CallRole.SHADOW,
        key=f"shadow:{call_id}:v{version}",
    )


def target_of(call: ModelCall) -> Target:
    """Where a call was sent last."""
    return Target(call.provider, call.model_requested)


def outcome_of(call: ModelCall) -> str:
    """What came of a call, in words."""
    outcome = call.get_outcome_display() or "Under way"
    return f"{outcome}: {call.get_degraded_reason_display()}" if call.degraded_reason else outcome


def endpoint_of(call: ModelCall) -> Endpoint:
    """What asked. Raises Conflict if it no longer exists."""
    try:
        return endpoint_named(call.endpoint)
    except KeyError:
        raise Conflict(f"Nothing is called {call.endpoint} any more, so it cannot be asked again.") from None


def why_not(call: ModelCall) -> str:
    """Why a call cannot be run again; "" if it can."""
    if not call.outcome:
        return "The call has not ended yet."
    if call.degraded_reason == DegradedReason.REDACTION_FAILED:
        return "Personal data could not be masked then, so there is nothing that may be asked."
    if not CallContent.objects.filter(call=call).exists():
        return "What was asked is not stored, or no longer, so it cannot be asked again."
    try:
        endpoint_of(call)
    except Conflict as error:
        return error.message
    return ""


def _again(*, actor: Actor, original: ModelCall, version: int, target: Target, role: CallRole, key: str) -> Completion:
    if problem := why_not(original):
        raise Conflict(problem)
    endpoint = endpoint_of(original)
    return again(
        actor=actor,
        original=original,
        document=CallContent.objects.get(call=original).opened(),
        endpoint=endpoint,
        prompt=_prompt(endpoint, version),
        targets=(target,),
        role=role,
        idempotency_key=key,
    )


def _prompt(endpoint: Endpoint, version: int) -> Prompt:
    if version not in endpoint.versions():
        raise InvalidInput(f"There is no version {version} of the prompt {endpoint.name}.")
    try:
        return endpoint.prompt(version)
    except ImproperlyConfigured as error:
        raise Conflict(str(error)) from error


def _names(call: ModelCall) -> Iterable[str]:
    """The fields of an answer, as far as they are still known."""
    try:
        return endpoint_of(call).schema.model_fields
    except Conflict:
        return ()


def _facts(call: ModelCall) -> Iterator[tuple[str, str]]:
    is_counted = call.tokens_input is not None
    yield "Prompt", call.prompt_label
    yield "Asked", target_of(call).label
    yield "Model that answered", call.model_returned or "—"
    yield "Outcome", outcome_of(call)
    yield "Attempts", str(len(call.attempts))
    yield "Tokens, in and out", f"{call.tokens_input:,} and {call.tokens_output:,}" if is_counted else "not known"
    yield "Cost", "not known" if call.cost_usd is None else f"${call.cost_usd:.6f}"
    yield "Time", _milliseconds(call.latency_ms)
    yield "First token", _milliseconds(call.first_token_ms)


def _milliseconds(value: int | None) -> str:
    return "—" if value is None else f"{value:,} ms"
