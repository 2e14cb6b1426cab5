"""A case comes in with a run; a worker claims the run and stores what it recommends.

The Run row is the truth. Claiming is one conditional UPDATE under a lease by the database's clock; `tries` is the
fencing token, so that a worker that was taken for dead can no longer finish what another has claimed.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from fintech_ai.audit.services import record
from fintech_ai.cases.announcing import tell
from fintech_ai.cases.capability import RecommendationDraft, capability_named
from fintech_ai.cases.models import Case, Claim, Queue, Recommendation, Run, RunState
from fintech_ai.cases.services.blind import draw
from fintech_ai.cases.services.decisions import case_decide_by_policy
from fintech_ai.cases.states import CaseEvent, next_state
from fintech_ai.core.actors import Actor
from fintech_ai.core.jobs import ring_after_commit
from fintech_ai.webhooks.models import Event

logger = logging.getLogger(__name__)

UNFINISHED = (RunState.WAITING, RunState.RUNNING)
RING_BATCH = 500
RUN_EXECUTE = "fintech_ai.cases.tasks.run_execute"


@dataclass(frozen=True)
class RunClaim:
    """The right to finish a run, good until the run is claimed again."""

    run_id: uuid.UUID
    tries: int


@transaction.atomic
def case_open(*, actor: Actor, queue: Queue, subject: str, amount: Decimal | None = None, currency: str = "") -> Run:
    """Open a case with its first run, and wake a worker after the commit. Call it in the caller's transaction."""
    case = Case(queue=queue, capability=queue.capability, subject=subject, amount=amount, currency=currency)
    case.due_at = Now() + timedelta(minutes=queue.due_minutes)
    case.save()
    case.refresh_from_db()
    run = Run(case=case, wake_at=Now() + timedelta(seconds=settings.RUN_RING_AGAIN_SECONDS))
    run.save()
    record(
        actor=actor,
        action="case.opened",
        target=case,
        trail=case.id,
        data={"queue": queue.slug, "reference": case.reference, "to": {"state": case.state}},
    )
    ring_after_commit(RUN_EXECUTE, run.tenant_id, run.id)
    return run


@transaction.atomic
def run_claim(*, actor: Actor, run_id: uuid.UUID) -> RunClaim | None:
    """Take the run for this worker, or None if another has it, or it is finished."""
    lease = Now() + timedelta(seconds=settings.RUN_LEASE_SECONDS)
    free = Q(state=RunState.WAITING) | Q(state=RunState.RUNNING, lease_until__lt=Now())
    claimed = Run.objects.filter(free, id=run_id, tries__lt=settings.RUN_MAX_TRIES).update(
        state=RunState.RUNNING,
        tries=F("tries") + 1,
        worker=actor.name[:100],
        lease_until=lease,
        wake_at=lease,
        started_at=Coalesce("started_at", Now()),
    )
    if not claimed:
        return None
    run = Run.objects.get(id=run_id)
    record(actor=actor, action="run.claimed", target=run, trail=run.case_id, data={"tries": run.tries})
    return RunClaim(run_id=run.id, tries=run.tries)


@transaction.atomic
def run_finish(*, actor: Actor, claim: RunClaim, draft: RecommendationDraft) -> Recommendation | None:
    """Store what the run recommends and put the case before people; None if the claim no longer holds."""
    run = _claimed(claim)
    if run is None:
        return None
    case = Case.objects.select_for_update().get(id=run.case_id)
    recommendation = _store(run, draft)
    run.state, run.lease_until, run.finished_at = RunState.DONE, None, Now()
    run.save(update_fields=["state", "lease_until", "finished_at"])
    before = case.state
    case.state = next_state(case.state, CaseEvent.RECOMMENDED)
    case.recommendation, case.risk, case.headline = recommendation, draft.risk, draft.headline
    case.version += 1
    case.save(update_fields=["state", "recommendation", "risk", "headline", "version"])
    record(
        actor=actor,
        action="recommendation.made",
        target=recommendation,
        trail=case.id,
        data={
            "run": str(run.id),
            "made_by": draft.made_by,
            "degraded_reason": draft.degraded_reason,
            "prompt_version": draft.prompt_version,
            "model_call": str(draft.model_call_id) if draft.model_call_id else None,
            "decision": draft.decision,
            "risk": draft.risk,
            "claims": len(draft.claims),
            "supported": sum(claim.supported for claim in draft.claims),
            "from": {"state": before},
            "to": {"state": case.state},
        },
    )
    tell(case, Event.RECOMMENDED)
    _follow_policy(actor, case, recommendation)
    draw(actor=actor, case=case)
    return recommendation


