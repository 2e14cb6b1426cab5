"""What would have been recommended under other rules: the last days' alerts, replayed from what is stored of them.

The statistics' own decision is replayed, by other bounds of risk or another trained model. What a language model raised
on top is not: asking it again costs money and answers anew, which replay and challengers in the admin site are for.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from fintech_ai.cases.models import Queue, Recommendation
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import InvalidInput
from triage import baseline
from triage.features import FEATURES_VERSION, Features
from triage.models import Alert, TrainedModel
from triage.permissions import check_can_simulate
from triage.policy import Bounds, Verdict
from triage.scoring.columns import COLUMNS
from triage.scoring.live import columns_of, scorer_of
from triage.scoring.model import Scorer, WrongModel

MOST_ALERTS = 2000
# Where a payment's columns have to be computed anew, which takes some milliseconds each.
MOST_COMPUTED = 300
EXAMPLES = 50
AS_IT_WAS, ADDITIVE = "as_it_was", "additive"


@dataclass(frozen=True)
class Rules:
    """The rules to try: bounds of risk, and who says how likely fraud is: AS_IT_WAS, ADDITIVE or a model's hash."""

    bounds: Bounds = field(default_factory=Bounds)
    ranked_by: str = AS_IT_WAS


@dataclass(frozen=True)
class Changed:
    """One alert that would have been recommended otherwise."""

    case_id: uuid.UUID
    reference: str
    was: Verdict
    would: Verdict
    risk_was: int
    risk_would: int
    is_fraud: bool


@dataclass
class Simulation:
    """What came of it.

    Attributes:
        replayed: alerts that were replayed; `left_out` had no features of the present definition, or were too many.
        was, would: how many alerts each verdict got, and then would get.
        frauds_was, frauds_would: the same of payments that were reported as fraud by now.
        changed: those that differ, the largest change of risk first; `changes` counts all of them.
    """

    replayed: int = 0
    left_out: int = 0
    changes: int = 0
    was: Counter[Verdict] = field(default_factory=Counter)
    would: Counter[Verdict] = field(default_factory=Counter)
    frauds_was: Counter[Verdict] = field(default_factory=Counter)
    frauds_would: Counter[Verdict] = field(default_factory=Counter)
    changed: list[Changed] = field(default_factory=list)

    @property
    def rows(self) -> list[tuple[Verdict, int, int, int, int]]:
        """Of each verdict: alerts and frauds as it was, alerts and frauds as it would be."""
        return [
            (each, self.was[each], self.frauds_was[each], self.would[each], self.frauds_would[each]) for each in Verdict
        ]


def simulate(actor: Actor, queue: Queue, rules: Rules, *, since: datetime, until: datetime) -> Simulation:
    """Replay the newest alerts of the queue that arrived from `since` until before `until`.

    Raises NotAllowed; InvalidInput (field `ranked_by`) if there is no such model, or it does not fit this version.
    """
    check_can_simulate(actor, queue)
    scorer, computes = _scorer(actor, rules), rules.ranked_by not in (AS_IT_WAS, ADDITIVE)
    found = Simulation()
    for recommendation, alert in _alerts(queue, since, until):
        inputs = recommendation.inputs
        is_full = found.replayed >= (MOST_COMPUTED if computes else MOST_ALERTS)
        if is_full or inputs.get("features_version") != FEATURES_VERSION or "baseline" not in inputs:
            found.left_out += 1
            continue
        was, risk_was = Verdict(inputs["baseline"]["decision"]), inputs["baseline"]["risk"]
        chance = _chance(inputs, alert, rules, scorer)
        score = baseline.score(Features.model_validate(inputs["features"]), chance=chance, bounds=rules.bounds)
        is_fraud = alert.transaction.reported_fraud_at is not None
        found.replayed += 1
        found.was[was] += 1
        found.would[score.decision] += 1
        found.frauds_was[was] += is_fraud
        found.frauds_would[score.decision] += is_fraud
        if score.decision == was:
            continue
        found.changes += 1
        # Named, a blind case would be blind no more.
        if not alert.case.is_blind:
            case = alert.case
            change = Changed(case.id, case.reference, was, score.decision, risk_was, score.risk, is_fraud)
            found.changed.append(change)
    found.changed = sorted(found.changed, key=lambda each: -abs(each.risk_would - each.risk_was))[:EXAMPLES]
    return found


def _alerts(queue: Queue, since: datetime, until: datetime) -> Iterator[tuple[Recommendation, Alert]]:
    """The newest recommendations of the time, with their alerts."""
    alerts = Alert.objects.filter(
        case__queue=queue, received_at__gte=since, received_at__lt=until, case__recommendation__isnull=False
    ).select_related("case__recommendation", "transaction__merchant", "transaction__customer")
    for alert in alerts.order_by("-received_at", "-id")[: MOST_ALERTS + 1]:
        yield alert.case.recommendation, alert


def _scorer(actor: Actor, rules: Rules) -> Scorer | None:
    if rules.ranked_by in (AS_IT_WAS, ADDITIVE):
        return None
    try:
        return scorer_of(actor.tenant_id, rules.ranked_by)
    except (TrainedModel.DoesNotExist, WrongModel):
        message = "There is no such trained model, or it does not fit this version."
        raise InvalidInput(message, fields={"ranked_by": [message]}) from None


def _chance(inputs: dict, alert: Alert, rules: Rules, scorer: Scorer | None) -> float | None:
    """The chance of fraud by the rules; None where the additive baseline ranks."""
    stored = inputs.get("scoring")
    if rules.ranked_by == ADDITIVE or (scorer is None and stored is None):
        return None
    if scorer is None:
        return stored["probability"]
    if stored and list(stored["columns"]) == list(COLUMNS):
        row = [float("nan") if number is None else number for number in stored["columns"].values()]
    else:
        row = columns_of(alert.transaction)
    return float(scorer.probabilities([row])[0])
