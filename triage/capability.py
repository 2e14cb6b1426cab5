"""How triage plugs into cases."""

from typing import Any

from fintech_ai.cases.capability import Choice, Reason, RecommendationDraft
from fintech_ai.cases.models import Case, Queue, Run
from fintech_ai.core.actors import Actor
from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.requests import Completion, sha256_of
from fintech_ai.gateway.services import complete
from fintech_ai.privacy.services import minimise
from triage import selectors
from triage.answer import from_baseline, from_model
from triage.codes import CATALOGUE
from triage.features import Features, features_of
from triage.known import known_values
from triage.models import Alert
from triage.schemas import TriageAnswer
from triage.tools import merchant_history

ENDPOINT = Endpoint(name="triage.recommend", version=2, schema=TriageAnswer, tools=(merchant_history,))
# What our own code says of itself, the same in every call.
REFERENCE = {
    "meaning_of_features": {name: field.description for name, field in Features.model_fields.items()},
    "reason_codes": {
        code.code: {"kind": code.kind, "label": code.label, "reads": code.reads, "rule": code.why}
        for code in CATALOGUE.values()
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
    demo_queue = "Card alerts"
    demo_second_approval = ("block",)

    def recommend(self, run: Run) -> RecommendationDraft:
        """Features as of the payment, the model's view of them if one answers, every claim checked."""
        alert = selectors.alert_of(run.case)
        as_of = alert.transaction.occurred_at
        features = features_of(alert.transaction)
        completion = ask(run, alert, features)
        if completion.value is None:
            return from_baseline(features, as_of=as_of, degraded_reason=completion.degraded_reason)
        return from_model(
            completion.value,
            features,
            as_of=as_of,
            call_id=completion.call_id,
            prompt_version=completion.prompt_version,
        )

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


def ask(run: Run, alert: Alert, features: Features) -> Completion[TriageAnswer]:
    """Ask the model about the features. No name, id or place leaves; the notes do, masked."""
    content = {
        "alert": minimise(
            endpoint=ENDPOINT.name,
            source="triage.Alert",
            values={"channel": alert.channel, "notes": alert.notes},
        ),
        "features": minimise(endpoint=ENDPOINT.name, source="triage.Features", values=features.model_dump(mode="json")),
    }
    return complete(
        actor=Actor.worker(tenant_id=run.tenant_id, name=run.worker),
        endpoint=ENDPOINT,
        content=content,
        reference=REFERENCE,
        known=known_values(alert),
        looking_at=alert,
        subject=f"run:{run.id}",
        # Late payments change the features: then it is another question, which the stored answer does not answer.
        idempotency_key=f"run:{run.id}:{sha256_of({name: dict(value) for name, value in content.items()})[:16]}",
        case_id=run.case_id,
    )
