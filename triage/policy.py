"""What follows from a risk: pure functions, the same for the baseline and for a model."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from fintech_ai.cases.models import NO_VIEW


class Verdict(StrEnum):
    """What a recommendation may say, from the least to the most severe."""

    CLEAR = "clear"
    REVIEW = NO_VIEW
    ESCALATE = "escalate"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        return SEVERITY.index(self)


SEVERITY = tuple(Verdict)

# From which risk on. tests/benchmarks/triage.py measures what share of each band turned out to be fraud.
REVIEW_FROM, ESCALATE_FROM, BLOCK_FROM = 10, 65, 95
FLOOR = {Verdict.CLEAR: 0, Verdict.REVIEW: REVIEW_FROM, Verdict.ESCALATE: ESCALATE_FROM, Verdict.BLOCK: BLOCK_FROM}


@dataclass(frozen=True)
class Bounds:
    """From which risk on each verdict is recommended; each at least the one before."""

    review: int = REVIEW_FROM
    escalate: int = ESCALATE_FROM
    block: int = BLOCK_FROM


# Blocking is against the customer, so one signal alone never proposes it.
SIGNALS_TO_BLOCK = 2
IN_FORCE = Bounds()


def verdict(*, risk: int, signals: Collection[str], enough_history: bool, bounds: Bounds = IN_FORCE) -> Verdict:
    """The decision to recommend at this risk (0 to 100), given the codes of the signals that hold.

    Nothing is cleared for a customer whose pattern is not known.
    """
    if risk >= bounds.block and len(signals) >= SIGNALS_TO_BLOCK:
        return Verdict.BLOCK
    if risk >= bounds.escalate:
        return Verdict.ESCALATE
    if risk >= bounds.review or not enough_history:
        return Verdict.REVIEW
    return Verdict.CLEAR


def raised(*, least: Verdict, said: Verdict, signals: Collection[str]) -> Verdict:
    """What becomes of a decision when a model says otherwise: never less, and more only with evidence.

    `signals` are the codes of the signals that the model gave and that were found supported.
    """
    if said.severity <= least.severity or not signals:
        return least
    if said == Verdict.BLOCK and len(signals) < SIGNALS_TO_BLOCK:
        return Verdict.ESCALATE
    return said
