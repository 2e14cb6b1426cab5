"""How a text becomes the model's input: word pieces, and the shape of the word that each belongs to.

The vocabulary is BERT's: uncased, without line breaks. Both say much about names and addresses, so they are
given beside it: one small number for each piece.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

# Where a word is divided: everything that is not a letter or digit stands alone.
WORD = re.compile(r"[^\W_]+|[^\w\s]|_")

LOWER, TITLE, UPPER, MIXED, DIGIT, SIGN = range(6)
SHAPES = 12  # each of the six, elsewhere or first on its line
UNKNOWN, BEGINNING, END = "[UNK]", "[CLS]", "[SEP]"


class Pieces(NamedTuple):
    """A text's word pieces: their numbers, the shapes of their words, and their places in the text."""

    ids: list[int]
    shapes: list[int]
    places: list[tuple[int, int]]


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, int]:
    """The number of each word piece."""
    lines = (Path(__file__).parent / "weights" / "vocab.txt").read_text("utf-8").splitlines()
    return {piece: number for number, piece in enumerate(lines)}


def pieces_of(text: str) -> Pieces:
    """Divide a text as BERT's uncased tokenizer does, and look at how each word is written."""
    form_at = _shapes(text)
    ids, forms, places = [], [], []
    for letters, origins in _words(text):
        for number, start, end in _divided("".join(letters)):
            ids.append(number)
            places.append((origins[start], origins[end - 1] + 1))
            forms.append(form_at.get(origins[start], 0))
    return Pieces(ids, forms, places)


def _words(text: str) -> Iterator[tuple[list[str], list[int]]]:
    """Words in plain letters, with the place of each letter."""
    letters: list[str] = []
    origins: list[int] = []
    for place, character in enumerate(text):
        kind = _kind(character)
        if kind != "letter" and kind != "nothing" and letters:
            yield letters, origins
            letters, origins = [], []
        if kind == "sign":
            yield [character], [place]
        elif kind == "letter":
            plain = _plain(character)
            letters.extend(plain)
            origins.extend([place] * len(plain))
    if letters:
        yield letters, origins


@lru_cache(maxsize=8192)
def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if character in "\t\n\r" or category == "Zs":
        return "space"
    if category.startswith("C") or character == "\ufffd":
        return "nothing"
    ideograph = (
        "\u3400" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\U00020000" <= character <= "\U0002fa1f"
    )
    sign = category.startswith("P") or (character.isascii() and not character.isalnum())
    return "sign" if sign or ideograph else "letter"


@lru_cache(maxsize=8192)
def _plain(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    return "".join(part for part in parts if unicodedata.category(part) != "Mn").lower()


@lru_cache(maxsize=32768)
def _divided(word: str) -> tuple[tuple[int, int, int], ...]:
    """The longest pieces from the left: number, start, end. A word that cannot be divided is one unknown piece."""
    known, found, start = vocabulary(), [], 0
    if len(word) > 100:
        return ((known[UNKNOWN], 0, len(word)),)
    while start < len(word):
        for end in range(len(word), start, -1):
            number = known.get(("##" if start else "") + word[start:end])
            if number is not None:
                break
        else:
            return ((known[UNKNOWN], 0, len(word)),)
        found.append((number, start, end))
        start = end
    return tuple(found)


def _shapes(text: str) -> dict[int, int]:
    """The shape of the word at each place."""
    found: dict[int, int] = {}
    for word in WORD.finditer(text):
        before = text[max(0, word.start() - 8) : word.start()]
        first = "\n" in before and not any(character.isalnum() for character in before.rsplit("\n", 1)[1])
        value = _shape(word[0]) + (6 if first or word.start() == 0 else 0)
        found.update(dict.fromkeys(range(*word.span()), value))
    return found


def _shape(word: str) -> int:
    if any(character.isdigit() for character in word):
        return DIGIT
    if not word[0].isalpha():
        return SIGN
    if word.islower():
        return LOWER
    if word.isupper() and len(word) > 1:
        return UPPER
    return TITLE if (word[0].isupper() and word[1:].islower()) or len(word) == 1 else MIXED
