"""The values that the record knows, and the search for every spelling of them that can be derived."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property

from .detection.folding import Folded, extent, fold
from .spans import Span
from .spellings import Needle, spellings_of


@dataclass(frozen=True, repr=False)
class KnownValues:
    """What the record says about the people in it, as stored. The order of a name's parts does not matter.

    `birth_dates` are dates or ISO texts, `region` (ISO 3166, two letters) tells how a phone number without its
    country is meant. `others` are masked as they stand: user names, references, anything else.
    """

    names: Sequence[str] = ()
    organizations: Sequence[str] = ()
    cards: Sequence[str] = ()
    accounts: Sequence[str] = ()
    identifiers: Sequence[str] = ()
    emails: Sequence[str] = ()
    phones: Sequence[str] = ()
    addresses: Sequence[str] = ()
    birth_dates: Sequence[date | str] = ()
    others: Sequence[str] = ()
    region: str = "US"

    @cached_property
    def needles(self) -> list[Needle]:
        """All spellings, the longest first."""
        found: dict[tuple[str, tuple[int, ...]], Needle] = {}
        for field in fields(self):
            if field.name == "region":
                continue
            for number, value in enumerate(getattr(self, field.name)):
                for needle in spellings_of(field.name, value, owner=f"{field.name} {number}", region=self.region):
                    kept = found.get((needle.text, needle.breaks))
                    if kept is None or needle.looser_than(kept):
                        found[needle.text, needle.breaks] = needle
        return sorted(found.values(), key=lambda needle: -len(needle.text))

    def spans_in(self, text: str) -> list[Span]:
        """Where any spelling of any value stands in the text, longest first."""
        if not text or not self.needles:
            return []
        readings = [fold(text)]
        if not text.isascii():
            readings.append(fold(text, by_sight=True))
        return [span for needle in self.needles for folded in readings for span in _find(needle, text, folded)]

    def occurs_in_number(self, number: int | float) -> bool:
        """Whether a card, account, phone or identifier stands in a bare number."""
        digits = "".join(character for character in str(number) if character.isdigit())
        return any(needle.text in digits for needle in self.needles if needle.text.isdigit() and len(needle.text) >= 6)


def _find(needle: Needle, text: str, folded: Folded) -> Iterable[Span]:
    start = folded.text.find(needle.text)
    while start >= 0:
        end = start + len(needle.text)
        if needle.allows(text, folded, start, end):
            yield Span(*extent(text, folded, start, end), needle.kind, needle.owner)
        start = folded.text.find(needle.text, start + 1)
