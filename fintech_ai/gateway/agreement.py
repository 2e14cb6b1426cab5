"""How often do the prompt in force and its challenger agree?"""

import enum
import math
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median

from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.models import CallRole, ModelCall

MOST_PAIRS = 1_000
# The two-sided 95% point of the normal distribution.
Z = 1.959964


@dataclass(frozen=True)
class Pair:
    """A call that was answered, and the challenger's call for the same question."""

    primary: ModelCall
    shadow: ModelCall
    fields: tuple[str, ...]

    @property
    def agrees(self) -> bool | None:
        """Whether the fields that count are the same; None if the challenger has no answer."""
        if self.primary.reply is None or self.shadow.reply is None:
            return None
        return self._of(self.primary) == self._of(self.shadow)

    @property
    def primary_said(self) -> str:
        return self._words(self.primary)

    @property
    def shadow_said(self) -> str:
        return self._words(self.shadow)

    def _of(self, call: ModelCall) -> list:
        return [call.reply.get(name) for name in self.fields] if self.fields else call.reply

    def _words(self, call: ModelCall) -> str:
        if call.reply is None:
            return call.get_degraded_reason_display() or "not ended"
        return ", ".join(str(value) for value in self._of(call)) if self.fields else "an answer"


@dataclass
class Contest:
    """All pairs of one prompt and one challenger."""

    primary: str
    challenger: str
    fields: tuple[str, ...]
    pairs: list[Pair] = field(default_factory=list)

    @property
    def compared(self) -> int:
        return sum(pair.agrees is not None for pair in self.pairs)

    @property
    def failed(self) -> int:
        """How often the challenger gave no answer."""
        return len(self.pairs) - self.compared

    @property
    def agreed(self) -> int:
        return sum(pair.agrees is True for pair in self.pairs)

    @property
    def share(self) -> float | None:
        """In percent; None if nothing could be compared."""
        return 100 * self.agreed / self.compared if self.compared else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share may truly lie, in percent; see `wilson`."""
        low, high = wilson(self.agreed, self.compared)
        return 100 * low, 100 * high

    @property
    def primary_ms(self) -> float | None:
        return _median(pair.primary.latency_ms for pair in self.pairs)

    @property
    def shadow_ms(self) -> float | None:
        return _median(pair.shadow.latency_ms for pair in self.pairs)

    @property
    def shadow_usd(self) -> Decimal | None:
        """What the challenger has cost, as far as that is known; None if it is of no call."""
        known = [pair.shadow.cost_usd for pair in self.pairs if pair.shadow.cost_usd is not None]
        return sum(known) if known else None


def contests(endpoints: Iterable[Endpoint]) -> list[Contest]:
    """The tenant's newest pairs, MOST_PAIRS at most, by prompt and challenger."""
    counted = {endpoint.name: closed_fields(endpoint) for endpoint in endpoints}
    shadows = ModelCall.objects.filter(role=CallRole.SHADOW).select_related("original")
    found: dict[tuple[str, str], Contest] = {}
    for shadow in shadows.order_by("-created_at", "-id")[:MOST_PAIRS]:
        fields = counted.get(shadow.endpoint, ())
        names = shadow.original.prompt_label, shadow.prompt_label
        contest = found.setdefault(names, Contest(*names, fields))
        contest.pairs.append(Pair(shadow.original, shadow, fields))
    return list(found.values())


def closed_fields(endpoint: Endpoint) -> tuple[str, ...]:
    """The fields of an answer that are chosen from a list. Answers agree if these are the same: words may differ."""

    def is_closed(hint: object) -> bool:
        if isinstance(hint, type):
            return issubclass(hint, bool | enum.Enum)
        return typing.get_origin(hint) is typing.Literal

    return tuple(name for name, known in endpoint.schema.model_fields.items() if is_closed(known.annotation))


def wilson(agreed: int, compared: int) -> tuple[float, float]:
    """The 95% interval of a share, sound for small numbers too (Wilson 1927, score interval)."""
    if not compared:
        return 0.0, 1.0
    share, z2 = agreed / compared, Z * Z
    middle = (share + z2 / (2 * compared)) / (1 + z2 / compared)
    half = Z / (1 + z2 / compared) * math.sqrt(share * (1 - share) / compared + z2 / (4 * compared * compared))
    return max(0.0, middle - half), min(1.0, middle + half)


def _median(values: Iterable[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
