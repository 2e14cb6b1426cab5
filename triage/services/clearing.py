"""Automatic clearing under the tenant's policy: checked every hour by what has become known, followed case by case."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from fintech_ai.audit.services import record
from fintech_ai.cases.capability import PolicyDecision
from fintech_ai.cases.models import Case, Recommendation
from fintech_ai.core.actors import Actor
from triage.automation.drift import SHIFTED, misses_too_many, shift
from triage.automation.threshold import clearing_threshold, frauds_needed
from triage.models import Alert, AlertChannel, Clearing, ClearingCheck, ClearingPolicy, ScoringChoice, TrainedModel
from triage.policy import Verdict
from triage.scoring.columns import COLUMNS, LABEL_DELAY
from triage.scoring.live import scorer_of
from triage.scoring.model import WrongModel

WEEK = timedelta(days=7)
# The threshold comes from the cases of so long a time, whose outcome is known.
WINDOW = 8 * WEEK
# What was cleared is held against the promise over so long a time.
LOOK_BACK = 4 * WEEK
OUTCOME_KNOWN = timedelta(seconds=LABEL_DELAY)
# A check is made every hour; one that is older than this says nothing, and nothing is cleared.
CHECK_LASTS = timedelta(hours=6)
# Of fewer cases a shift is chance.
FEWEST_TO_COMPARE = 200
MOST_CASES = 50_000
BATCH = 5_000
# What the tenant's own people found to be fraud counts as much as a report from outside.
FOUND_FRAUD = Verdict.BLOCK


@dataclass(frozen=True)
class Known:
    """Cases under one model, newest first, in arrays of the same length. `is_fraud` of the newest is not final."""

    chances: np.ndarray
    at: np.ndarray
    is_fraud: np.ndarray
    cleared: np.ndarray

    def those(self, chosen: np.ndarray) -> "Known":
        """Some of them."""
        return Known(self.chances[chosen], self.at[chosen], self.is_fraud[chosen], self.cleared[chosen])


def policies_in_force() -> list[ClearingPolicy]:
    """The tenant's policy for each queue that has one and allows any miss."""
    return [policy for policy in ClearingPolicy.objects.in_force() if policy.max_miss_percent > 0]


@transaction.atomic
def clearing_check(*, actor: Actor, policy: ClearingPolicy) -> ClearingCheck:
    """Find the threshold under which the policy may be followed from now on, or why it may not."""
    check = _checked(policy)
    before = policy.checks.order_by("-checked_at").values_list("is_on", flat=True).first()
    check.save()
    record(
        actor=actor,
        action="clearing.checked",
        target=check,
        data={
            "queue": policy.queue,
            "policy": str(policy.id),
            "from": {"on": before},
            "to": {"on": check.is_on},
            "why": check.why,
            "threshold": check.threshold,
            "frauds": check.frauds,
            "missed": check.missed,
        },
    )
    return check


@transaction.atomic
def clearing_follow(*, actor: Actor, case: Case, recommendation: Recommendation) -> PolicyDecision | None:
    """What the policy of the case's queue decides: clear it, or nothing, which leaves it to people.

    Only what monitoring has alerted, never what a person or another bank reports; and only what is recommended to be
    cleared.
    """
    check = _check_in_force(case)
    if check is None or recommendation.decision != Verdict.CLEAR:
        return None
    scoring = recommendation.inputs.get("scoring") or {}
    limit = check.policy.below_amount
    if (
        scoring.get("model_sha256") != check.model_sha256
        or scoring["probability"] >= check.threshold
        or (limit is not None and (case.amount is None or case.amount >= limit))
        or Alert.objects.filter(case=case).exclude(channel=AlertChannel.MONITORING).exists()
    ):
        return None
    drawn = secrets.randbelow(1_000) < check.policy.audit_percent * 10
    clearing = Clearing.objects.create(case=case, check_followed=check, chance=scoring["probability"], for_audit=drawn)
    if drawn:
        # Kept out of the case's own trail: who works it must not know that it seemed harmless.
        record(actor=actor, action="clearing.drawn_for_people", target=clearing, data={"check": str(check.id)})
        return None
    record(actor=actor, action="clearing.followed", target=clearing, trail=case.id, data={"check": str(check.id)})
    return PolicyDecision(outcome=Verdict.CLEAR, policy=check.policy.title)


def _check_in_force(case: Case) -> ClearingCheck | None:
    policy = ClearingPolicy.objects.filter(queue=case.queue.slug).in_force().first()
    if policy is None or not policy.max_miss_percent:
        return None
    check = policy.checks.order_by("-checked_at").first()
    choice = ScoringChoice.objects.in_force().first()
    if check is None or not check.is_on or choice is None or choice.model_sha256 != check.model_sha256:
        return None
    return check if check.checked_at > timezone.now() - CHECK_LASTS else None


