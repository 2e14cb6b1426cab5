"""The gate of one call: its hold in PostgreSQL, then budgets, rate limits and circuit breaker in Redis."""

import time
from dataclasses import dataclass, field

from fintech_ai.gateway import admission, records
from fintech_ai.gateway.attempts import NotAdmitted, Way
from fintech_ai.gateway.configuration import InForce
from fintech_ai.gateway.metering import Meter
from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers.protocol import ProviderFailure, Question, RateWindow, Reply

# What a closed gate says of one target only.
ELSEWHERE = frozenset({DegradedReason.CIRCUIT_OPEN, DegradedReason.RATE_LIMITED})
# What a failure says of a provider's health. A rate limit, a wrong key or an unwelcome question say nothing of it.
UNHEALTHY = frozenset({DegradedReason.TIMEOUT, DegradedReason.UNREACHABLE, DegradedReason.PROVIDER_ERROR})
# How long a request stands in line for one provider while another could be asked.
PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class _Passed:
    """A request that passed, and how it went."""

    entered: admission.Entered
    ok: bool | None
    windows: tuple[RateWindow, ...]
    retry_after: float | None
    tokens: int | None


@dataclass
class CallGate:
    """See `attempts.Gate`. A hold is committed to the call's row before Redis is asked, so Redis can be rebuilt."""

    call: records.OpenCall
    meter: Meter
    in_force: InForce
    deadline: float
    _entered: admission.Entered | None = field(default=None, init=False)
    _passed: _Passed | None = field(default=None, init=False)

    def enter(self, way: Way, question: Question, *, number: int, is_last: bool) -> None:
        self._report()
        hold = self.meter.hold_for(way.provider, way.target.model, question)
        if hold != self.call.hold and not records.hold_more(self.call, hold):
            raise NotAdmitted(DegradedReason.IN_PROGRESS, elsewhere=False)
        entered = admission.enter(
            tenant_id=self.call.tenant_id,
            call_id=self.call.id,
            attempt=number,
            target=way.target,
            case_id=self.call.case_id,
            hold=hold,
            tokens=self.meter.most_tokens(question),
            limits=self.in_force.budget,
            rate=self.in_force.rate,
            month=self.call.month,
            deadline=self.deadline if is_last else min(self.deadline, time.monotonic() + PATIENCE_SECONDS),
        )
        if isinstance(entered, admission.Refused):
            raise NotAdmitted(entered.reason, elsewhere=entered.reason in ELSEWHERE)
        self._entered = entered

    def replied(self, way: Way, reply: Reply) -> None:
        self.meter.count_reply(way.provider, way.target.model, reply)
        tokens = reply.tokens.input + reply.tokens.output if reply.tokens else None
        self._passed = _Passed(self._entered, True, reply.windows, None, tokens)

    def failed(self, way: Way, failure: ProviderFailure) -> None:
        self.meter.count_failure(way.provider, way.target.model, failure)
        ok = False if failure.reason in UNHEALTHY else None
        self._passed = _Passed(self._entered, ok, failure.windows, failure.retry_after, None)
        # Now and not with the end of the call: everybody should know, also while this call waits to try again.
        self._report()

    def settle(self) -> None:
        """The call is finished and its charge committed: free what was held, and count what was spent."""
        if self._passed is None:
            admission.settle(tenant_id=self.call.tenant_id, call_id=self.call.id, cost=self.meter.charge)
        else:
            self._report(settle=self.meter.charge)

    def _report(self, settle: int | None = None) -> None:
        if self._passed is None:
            return
        passed, self._passed = self._passed, None
        admission.leave(
            passed.entered,
            ok=passed.ok,
            windows=passed.windows,
            retry_after=passed.retry_after,
            tokens=passed.tokens,
            settle=settle,
        )
