"""Text that anybody may have written: shown as data, never followed.

Marking it does not make it harmless, and nothing here is relied on for that: what a model answers is checked by code.
It takes away the means that cost nothing: characters that nobody sees, and the end of the data being imitated.
"""

import json
import secrets
import unicodedata
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

# Control, format (bidirectional controls, zero-width characters, tags), surrogate, private use, unassigned.
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
KEPT = frozenset("\n\t")
LINE_ENDS = str.maketrans({"\u2028": "\n", "\u2029": "\n", "\x85": "\n"})
# Default_Ignorable_Code_Point of Unicode outside those categories: fillers, joiners and variation selectors; and the
# blank Braille pattern, which is none but looks like one.
HIDDEN = frozenset(
    map(
        chr,
        [
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ],
    )
)


def visible(text: str) -> str:
    """The text without the characters that nobody sees. Line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        for character in text.replace("\r\n", "\n").translate(LINE_ENDS)
        if character in KEPT or (unicodedata.category(character) not in HIDDEN_CATEGORIES and character not in HIDDEN)
    )


def visible_throughout(value: Any) -> Any:
    """As `visible`, for every text inside a value of JSON, keys included."""
    match value:
        case str():
            return visible(value)
        case Mapping():
            return {visible(str(key)): visible_throughout(item) for key, item in value.items()}
        case list() | tuple():
            return [visible_throughout(item) for item in value]
        case _:
            return value


def new_marker() -> str:
    """A name for a block of data that its author could not have known."""
    return f"data-{secrets.token_hex(8)}"


def fenced(data: Any, *, marker: str) -> str:
    """The data as JSON between two lines that carry the marker."""
    text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return fenced_text(text, marker=marker)


def fenced_text(text: str, *, marker: str) -> str:
    """A text between two lines that carry the marker. The text itself cannot: a marker in it is taken out.

    Nobody knows the marker before the data is sent, but what a tool gives back is asked for by a model that does.
    """
    inside = visible(text)
    while marker in inside:
        inside = inside.replace(marker, "")
    return f"<{marker}>\n{inside}\n</{marker}>"