@transaction.atomic
def run_fail(*, actor: Actor, claim: RunClaim, error: str) -> None:
    """Give the run back for another try; after the last, the case goes to people without a recommendation.

    `error` is the class of what went wrong, never its text.
    """
    run = _claimed(claim)
    if run is None:
        return
    final = run.tries >= settings.RUN_MAX_TRIES
    run.state = RunState.FAILED if final else RunState.WAITING
    run.error, run.lease_until = error[:200], None
    run.wake_at = Now() + timedelta(seconds=settings.RUN_SWEEP_SECONDS * run.tries)
    run.finished_at = Now() if final else None
    run.save(update_fields=["state", "error", "lease_until", "wake_at", "finished_at"])
    data = {"tries": run.tries, "error": run.error, "final": final}
    if final:
        case = Case.objects.select_for_update().get(id=run.case_id)
        data["from"] = {"state": case.state}
        case.state = next_state(case.state, CaseEvent.RUN_FAILED)
        case.version += 1
        case.save(update_fields=["state", "version"])
        data["to"] = {"state": case.state}
    record(actor=actor, action="run.failed", target=run, trail=run.case_id, data=data)


@transaction.atomic
def runs_to_ring() -> list[tuple[uuid.UUID, RunClaim]]:
    """Unfinished runs, of every tenant, whose time to be rung for has come; each is put off to its next time."""
    due = Run.across_tenants.filter(state__in=UNFINISHED, wake_at__lte=Now()).order_by("wake_at")
    runs = list(due.select_for_update(skip_locked=True)[:RING_BATCH])
    again = Now() + timedelta(seconds=settings.RUN_RING_AGAIN_SECONDS)
    Run.across_tenants.filter(id__in=[run.id for run in runs]).update(wake_at=again)
    return [(run.tenant_id, RunClaim(run_id=run.id, tries=run.tries)) for run in runs]


def _follow_policy(actor: Actor, case: Case, recommendation: Recommendation) -> None:
    """Let the written policy decide, if it does; a fault in that leaves the case to people."""
    try:
        with transaction.atomic():
            by = capability_named(case.capability).decide_by_policy(case, recommendation)
            if by is not None:
                case_decide_by_policy(actor=actor, case=case, by=by)
    except Exception as error:
        logger.error("The policy for case %s could not be followed: %s", case.id, type(error).__name__)


def _claimed(claim: RunClaim) -> Run | None:
    return Run.objects.select_for_update().filter(id=claim.run_id, state=RunState.RUNNING, tries=claim.tries).first()


def _store(run: Run, draft: RecommendationDraft) -> Recommendation:
    recommendation = Recommendation.objects.create(
        run=run,
        case_id=run.case_id,
        decision=draft.decision,
        confidence=draft.confidence,
        risk=draft.risk,
        headline=draft.headline,
        summary=draft.summary,
        missing=list(draft.missing),
        inputs=dict(draft.inputs),
        made_by=draft.made_by,
        degraded_reason=draft.degraded_reason,
        model_call_id=draft.model_call_id,
        prompt_version=draft.prompt_version,
    )
    Claim.objects.bulk_create(
        Claim(
            recommendation=recommendation,
            position=position,
            kind=claim.kind,
            code=claim.code,
            label=claim.label,
            statement=claim.statement,
            source=claim.source,
            evidence=dict(claim.evidence),
            supported=claim.supported,
            finding=claim.finding,
        )
        for position, claim in enumerate(draft.claims)
    )
    return recommendation
