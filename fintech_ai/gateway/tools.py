"""What a model may look up: plain typed functions that only read.

    @tool
    def merchant_history(alert: Alert, *, days: Literal[7, 30, 90]) -> Cleared:
        "What the merchant's customers reported in the last days."

The first parameter is what the caller of `complete` works on, and no model can change it: a tool looks up more about
that one thing. The others are the model's to choose. Text that a stranger wrote may have moved the model to choose
them, so each has a closed type: numbers, dates and enumerations, or text of a bounded length.
"""

import inspect
import json
import time
import typing
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.gateway.models import ModelCall
from fintech_ai.gateway.providers.protocol import ToolCall, ToolSpec
from fintech_ai.gateway.replies import InvalidReply, read_reply, strict_schema
from fintech_ai.privacy.services import Cleared

MAX_LOOKUPS = 6


@dataclass(frozen=True)
class Tool:
    """A function that a model may ask for, and the schema of its arguments."""

    name: str
    description: str
    function: Callable[..., Cleared]
    arguments: type[BaseModel]

    @property
    def spec(self) -> ToolSpec:
        """As it is told to a provider."""
        return ToolSpec(name=self.name, description=self.description, schema=strict_schema(self.arguments))


@dataclass(frozen=True)
class Lookup:
    """One use of a tool. `error` is empty if there is a result."""

    tool: str
    arguments: dict[str, Any]
    result: Any
    error: str
    latency_ms: int

    def as_text(self) -> str:
        """What the model is told."""
        told = {"error": self.error} if self.error else self.result
        return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))

    def as_stored(self) -> dict[str, Any]:
        """With the call. The result lies with what was sent, encrypted."""
        return {name: value for name, value in asdict(self).items() if name != "result"}


def tool(function: Callable[..., Cleared]) -> Tool:
    """Make a function a tool. Its docstring is what the model is told of it.

    Raises:
        TypeError: it has no description, or a parameter that a model could fill with anything.
    """
    if not function.__doc__:
        raise TypeError(f"{function.__name__} has no docstring, so a model would not know what it is for.")
    hints = typing.get_type_hints(function, include_extras=True)
    _, *chosen = inspect.signature(function).parameters.values()
    fields = {}
    for parameter in chosen:
        if parameter.kind is not parameter.KEYWORD_ONLY:
            raise TypeError(f"{function.__name__}.{parameter.name} must be keyword-only.")
        _check_is_closed(function.__name__, parameter.name, hints[parameter.name])
        fields[parameter.name] = (hints[parameter.name], ...)
    arguments = create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)
    return Tool(function.__name__, inspect.cleandoc(function.__doc__), function, arguments)


def look_up(
    *,
    actor: Actor,
    endpoint: str,
    call_id: uuid.UUID,
    tools: tuple[Tool, ...],
    asked: ToolCall,
    looking_at: Any,
    trail: uuid.UUID | None,
) -> Lookup:
    """Run the tool that the model asked for, in a read-only transaction, and audit it. What goes wrong is told to it.

    Raises:
        TypeError: the tool's own code gives back what did not come through `minimise` for the endpoint, or masked text.
    """
    begun = time.monotonic()
    arguments: dict[str, Any] = {}
    result, error = None, ""
    known = next((tool for tool in tools if tool.name == asked.name), None)
    if known is None:
        error = "There is no such tool."
    else:
        try:
            chosen = read_reply(asked.arguments, known.arguments)
        except InvalidReply as invalid:
            error = "; ".join(f"{issue['at']}: {issue['problem']}" for issue in invalid.issues)
        else:
            arguments = chosen.model_dump(mode="json")
            result = _read(known, looking_at, chosen, endpoint=endpoint)
    lookup = Lookup(
        tool=known.name if known else "",
        arguments=arguments,
        result=result,
        error=error,
        latency_ms=round(1000 * (time.monotonic() - begun)),
    )
    with transaction.atomic(durable=True):
        record(
            actor=actor,
            action="model.looked_up",
            target=ModelCall(id=call_id),
            trail=trail,
            data={"tool": lookup.tool, "found": not error},
        )
    return lookup


def remembered(lookups: Sequence[Mapping[str, Any]], asked: ToolCall) -> Lookup:
    """What the same use of the same tool found in the call that is run again. Nothing is looked up anew."""
    try:
        arguments = json.loads(asked.arguments)
    except ValueError:
        arguments = None
    for lookup in lookups:
        if (lookup["tool"], lookup["arguments"]) == (asked.name, arguments):
            return Lookup(asked.name, arguments, lookup["result"], lookup["error"], latency_ms=0)
    return Lookup("", {}, None, "This was not looked up in the call that is run again.", latency_ms=0)


def _read(known: Tool, looking_at: Any, chosen: BaseModel, *, endpoint: str) -> dict[str, Any]:
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        found = known.function(looking_at, **{name: getattr(chosen, name) for name in type(chosen).model_fields})
    if not isinstance(found, Cleared) or found.endpoint != endpoint or found.masked:
        raise TypeError(f"{known.name} gave what has not been through privacy.services.minimise for {endpoint}.")
    return dict(found)


def _check_is_closed(function: str, name: str, hint: Any) -> None:
    """Refuse a parameter whose JSON schema lets any text or any shape through."""

    def is_open(part: Any) -> bool:
        if isinstance(part, dict):
            free_text = part.get("type") == "string" and not part.keys() & {"enum", "const", "maxLength", "format"}
            free_shape = part.get("type") in {"object", "array"} and "maxItems" not in part
            return free_text or free_shape or any(is_open(item) for item in part.values())
        return isinstance(part, list) and any(is_open(item) for item in part)

    try:
        schema = TypeAdapter(hint).json_schema()
    except (ValidationError, ValueError) as error:
        raise TypeError(f"{function}.{name} has no JSON schema: {error}") from error
    if not schema.keys() - {"title", "description"} or is_open(schema):
        raise TypeError(f"{function}.{name} would take anything; bound its text or name its values.")
