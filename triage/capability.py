"""How triage plugs into cases."""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import QuerySet
from pydantic import BaseModel

from fintech_ai.cases.capability import Choice, PolicyDecision, Reason, RecommendationDraft
from fintech_ai.cases.models import Case, Decision, Queue, Recommendation, Run
from fintech_ai.core.actors import Actor
from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.requests import Completion, sha256_of
from fintech_ai.gateway.services import complete
from fintech_ai.privacy.services import minimise
from triage import selectors
from triage.answer import could_be_raised, from_baseline, from_model
from triage.codes import CATALOGUE, TYPOLOGIES
from triage.features import Features, features_of
from triage.known import known_values
from triage.models import Alert
from triage.schemas import NotesAnswer, TriageAnswer
from triage.scoring.live import chance_of
from triage.services import clearing_follow, label_decided
from triage.tools import merchant_history

# Two questions, so that what strangers write never stands in the one whose answer is shown and may say less.
RECOMMEND = Endpoint(name="triage.recommend", version=3, schema=TriageAnswer, tools=(merchant_history,))
READ_NOTES = Endpoint(name="triage.read_notes", version=1, schema=NotesAnswer)
# The tenant's own word for a kind of shop. One that could speak to the model is not sent.
CATEGORY = re.compile(r"[\w.&/-]{1,40}")
T = TypeVar("T", bound=BaseModel)

# What our own code says of itself, the same in every call.
REFERENCE = {
    "meaning_of_features": {name: field.description for name, field in Features.model_fields.items()},
    "reason_codes": {
        code.code: {"kind": code.kind, "label": code.label, "reads": code.reads, "rule": code.why}
        for code in CATALOGUE.values()
    },
    "typologies": {
        typology.code: {
            "label": typology.label,
            "reads": typology.reads,
            "all_of": typology.all_of,
            "any_of": typology.any_of,
            "least": typology.least if typology.any_of else 0,
            "rule": typology.why,
        }
        for typology in TYPOLOGIES.values()
    },
}


class TriageCapability:
    """Fraud triage: an alert on a payment becomes a case that a person clears, escalates or blocks."""

    name = "triage"
    label = "Fraud"
    choices = (
        Choice("clear", "Clear", usual_reason="false_alert"),
        Choice("escalate", "Escalate", usual_reason="evidence_insufficient"),
        Choice("block", "Block", adverse=True, usual_reason="evidence_sufficient"),
    )
    reasons = (
        Reason("evidence_sufficient", "The evidence listed is sufficient"),
        Reason("customer_confirmed_payment", "Customer confirmed the payment"),
        Reason("customer_denied_payment", "Customer did not make the payment"),
        Reason("known_pattern", "Known pattern of this customer"),
        Reason("false_alert", "False alert of the rule"),
        Reason("linked_to_fraud", "Linked to confirmed fraud"),
        Reason("merchant_known_good", "Merchant is known and sound"),
        Reason("evidence_insufficient", "The evidence does not carry the recommendation"),
        Reason("customer_unreachable", "Customer could not be reached"),
        Reason("other", "Other: see the note"),
    )
    evidence_template = "triage/evidence.html"
    queue_pages = (("triage-simulation", "Simulation"),)
    demo_queue = "Card alerts"
    demo_second_approval = ("block",)

    def recommend(self, run: Run) -> RecommendationDraft:
        """Features as of the payment, the model's view of them if one answers, every claim checked."""
        alert = selectors.alert_of(run.case)
        as_of = alert.transaction.occurred_at
        features = features_of(alert.transaction)
        chance = chance_of(alert.transaction)
        has_notes = bool(alert.notes.strip())
        completion = _ask(RECOMMEND, run, alert, features)
        if completion.value is None:
            return from_baseline(
                features,
                as_of=as_of,
                degraded_reason=completion.degraded_reason,
                has_notes=has_notes,
                chance=chance,
            )
        read = has_notes and could_be_raised(features, chance=chance)
        return from_model(
            completion.value,
            features,
            as_of=as_of,
            call_id=completion.call_id,
            prompt_version=completion.prompt_version,
            has_notes=has_notes,
            notes=_ask(READ_NOTES, run, alert, features) if read else None,
            chance=chance,
        )

    def decide_by_policy(self, case: Case, recommendation: Recommendation) -> PolicyDecision | None:
        """See `services.clearing_follow`."""
        actor = Actor.worker(tenant_id=case.tenant_id, name=f"clearing:{recommendation.run.worker}")
        return clearing_follow(actor=actor, case=case, recommendation=recommendation)

    def decided(self, *, actor: Actor, case: Case, decision: Decision) -> None:
        """See `services.label_decided`."""
        label_decided(actor=actor, case=case, decision=decision)

    def cases_known_by(self, text: str) -> QuerySet:
        """See `selectors.cases_known_by`."""
        return selectors.cases_known_by(text)

    def similar_counts(self, cases: Sequence[Case]) -> Mapping[uuid.UUID, int]:
        """See `selectors.similar_counts`."""
        return selectors.similar_counts(cases)

    def outcomes_found_right(self, cases: QuerySet[Case]) -> Mapping[uuid.UUID, frozenset[str]]:
        """See `selectors.outcomes_found_right`."""
        return selectors.outcomes_found_right(cases)

    def evidence_context(self, case: Case) -> dict[str, Any]:
        """See `selectors.evidence_context`."""
        return selectors.evidence_context(case)

    def api_subject(self, case: Case) -> dict[str, Any]:
        """The alert and its payment, as the API shows them."""
        return selectors.api_subject(case)

    def load_demo(self, *, tenant, queue: Queue) -> None:
        """See `triage.demo.load`."""
        from triage.demo.load import load

        load(tenant=tenant, queue=queue)


def _ask(endpoint: Endpoint[T], run: Run, alert: Alert, features: Features) -> Completion[T]:
    """Ask the model about the features, and at READ_NOTES about the notes too, masked. No name, id or place leaves."""
    told = {"channel": alert.channel}
    if endpoint is READ_NOTES:
        told["notes"] = alert.notes
    values = features.model_dump(mode="json")
    if not CATEGORY.fullmatch(features.category):
        values["category"] = ""
    content = {
        "alert": minimise(endpoint=endpoint.name, source="triage.Alert", values=told),
        "features": minimise(endpoint=endpoint.name, source="triage.Features", values=values),
    }
    # Late payments change the features: then it is another question, which the stored answer does not answer.
    digest = sha256_of({name: dict(value) for name, value in content.items()})[:16]
    return complete(
        actor=Actor.worker(tenant_id=run.tenant_id, name=run.worker),
        endpoint=endpoint,
        content=content,
        reference=REFERENCE,
        known=known_values(alert),
        looking_at=alert,
        subject=f"run:{run.id}",
        idempotency_key=f"run:{run.id}:{endpoint.name}:{digest}",
        case_id=run.case_id,
    )
