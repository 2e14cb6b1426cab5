"""Numbers that look like somebody's and are a machine's: terminals, merchant categories, codes of messages.

They say where and how a payment was made, not by whom, and notes on payments are hard to weigh without them. Only the
number right after its word is meant, and only as long as such numbers are: nine digits after "terminal" are masked.
"""

import re
from collections.abc import Iterable, Iterator

_NAMED = r"(?: ?(?:id|no|nr|number|code|#))?\.?[:#]? {0,2}"
_NUMBERS = tuple(
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (
        # ISO 18245: four digits.
        rf"\b(?:mcc|merchant category|category code){_NAMED}(?P<number>\d{{4}})(?![\w-])",
        # ISO 8583 field 41: eight characters.
        rf"\b(?:terminal|atm|cash machine|till|pos){_NAMED}(?P<number>(?=[a-z-]{{0,4}}\d)[a-z0-9-]{{1,8}})(?![\w-])",
        # ISO 8583 fields 11, 22, 38, 39, and the reason codes of card schemes.
        rf"\b(?:stan|trace|batch|entry mode|(?:response|reason|action|auth) code|eci|avs){_NAMED}"
        r"(?P<number>\d{1,6}(?:\.\d)?)(?![\w-])",
    )
)

Found = tuple[int, int, str]


def nobodys(text: str) -> list[tuple[int, int]]:
    """Where such numbers stand."""
    return [match.span("number") for pattern in _NUMBERS for match in pattern.finditer(text)]


def without(found: Iterable[Found], places: list[tuple[int, int]]) -> Iterator[Found]:
    """The finds, less what stands at those places."""
    for begin, end, kind in found:
        for first, last in sorted(places):
            if last <= begin or first >= end:
                continue
            if begin < first:
                yield begin, first, kind
            begin = last
        if begin < end:
            yield begin, end, kind
