"""Cases for tests that are about cases and not about where they come from: opened and recommended through services."""

from decimal import Decimal

from fintech_ai.cases.capability import ClaimDraft, RecommendationDraft
from fintech_ai.cases.models import Author, Case
from fintech_ai.cases.services import case_open, run_claim, run_finish
from tests.support.cast import House


def a_draft(*, decision: str = "block", risk: int = 91, **changes) -> RecommendationDraft:
    """What a run might answer: two claims, one of them unsupported."""
    fields = {
        "decision": decision,
        "confidence": Decimal("0.87"),
        "risk": risk,
        "headline": "Amount out of pattern",
        "summary": "The amount is 4.6 times what this customer usually pays.",
        "claims": (
            ClaimDraft(
                kind="signal",
                code="amount_out_of_pattern",
                label="Amount out of pattern",
                statement="4.6 times this customer's usual amount.",
                supported=True,
                source="FinCEN 8/812",
            ),
            ClaimDraft(
                kind="signal",
                code="impossible_travel",
                label="Impossible travel",
                statement="Two places at once.",
                supported=False,
                finding="The last card-present payment was 9 h earlier and 40 km away.",
            ),
        ),
        "inputs": {"features": {"amount_ratio": 4.6}},
        "made_by": Author.BASELINE,
        "degraded_reason": "no_provider",
    }
    return RecommendationDraft(**{**fields, **changes})


def a_received_case(house: House, *, amount: str | None = "120.00", subject: str = "Harber Inc") -> Case:
    """A case whose run waits for a worker."""
    with house.scope():
        run = case_open(
            actor=house.system.actor,
            queue=house.queue,
            subject=subject,
            amount=Decimal(amount) if amount else None,
            currency="USD" if amount else "",
        )
        return Case.objects.get(id=run.case_id)


def a_case_in_review(house: House, *, draft: RecommendationDraft | None = None, **opening) -> Case:
    """A case with its recommendation, free to be taken."""
    case = a_received_case(house, **opening)
    with house.scope():
        claim = run_claim(actor=house.worker, run_id=case.runs.get().id)
        run_finish(actor=house.worker, claim=claim, draft=draft or a_draft())
        return Case.objects.get(id=case.id)
