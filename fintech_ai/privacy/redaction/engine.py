"""Masks personal data before a text leaves, and puts it back into the answer."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .detection.folding import fold
from .errors import RedactionFailed
from .known import KnownValues
from .process import detect
from .spans import Span, merged
from .spellings import ORDINARY

# A placeholder: what kind of thing, which of them, and (from the second on) in which of its spellings.
PLACEHOLDER = re.compile(r"⟦[A-Z]+_\d+(?:\.\d+)?⟧")
# The brackets are ours alone: one in the text itself is masked. So are the invisible letters of Unicode's tags.
RESERVED = re.compile("[⟦⟧\U000e0000-\U000e007f]+")

NOTHING_KNOWN = KnownValues()


@dataclass(frozen=True)
class Redaction:
    """A content that may leave, and what its placeholders stand for. Its `repr` shows neither."""

    content: Any = field(repr=False)
    replacements: Mapping[str, str] = field(repr=False)
    counts: Mapping[str, int]


class Masking:
    """Masks the contents of one call, one after another: a value has one placeholder throughout.

    `counts` says how many different values of each kind were masked: this much may be logged.
    """

    def __init__(self, *, known: KnownValues = NOTHING_KNOWN, seconds: float = 10.0):
        self.known = known
        self.seconds = seconds
        self._placeholders = _Placeholders()

    def masked(self, content: Any, *, search: bool = True) -> Any:
        """Mask the texts of a JSON value (its keys are the caller's own words and stay).

        With `search` off only what the record knows is masked, and only in texts with a letter in them: numbers are
        then figures, whatever an identifier looks like.

        Raises RedactionFailed when the texts could not be searched in time, or a bare number holds a known value.
        """
        if not search:
            return _mapped(content, self._known_only)
        texts = list(_texts(content, self.known))
        found = detect(texts, seconds=self.seconds) if any(map(str.strip, texts)) else [[] for _ in texts]
        masked = iter(
            [
                self._placeholders.mask(text, _spans(text, self.known, more))
                for text, more in zip(texts, found, strict=True)
            ]
        )
        return _mapped(content, lambda _: next(masked))

    @property
    def replacements(self) -> Mapping[str, str]:
        return self._placeholders.replacements

    @property
    def counts(self) -> dict[str, int]:
        return self._placeholders.counts

    def _known_only(self, text: str) -> str:
        if not any(map(str.isalpha, text)):
            return text
        return self._placeholders.mask(text, _spans(text, self.known, []))


def redact(content: Any, *, known: KnownValues = NOTHING_KNOWN, seconds: float = 10.0) -> Redaction:
    """Mask all personal data in the texts of a JSON value, as `Masking` does for several.

    One value has one placeholder throughout. `rehydrate(redaction.content, redaction.replacements) == content`, always.
    Raises RedactionFailed when the texts could not be searched within `seconds`, or a bare number holds a known value.
    """
    masking = Masking(known=known, seconds=seconds)
    masked = masking.masked(content)
    return Redaction(content=masked, replacements=masking.replacements, counts=masking.counts)


def rehydrate(content: Any, replacements: Mapping[str, str]) -> Any:
    """Put the values back into the texts of a JSON value, keys included. An unknown placeholder stays as it is."""

    def restored(text: str) -> str:
        return PLACEHOLDER.sub(lambda match: replacements.get(match[0], match[0]), text)

    return _mapped(content, restored, keys=True)


def _spans(text: str, known: KnownValues, found: list[Span]) -> list[Span]:
    """Reserved characters, then what the record knows, whole; the rest where it is not already masked."""
    reserved = [Span(*match.span(), "TEXT") for match in RESERVED.finditer(text)]
    sure = merged([*reserved, *known.spans_in(text)])
    rest = [
        piece
        for span in merged(found)
        for piece in _without(span, sure)
        if piece[:2] == span[:2] or _says_something(text, piece)
    ]
    return sorted([*sure, *rest])


def _without(span: Span, others: list[Span]) -> Iterator[Span]:
    """The parts of a span that none of the others covers."""
    start = span.start
    for other in others:
        if other.end <= start or other.start >= span.end:
            continue
        if other.start > start:
            yield Span(start, other.start, span.kind)
        start = other.end
    if start < span.end:
        yield span._replace(start=start)


def _says_something(text: str, span: Span) -> bool:
    """Whether more than signs and joining words ("and") is there: such remain between known values."""
    return any(word not in ORDINARY for word in re.findall(r"[^\W_]+", text[span.start : span.end].lower()))


class _Placeholders:
    """Numbers values by kind, and the spellings of each value."""

    def __init__(self):
        self.replacements: dict[str, str] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._spellings: dict[tuple[str, int], dict[str, str]] = {}
        self._used: Counter = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """How many different values of each kind there are."""
        return dict(sorted(Counter(kind for kind, _ in self._numbers).items()))

    def mask(self, text: str, spans: list[Span]) -> str:
        parts, done = [], 0
        for span in spans:
            parts += [text[done : span.start], self._for(span, text[span.start : span.end])]
            done = span.end
        return "".join([*parts, text[done:]])

    def _for(self, span: Span, written: str) -> str:
        value = (span.kind, span.value or fold(written).text or written)
        if value not in self._numbers:
            self._used[span.kind] += 1
            self._numbers[value] = self._used[span.kind]
        number = self._numbers[value]
        spellings = self._spellings.setdefault((span.kind, number), {})
        if written not in spellings:
            spelling = f".{len(spellings) + 1}" if spellings else ""
            spellings[written] = f"⟦{span.kind}_{number}{spelling}⟧"
            self.replacements[spellings[written]] = written
        return spellings[written]


def _texts(content: Any, known: KnownValues) -> Iterator[str]:
    match content:
        case str():
            yield content
        case Mapping():
            for value in content.values():
                yield from _texts(value, known)
        case list() | tuple():
            for value in content:
                yield from _texts(value, known)
        case int() | float() if known.occurs_in_number(content):
            raise RedactionFailed("A bare number holds a known value; give it as text.")


def _mapped(content: Any, change, *, keys: bool = False) -> Any:
    match content:
        case str():
            return change(content)
        case Mapping():
            return {
                change(k) if keys and isinstance(k, str) else k: _mapped(v, change, keys=keys)
                for k, v in content.items()
            }
        case list() | tuple():
            return [_mapped(value, change, keys=keys) for value in content]
        case _:
            return content
