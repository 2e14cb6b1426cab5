"""What triage answers without a model: an additive score over the reason codes, the same every time.

Each code that holds adds its log-odds, so that every point of risk belongs to a claim that can be recomputed. A signal
never lowers the risk and an exculpatory code never raises it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from triage.codes import CATALOGUE, Code, Kind
from triage.codes.missing import missing_from
from triage.features import Features
from triage.policy import IN_FORCE, Bounds, Verdict, verdict

BASELINE_VERSION = 1
MAX_DOUBLINGS = 3


@dataclass(frozen=True)
class Weight:
    """Log-odds of a code: `at_rule` when its rule just holds, and more for each time its measure doubles beyond."""

    at_rule: float
    per_doubling: float = 0
    beyond: Callable[[Features], float] | None = None

    def points(self, features: Features) -> float:
        if self.beyond is None:
            return self.at_rule
        doublings = min(math.log2(max(1, self.beyond(features))), MAX_DOUBLINGS)
        return self.at_rule + self.per_doubling * doublings


def _burst(f: Features) -> float:
    return float((f.amount_24h + f.amount) / max(5 * f.amount_30d / 30, f.percentile_99 or Decimal(1)))


# Log-odds of fraud of an alerted payment of which no code holds.
BASE = -2.8
# Fitted by logistic regression on the Sparkov sample, 31 January to 28 February 2019, with the signs held (benchmark
# `triage` measures them on the weeks after). No device, 3-D Secure, transfer or foreign payment is in that sample.
MEASURED = {
    "amount_out_of_pattern": Weight(1.2, 0.3, lambda f: (f.ratio_to_median or 0) / 3),
    "new_category": Weight(2.5),
    "velocity": Weight(2.3, 1.2, lambda f: (f.payments_1h + 1) / 4),
    "spending_burst": Weight(1.8, 0.8, _burst),
    "unusual_hour": Weight(2.5),
    "merchant_risk": Weight(0.3, 0.6, lambda f: f.merchant_fraud_share / 10),
    "usual_amount": Weight(-0.9),
    "usual_hour": Weight(-0.9),
    "known_merchant": Weight(-0.5),
}
# Judged, in the same unit, where the sample says nothing; 0.7 doubles the odds.
JUDGED = {
    "amount_out_of_category": Weight(0.3),
    "amount_above_range": Weight(0.3),
    "recent_fraud_on_customer": Weight(0.7),
    "new_device": Weight(1.4),
    "shared_device": Weight(1.0),
    "linked_to_fraud": Weight(3.0),
    "impossible_travel": Weight(1.4),
    "far_from_home": Weight(0.7),
    "new_country": Weight(1.0),
    "ip_country_mismatch": Weight(0.7),
    "authentication_failed": Weight(2.0),
    "stripe_fallback": Weight(1.4),
    "new_payee": Weight(1.0),
    "round_amount": Weight(0.3),
    "known_device": Weight(-0.7),
    "authenticated": Weight(-1.0),
    "insufficient_history": Weight(2.0),
}
WEIGHTS: Mapping[str, Weight] = {**MEASURED, **JUDGED}


@dataclass(frozen=True)
class Band:
    """What became of alerts whose risk was at least `risk_from`: `frauds` of `alerts`."""

    risk_from: int
    alerts: int
    frauds: int

    @property
    def share(self) -> float:
        return self.frauds / self.alerts


# Measured by benchmark `triage` on the alerts of 8 to 31 March 2019 of the Sparkov sample, after the weights were set.
CALIBRATION = (Band(0, 413, 3), Band(10, 813, 145), Band(65, 335, 94), Band(90, 108, 45), Band(95, 287, 205))


# Where a chance of fraud stands on the scale of risks: the bounds of the bands lie between the shares that were
# measured in them (geometric means), so that a risk means the same whoever found it.
RISK_OF_CHANCE = ((0.0, 0), (0.036, 10), (0.224, 65), (0.342, 90), (0.546, 95), (1.0, 100))


@dataclass(frozen=True)
class Score:
    """Risk of one payment. `points` holds the log-odds of each code that holds.

    `chance` is the probability of fraud by the tenant's own trained model; None where it has none.
    """

    points: Mapping[str, float]
    risk: int
    decision: Verdict
    confidence: Decimal
    chance: float | None = None

    @property
    def codes(self) -> list[Code]:
        """The codes that hold: signals first, the strongest of each kind first."""
        order = list(Kind)
        return sorted(
            (CATALOGUE[code] for code in self.points),
            key=lambda code: (order.index(code.kind), -abs(self.points[code.code])),
        )


def score(features: Features, *, chance: float | None = None, bounds: Bounds = IN_FORCE) -> Score:
    """The risk, the decision that follows, and how often such a decision turned out right.

    With the `chance` of a trained model the risk is that chance on the scale of risks; the codes explain, and what they
    add up to ranks no more.
    """
    points = {code.code: WEIGHTS[code.code].points(features) for code in CATALOGUE.values() if code.holds(features)}
    added_up = 100 / (1 + math.exp(-BASE - sum(points.values())))
    risk = round(added_up if chance is None else risk_of(chance))
    decision = verdict(
        risk=risk,
        signals=[code for code in points if CATALOGUE[code].kind == Kind.SIGNAL],
        enough_history="insufficient_history" not in points,
        bounds=bounds,
    )
    confidence = confidence_in(decision, risk, chance=chance)
    return Score(points=points, risk=risk, decision=decision, confidence=confidence, chance=chance)


def risk_of(chance: float) -> float:
    """The risk, 0 to 100, at which this share of alerts turned out to be fraud; in between on a straight line."""
    for (below, low), (above, high) in pairwise(RISK_OF_CHANCE):
        if chance <= above:
            return low + (high - low) * (chance - below) / (above - below)
    return 100


def confidence_in(decision: Verdict, risk: int, *, chance: float | None = None) -> Decimal:
    """How often such a decision was right: the measured share of fraud at this risk, or of genuine payments for clear.

    For review it is the share of whichever of the two is likelier. A trained model's calibrated `chance` is that share.
    """
    fraud = fraud_share(risk) if chance is None else chance
    share = {Verdict.CLEAR: 1 - fraud, Verdict.REVIEW: max(fraud, 1 - fraud)}.get(decision, fraud)
    return Decimal(share).quantize(Decimal("0.001"))


def fraud_share(risk: int) -> float:
    """The measured share of fraud among alerts of this risk."""
    return next(band for band in reversed(CALIBRATION) if band.risk_from <= risk).share


def headline(codes: list[Code], features: Features) -> str:
    """The strongest signals in a few words; without any, what speaks for the customer."""
    signals = [code for code in codes if code.kind == Kind.SIGNAL]
    return " · ".join(code.brief(features) for code in (signals or codes)[:3])[:200]


def summary(codes: list[Code], features: Features) -> str:
    """A sentence for each of the strongest signals and for the strongest point in the customer's favour."""
    signals = [code for code in codes if code.kind == Kind.SIGNAL][:3]
    others = [code for code in codes if code.kind != Kind.SIGNAL][:1]
    return " ".join(f"{code.label}: {code.facts(features)}" for code in (*signals, *others))


def missing(features: Features) -> tuple[str, ...]:
    """What would change the answer."""
    return tuple(missing.sentence for missing in missing_from(features))
