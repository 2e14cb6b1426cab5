"""What may a reply look like? A pydantic schema becomes the strict JSON schema that is sent, and reads what comes back.

Strict output of OpenAI and Azure knows a part of JSON Schema only, and servers of one's own know other parts. So the
little that all of them know is sent, what is lost is said in words, and every rule is enforced here afterwards.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import pydantic_core
from pydantic import BaseModel, ValidationError

from fintech_ai.privacy.redaction import rehydrate

T = TypeVar("T", bound=BaseModel)

SENT = ("type", "description", "enum", "const", "required", "additionalProperties")
IN_WORDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "multipleOf": "a multiple of {}",
    "minLength": "{} or more characters",
    "maxLength": "{} or fewer characters",
    "minItems": "{} or more items",
    "maxItems": "{} or fewer items",
    "format": "as {}",
}
MAX_ISSUES = 20


class InvalidReply(Exception):
    """The reply does not fit the schema. `issues` say where and why, for the repair; they quote no value."""

    def __init__(self, issues: list[dict[str, Any]]):
        super().__init__("The reply does not fit the schema.")
        self.issues = issues


@cache
def strict_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `schema` in the dialect of strict output.

    Raises:
        ValueError: the schema cannot be said in it: its root is no object, or it holds free mappings.
    """
    whole = schema.model_json_schema()
    strict = _strict(whole, schema.__name__)
    if strict.get("type") != "object":
        raise ValueError(f"{schema.__name__} cannot be sent: its root must be an object.")
    definitions = {name: _strict(part, name) for name, part in whole.get("$defs", {}).items()}
    return {**strict, "$defs": definitions} if definitions else strict


def read_reply(text: str, schema: type[T]) -> T:
    """The reply as an object that keeps every rule of the schema. Raises InvalidReply."""
    try:
        # Infinity, NaN and NUL are no JSON that a database takes.
        pydantic_core.from_json(text, allow_inf_nan=False)
        value = schema.model_validate_json(text)
    except ValidationError as error:
        raise InvalidReply(_issues(error)) from None
    except ValueError:
        raise InvalidReply([{"at": "", "problem": "it is not one JSON object"}]) from None
    if "\\u0000" in value.model_dump_json():
        raise InvalidReply([{"at": "", "problem": "it holds a NUL character"}])
    return value


def as_stored(value: BaseModel) -> Any:
    """The validated reply as JSON, from which `restored` makes the same object again."""
    return json.loads(value.model_dump_json())


def restored(stored: Any, schema: type[T]) -> T:
    """The object that was stored. Raises ValidationError if the schema has changed since."""
    return schema.model_validate_json(json.dumps(stored))


def rehydrated(value: T, replacements: Mapping[str, str]) -> T:
    """The answer with its placeholders put back. The rules of the schema held for what the model said, and are not
    asked again: a name may be longer than its placeholder."""
    if not replacements:
        return value
    return _rehydrated(value, replacements)


def _rehydrated(value: Any, replacements: Mapping[str, str]) -> Any:
    match value:
        case BaseModel():
            fields = {name: _rehydrated(item, replacements) for name, item in value}
            return value.model_copy(update=fields)
        case str():
            return rehydrate(value, replacements)
        case list() | tuple():
            return type(value)(_rehydrated(item, replacements) for item in value)
        case _:
            return value


def _strict(part: Mapping[str, Any], where: str) -> dict[str, Any]:
    if "$ref" in part:
        reference = {"$ref": part["$ref"]}
        return {"anyOf": [reference], "description": part["description"]} if "description" in part else reference
    strict = {keyword: part[keyword] for keyword in SENT if keyword in part}
    if variants := part.get("anyOf") or part.get("oneOf"):
        strict["anyOf"] = [_strict(variant, where) for variant in variants]
    if "items" in part:
        strict["items"] = _strict(part["items"], where)
    if part.get("type") == "object":
        if "properties" not in part or isinstance(part.get("additionalProperties"), Mapping):
            raise ValueError(f"{where} cannot be sent: strict output has no mappings with free keys.")
        strict["properties"] = {name: _strict(value, f"{where}.{name}") for name, value in part["properties"].items()}
        strict["required"] = list(part["properties"])
        strict["additionalProperties"] = False
    elif not strict.keys() & {"type", "anyOf", "enum", "const"}:
        raise ValueError(f"{where} cannot be sent: strict output needs a type.")
    if rules := [words.format(part[keyword]) for keyword, words in IN_WORDS.items() if keyword in part]:
        strict["description"] = "; ".join(filter(None, [part.get("description"), *rules]))
    return strict


def _issues(error: ValidationError) -> list[dict[str, Any]]:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [
        {"at": "/".join(str(step) for step in issue["loc"]), "problem": issue["msg"]} for issue in found[:MAX_ISSUES]
    ]