def _checked(policy: ClearingPolicy) -> ClearingCheck:
    """The check, not stored yet."""
    check = ClearingCheck(policy=policy, is_on=False, stops=False, cases=0, frauds=0, cleared=0, missed=0)
    choice = ScoringChoice.objects.in_force().first()
    model = TrainedModel.objects.defer("document").filter(sha256=choice.model_sha256).first() if choice else None
    if model is None:
        check.why = "No trained model is in force, so chances of fraud are not known."
        return check
    check.model_sha256 = model.sha256
    try:
        known = _known(policy, model)
    except WrongModel as problem:
        check.why = str(problem)
        return check
    now = timezone.now().timestamp()
    final = known.those(known.at < now - LABEL_DELAY)
    frauds = final.chances[final.is_fraud]
    check.cases, check.frauds = len(final.at), len(frauds)
    recent = final.those(final.at >= now - LOOK_BACK.total_seconds())
    check.cleared, check.missed = int(recent.cleared.sum()), int((recent.cleared & recent.is_fraud).sum())
    newest = known.chances[known.at >= now - WEEK.total_seconds()]
    if min(len(newest), len(final.at)) >= FEWEST_TO_COMPARE:
        check.shift = round(shift(final.chances, newest), 4)
    check.why, check.stops = _reason_to_stop(check, recent)
    if check.why:
        return check
    weeks = (now - LABEL_DELAY - float(final.at.min())) / WEEK.total_seconds() if len(final.at) else 1
    check.threshold = clearing_threshold(frauds, miss=policy.miss, frauds_a_week=len(frauds) / max(weeks, 1))
    check.is_on = check.threshold is not None
    if not check.is_on:
        check.why = (
            f"{len(frauds)} frauds are known among the cases that the model in force had not seen; "
            f"at least {frauds_needed(miss=policy.miss)} are needed to promise {policy.max_miss_percent}%."
        )
    return check


def _reason_to_stop(check: ClearingCheck, recent: Known) -> tuple[str, bool]:
    """Why the policy may not be followed any more, and True; or nothing, and False."""
    policy, frauds = check.policy, int(recent.is_fraud.sum())
    stopped = policy.checks.filter(stops=True).order_by("checked_at").first()
    if stopped is not None:
        return stopped.why, True
    if misses_too_many(missed=check.missed, frauds=frauds, miss=policy.miss):
        return (
            f"{check.missed} of {frauds} frauds of the last four weeks had been cleared, "
            f"more than {policy.max_miss_percent}% can explain."
        ), True
    if check.shift is not None and check.shift > SHIFTED:
        return (
            f"The cases of the last seven days are unlike those before "
            f"(population stability index {check.shift:.2f}, above {SHIFTED})."
        ), True
    return "", False


def _known(policy: ClearingPolicy, model: TrainedModel) -> Known:
    """The cases of the policy's queue that came after what the model learned from, by their chance under it now."""
    since = max(timezone.now() - WINDOW, model.trained_to)
    scorer = scorer_of(model.tenant_id, model.sha256)
    chances, times, frauds, cleared = [np.empty(0)], [], [], []
    for batch in _batches(policy, since):
        rows = [[np.nan if value is None else value for value in columns] for columns, *_ in batch]
        chances.append(scorer.probabilities(rows))
        times += [at.timestamp() for _, at, *_ in batch]
        frauds += [is_fraud for _, _, is_fraud, _ in batch]
        cleared += [by_policy for *_, by_policy in batch]
    return Known(np.concatenate(chances), np.array(times), np.array(frauds, bool), np.array(cleared, bool))


def _batches(policy: ClearingPolicy, since: datetime) -> Iterator[list[tuple[list, datetime, bool, bool]]]:
    """Columns, time, whether it is known to be fraud, and whether the policy cleared it; newest first."""
    stored = (
        Alert.objects.filter(
            case__queue__slug=policy.queue,
            transaction__occurred_at__gt=since,
            case__recommendation__inputs__scoring__columns__isnull=False,
        )
        .order_by("-id")
        .values_list(
            "case__recommendation__inputs__scoring__columns",
            "transaction__occurred_at",
            F("transaction__reported_fraud_at"),
            "case__outcome",
            "case_id",
        )[:MOST_CASES]
    )
    cleared = set(Clearing.objects.filter(for_audit=False, at__gt=since).values_list("case_id", flat=True))
    batch = []
    for columns, at, reported_at, outcome, case_id in stored.iterator(chunk_size=BATCH):
        named = json.loads(columns) if isinstance(columns, str) else columns
        if set(named) != set(COLUMNS):
            continue
        is_fraud = reported_at is not None or outcome == FOUND_FRAUD
        batch.append(([named[name] for name in COLUMNS], at, is_fraud, case_id in cleared))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
