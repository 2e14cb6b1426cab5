"""What may be asked of a model: each endpoint has a prompt in versions, a schema for its answer, and its tools.

A capability registers its endpoints once, from its AppConfig.ready().
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from fintech_ai.gateway import prompts
from fintech_ai.gateway.prompts import Prompt
from fintech_ai.gateway.providers.protocol import ToolSpec
from fintech_ai.gateway.replies import strict_schema
from fintech_ai.gateway.tools import Tool

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Endpoint(Generic[T]):
    """One thing that is asked.

    Args:
        name: "<package>.<what>", as the privacy catalogue lists it; its prompts are <package>/prompts/<what>-v<N>.md.
        version: of the prompt, where the tenant has not chosen another.
        schema: what the model may say.
        tools: what it may look up.
        stream: whether the reply is streamed, so that the time to its first token is known.
    """

    name: str
    version: int
    schema: type[T]
    tools: tuple[Tool, ...] = ()
    stream: bool = False

    def prompt(self, version: int | None = None) -> Prompt:
        """A version of the prompt. Raises ImproperlyConfigured if there is no such file."""
        package, what = self.name.split(".")
        return prompts.load(package, f"{what}-v{version or self.version}")

    def versions(self) -> list[int]:
        """All versions that exist as files, the oldest first."""
        package, what = self.name.split(".")
        found = (
            re.fullmatch(rf"{what}-v(\d+)\.md", file.name) for file in files(package).joinpath("prompts").iterdir()
        )
        return sorted(int(match[1]) for match in found if match)

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """The answer's schema as it is sent. Raises ValueError if strict output cannot say it."""
        return strict_schema(self.schema)

    @cached_property
    def schema_sha256(self) -> str:
        """Of the answer's schema as JSON with sorted keys."""
        return hashlib.sha256(json.dumps(self.json_schema, sort_keys=True).encode()).hexdigest()

    @cached_property
    def tool_specs(self) -> tuple[ToolSpec, ...]:
        """The tools as they are told to a provider."""
        return tuple(tool.spec for tool in self.tools)

    @cached_property
    def fixed_bytes(self) -> int:
        """The size of what goes with each question beside its messages."""
        told = [self.json_schema, *([spec.name, spec.description, spec.schema] for spec in self.tool_specs)]
        return len(json.dumps(told))


_registered: dict[str, Endpoint] = {}


def register(endpoint: Endpoint) -> None:
    """Make an endpoint known to the pages and commands that deal with all of them."""
    _registered[endpoint.name] = endpoint


def endpoint_named(name: str) -> Endpoint:
    """The endpoint called `name`. Raises KeyError if none registered itself so."""
    return _registered[name]


def all_endpoints() -> tuple[Endpoint, ...]:
    """Every registered endpoint, in the order of registration."""
    return tuple(_registered.values())
