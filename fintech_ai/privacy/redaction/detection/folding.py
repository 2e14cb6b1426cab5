"""A text reduced to what a reader takes it for, with the way back to each of its characters.

Two readings, since one alphabet hides in another in two ways: by sound (`Иванов` is Ivanov) and by sight
(`Ѕmіth`, with Cyrillic letters, is Smith). Both drop accents, case, width, ornament and characters that nobody sees.
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from anyascii import anyascii

# Letters that look like a Latin one but are none by compatibility (Unicode Technical Standard 39, its common cases).
_LOOKALIKES = {
    look: letter
    for looks, letters in (
        ("аАвВсСԁеЕһНіІјЈкКӏӀмМоОрРԛѕЅтТуУѵѴԝхХҮүгпЗзбЬь", "aabbccdeehhiijjkkllmmooppqssttyyvvwxxyyrn336bb"),
        ("αΑβΒϲϹεΕΖηΗιΙκΚνΝοΟρΡτΤυΥχΧΜμωσγ", "aabbcceeznhiikkvnooppttuyxxmuwoy"),
        (
            "ıłŁøØđĐħŧɡɑոօցՏՍհաʏʀɴɪʟᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱꓢꓐᎪᏟᎬᎻᎷᏢᎢᏚᏔᏃᏦᏞᏴ",
            "illooddhtganogsuhwyrnilacdejkmoptuvwzssbacehmptswzklb",
        ),
    )
    for look, letter in zip(looks, letters, strict=True)
}
_HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u00ad")


class Folded(NamedTuple):
    """Lower-case letters, digits and (if asked for) separators, and for each the place that it came from."""

    text: str
    places: list[int]


@lru_cache(maxsize=8192)
def _plain(character: str, by_sight: bool) -> str:
    """The letters and digits that a character stands for; "" for all else."""
    if by_sight and character in _LOOKALIKES:
        return _LOOKALIKES[character]
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    parts = [part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)]
    if by_sight:
        parts = [_LOOKALIKES.get(part, part) for part in parts]
    letters = "".join(part if part.isascii() else anyascii(part) if part.isalnum() else "" for part in parts)
    return "".join(letter for letter in letters.casefold() if letter.isalnum())


@lru_cache(maxsize=8192)
def is_hidden(character: str) -> bool:
    """True of what takes no room of its own: format characters, fillers, variation selectors, accents, controls."""
    if character in "\n\t\r":
        return False
    return character in _HIDDEN or unicodedata.category(character) in {"Cf", "Mn", "Me", "Cc"}


def fold(text: str, *, by_sight: bool = False, separators: bool = False) -> Folded:
    """The text as letters and digits. A character that folds to several keeps its place for each."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isascii():
            plain = character.lower() if character.isalnum() else ""
        else:
            plain = _plain(character, by_sight)
        if not plain and separators and not is_hidden(character):
            plain = unicodedata.normalize("NFKC", character)[:1] if not character.isascii() else character
        if plain:
            letters.append(plain)
            places.extend([place] * len(plain))
    return Folded("".join(letters), places)


def extent(text: str, folded: Folded, start: int, end: int) -> tuple[int, int]:
    """The part of the text that `folded.text[start:end]` came from, with the accents that follow its last letter."""
    first, last = folded.places[start], folded.places[end - 1] + 1
    while last < len(text) and is_hidden(text[last]):
        last += 1
    return first, last
