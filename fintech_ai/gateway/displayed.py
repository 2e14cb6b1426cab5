"""Text that anybody may have written, as it is put on a page for a person to read."""

import json
from typing import Any

from fintech_ai.privacy.untrusted import visible


def displayed(text: str) -> str:
    """The text with each character that nobody sees written out, ⟨U+202E⟩, so that none can hide or turn the rest."""
    if visible(text) == text:
        return text
    return "".join(character if visible(character) == character else f"⟨U+{ord(character):04X}⟩" for character in text)


def displayed_value(value: Any) -> str:
    """A value of an answer: text and numbers as they are, lists with one item to a line, the rest as JSON."""
    if value is None:
        return "—"
    if isinstance(value, list):
        return "\n".join(map(displayed_value, value)) or "none"
    if isinstance(value, str):
        return displayed(value)
    return displayed(json.dumps(value, ensure_ascii=False))
