"""What changes queues, cases and runs. Every service writes, audits and announces, in that order."""

from fintech_ai.cases.services.assignment import case_assign, case_release, case_take, case_take_next
from fintech_ai.cases.services.blind import queue_blind_set
from fintech_ai.cases.services.decisions import case_approve, case_decide, case_send_back
from fintech_ai.cases.services.exporting import cases_export
from fintech_ai.cases.services.queues import queue_create, queue_grant
from fintech_ai.cases.services.runs import (
    RUN_EXECUTE,
    RunClaim,
    case_open,
    run_claim,
    run_fail,
    run_finish,
    runs_to_ring,
)
from fintech_ai.cases.services.snoozing import case_snooze

__all__ = [
    "RUN_EXECUTE",
    "RunClaim",
    "case_approve",
    "case_assign",
    "case_decide",
    "case_open",
    "case_release",
    "case_send_back",
    "case_snooze",
    "case_take",
    "case_take_next",
    "cases_export",
    "queue_blind_set",
    "queue_create",
    "queue_grant",
    "run_claim",
    "run_fail",
    "run_finish",
    "runs_to_ring",
]
