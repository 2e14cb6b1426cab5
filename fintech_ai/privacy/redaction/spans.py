"""Stretches of a text that are personal data."""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """`text[start:end]` is of `kind`. `value` names the thing meant, so that its spellings share a number."""

    start: int
    end: int
    kind: str
    value: str = ""


def merged(spans: Iterable[Span]) -> list[Span]:
    """Disjoint spans in order that cover all that the given ones cover.

    Overlapping ones become one, of the kind of the first given (so give the surest first). It keeps that one's value
    where it reaches no further, or where all mean the same.
    """
    ranked = list(enumerate(spans))
    ranked.sort(key=lambda item: (item[1].start, item[0]))
    found: list[tuple[int, Span]] = []
    for rank, span in ranked:
        if span.end <= span.start:
            continue
        if not found or span.start >= found[-1][1].end:
            found.append((rank, span))
            continue
        held_rank, held = found[-1]
        best_rank, best = (held_rank, held) if held_rank < rank else (rank, span)
        whole = (min(held.start, span.start), max(held.end, span.end))
        value = best.value if whole == (best.start, best.end) or held.value == span.value else ""
        found[-1] = best_rank, Span(*whole, best.kind, value)
    return [span for _, span in found]
