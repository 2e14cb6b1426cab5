"""What every provider asks of a request: its shape, and the dialect of JSON Schema that strict output knows."""

from collections.abc import Mapping
from typing import Any


def problem_with(body: Any) -> str:
    """Why a provider would refuse this request, "" if it would not: the shape, and the rules of strict output.

    The shape in all its detail is for tests/support/published.py; this is what every test can afford.
    """
    try:
        assert body["model"] and body["messages"]
        assert all(message["role"] in {"system", "user", "assistant", "tool"} for message in body["messages"])
        schemas = [
            tool["input_schema"] if "input_schema" in tool else _strict_tool(tool) for tool in body.get("tools", ())
        ]
        if "output_config" in body:
            assert body["max_tokens"] and body["output_config"]["format"]["type"] == "json_schema"
            assert all(tool["strict"] is True for tool in body.get("tools", ()))
            schemas.append(body["output_config"]["format"]["schema"])
        else:
            wanted = body["response_format"]["json_schema"]
            assert body["response_format"]["type"] == "json_schema" and wanted["strict"] is True and wanted["name"]
            schemas.append(wanted["schema"])
        return "; ".join(problem for schema in schemas for problem in _strict_problems(schema, ""))
    except (AssertionError, KeyError, TypeError) as bad:
        return f"{type(bad).__name__} {bad}"


def _strict_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    assert tool["type"] == "function" and tool["function"]["strict"] is True
    return tool["function"]["parameters"]


ALLOWED = set("type description enum const anyOf items properties required additionalProperties $ref $defs".split())


def _strict_problems(schema: Mapping[str, Any], where: str) -> list[str]:
    problems = [f"{where}: {keyword} is not permitted" for keyword in schema.keys() - ALLOWED]
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            problems.append(f"{where}: additionalProperties must be false")
        if set(schema.get("required", [])) != set(schema["properties"]):
            problems.append(f"{where}: every property must be required")
    if not schema.keys() & {"type", "anyOf", "$ref", "enum", "const"}:
        problems.append(f"{where}: no type")
    parts = {**schema.get("properties", {}), **schema.get("$defs", {})}
    if "items" in schema:
        parts["[]"] = schema["items"]
    parts |= {f"anyOf{number}": variant for number, variant in enumerate(schema.get("anyOf", []))}
    return problems + [problem for name, part in parts.items() for problem in _strict_problems(part, f"{where}/{name}")]


def sample_of(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """The simplest value that fits a strict JSON schema: first choices, empty lists, zeros."""
    root = root or schema
    if "$ref" in schema:
        return sample_of(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema:
        return sample_of(schema["anyOf"][0], root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {name: sample_of(part, root) for name, part in schema["properties"].items()}
    return {"array": [], "string": "text", "integer": 0, "number": 0, "boolean": False, "null": None}[schema["type"]]
