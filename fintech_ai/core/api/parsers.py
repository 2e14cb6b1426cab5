"""JSON as RFC 8259 means it, read with the size known beforehand."""

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DEPTH = 20
MAX_DIGITS = 1_000


class StrictJSONParser(JSONParser):
    """Refuses what lenient readers let pass: NaN, a name given twice, text that is not UTF-8, endless nesting.

    Raises ParseError with line and column, or RequestDataTooBig beyond the setting DATA_UPLOAD_MAX_MEMORY_SIZE.
    """

    def parse(self, stream, media_type=None, parser_context=None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise RequestDataTooBig
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ParseError(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
        try:
            value = json.loads(
                text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant, parse_int=_whole_number
            )
        except json.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error.msg}, line {error.lineno}, column {error.colno}.") from None
        except RecursionError:
            raise ParseError(f"The body is nested too deep: at most {MAX_DEPTH} levels are read.") from None
        _check_depth(value)
        return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen = set()
        repeated = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise ParseError(f"The name {repeated!r} is given twice in one object.")
    return value


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ParseError(f"The body holds a number of more than {MAX_DIGITS} digits.")
    return int(digits)


def _refuse_constant(name: str) -> None:
    raise ParseError(f"{name} is not a JSON number.")


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ParseError(f"The body is nested too deep: at most {MAX_DEPTH} levels are read.")
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
