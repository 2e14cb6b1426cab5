"""Queue, case, run, recommendation, claim, decision: what is stored, and what can never be true of it."""

from fintech_ai.cases.models.cases import Case
from fintech_ai.cases.models.decisions import NO_VIEW, Decision, Step
from fintech_ai.cases.models.queues import Queue, QueueGroupPermission, QueueUserPermission
from fintech_ai.cases.models.recommendations import Author, Claim, Recommendation
from fintech_ai.cases.models.runs import Run, RunState

__all__ = [
    "NO_VIEW",
    "Author",
    "Case",
    "Claim",
    "Decision",
    "Queue",
    "QueueGroupPermission",
    "QueueUserPermission",
    "Recommendation",
    "Run",
    "RunState",
    "Step",
]
