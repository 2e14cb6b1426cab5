"""What has been asked of whom, and what did it cost? Figures of the tenant in scope, for pages."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from fintech_ai.core.tenancy import current_tenant_id
from fintech_ai.gateway.admission.money import dollars
from fintech_ai.gateway.models import ChargeKind, LedgerEntry
from fintech_ai.gateway.targets import Target

MOST_CALLS = 20_000
TOP_CASES = 10

ASKED = """
    SELECT attempt->>'provider', attempt->>'model',
        count(*) FILTER (WHERE hour),
        count(*) FILTER (WHERE hour AND attempt->>'error' <> ''),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY (attempt->>'latency_ms')::int)
            FILTER (WHERE hour AND attempt->>'error' = ''),
        percentile_cont(0.95) WITHIN GROUP (ORDER BY (attempt->>'latency_ms')::int)
            FILTER (WHERE hour AND attempt->>'error' = ''),
        max((attempt->>'started')::timestamptz) FILTER (WHERE attempt->>'error' = ''),
        max((attempt->>'started')::timestamptz) FILTER (WHERE attempt->>'error' <> ''),
        (array_agg(attempt->>'error' ORDER BY attempt->>'started' DESC) FILTER (WHERE attempt->>'error' <> ''))[1]
    FROM (
        SELECT attempts, created_at > now() - interval '1 hour' AS hour FROM gateway_modelcall
        WHERE tenant_id = %s AND created_at > now() - interval '24 hours'
        ORDER BY created_at DESC, id DESC LIMIT %s
    ) AS newest, jsonb_array_elements(attempts) AS attempt
    GROUP BY 1, 2
"""


@dataclass(frozen=True)
class TargetUse:
    """How requests to a provider's model went for this tenant.

    Args:
        asked, failed: requests of the last hour. An answer that does not fit the schema counts as failed.
        median_ms, p95_ms: of the last hour's requests that were answered; None if there were none.
        last_answer, last_failure: of the last 24 hours.
        error: the class of the last failure.
    """

    asked: int = 0
    failed: int = 0
    median_ms: float | None = None
    p95_ms: float | None = None
    last_answer: datetime | None = None
    last_failure: datetime | None = None
    error: str = ""

    @property
    def failed_share(self) -> float | None:
        """From 0 to 1; None if nothing was asked."""
        return self.failed / self.asked if self.asked else None


def use_of_targets() -> Mapping[Target, TargetUse]:
    """What was asked in the last 24 hours, of the newest MOST_CALLS calls."""
    with connection.cursor() as cursor:
        cursor.execute(ASKED, [current_tenant_id(), MOST_CALLS])
        rows = cursor.fetchall()
    return {
        Target(provider, model): TargetUse(*figures, error=error or "") for provider, model, *figures, error in rows
    }


@dataclass(frozen=True)
class CaseCost:
    """What the calls for one case have cost this month."""

    case_id: uuid.UUID
    calls: int
    usd: Decimal


def charges_of(month: date) -> QuerySet[LedgerEntry]:
    """What was charged to a month's budget."""
    return LedgerEntry.objects.filter(month=month)


def costliest_cases(month: date) -> list[CaseCost]:
    """The cases on which most was spent in that month."""
    cases = charges_of(month).exclude(case_id=None).values("case_id")
    found = cases.annotate(calls=Count("id"), sum=Sum("micro_usd")).order_by("-sum", "case_id")[:TOP_CASES]
    return [CaseCost(row["case_id"], row["calls"], dollars(row["sum"])) for row in found]


@dataclass(frozen=True)
class EndpointCost:
    """What was charged for an endpoint; `assumed` is the part that no provider counted."""

    endpoint: str
    calls: int
    usd: Decimal
    assumed_usd: Decimal


def cost_by_endpoint(month: date) -> list[EndpointCost]:
    """Where the month's money went, the most first."""
    by_endpoint = charges_of(month).values("call__endpoint")
    assumed = Sum("micro_usd", filter=Q(kind=ChargeKind.ASSUMED), default=0)
    found = by_endpoint.annotate(calls=Count("id"), sum=Sum("micro_usd"), assumed=assumed).order_by("-sum")
    return [
        EndpointCost(row["call__endpoint"], row["calls"], dollars(row["sum"]), dollars(row["assumed"])) for row in found
    ]
