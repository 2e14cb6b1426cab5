"""One of everything in Northgate, so that there is something to protect at every address."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import admin

from fintech_ai.accounts.four_eyes.services import approve, propose
from fintech_ai.cases.announcing import tell
from fintech_ai.cases.models import Case
from fintech_ai.cases.permissions import APPROVE, ASSIGN, DECIDE, VIEW
from fintech_ai.cases.services import case_decide, case_take, queue_create, queue_grant
from fintech_ai.core.actors import Actor
from fintech_ai.gateway.models import BudgetLimits, PromptChoice, Route
from fintech_ai.webhooks.models import Event, WebhookEndpoint, WebhookMessage
from fintech_ai.webhooks.services import secret_make
from tests.support.audit import settle
from tests.support.calls import a_call, a_content, a_repeat
from tests.support.cases import a_case_in_review, a_draft
from tests.support.cast import Cast, House
from tests.triage.build import a_row, an_alert, imported
from tests.triage.trained import a_trained_model
from triage.models import Clearing, ClearingCheck, ClearingPolicy, ScoringChoice
from triage.services import fraud_report_submit

MARK = "Only Northgate may read this"


@dataclass
class World:
    """What the addresses of Northgate name, and texts that no stranger may ever see."""

    cast: Cast
    values: dict[str, object]
    secrets: list[str]


def build_world(cast: Cast) -> World:
    """Fill Northgate. Southbank has the cast's own queue of the usual name, and nothing else."""
    house = cast.northgate
    with house.scope():
        _give_a_queue_of_its_own(house)
        case = _a_case_with_decision(house)
        (payment,) = imported(house, a_row(1))
        alert = an_alert(house, payment.external_id)
        fraud_report_submit(
            actor=house.system.actor, transaction_id=payment.external_id, kind="issuer", reported_at=payment.occurred_at
        )
        call = a_call(model_requested=MARK)
        a_content(call)
        repeat = a_repeat(call)
        _choose(house)
        _clear(case)
        _tell(case)
        settle()
        values = {"slug": house.queue.slug, "case_id": case.id, "alert_id": alert.id, "app_label": "cases"}
        values |= {"message_id": WebhookMessage.objects.first().id}
        values |= {"call_id": call.id, "admin:gateway_call_compare.call_id": repeat.id}
        for model in admin.site._registry:
            some = model._default_manager.first()
            assert some is not None, f"The world has no {model._meta.label}; make one in build_world."
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            values |= {f"{name}_change.object_id": some.pk, f"{name}_decide.proposal_id": some.pk}
    secrets = [MARK, house.queue.slug, str(case.id), str(alert.id), str(call.id), house.tenant.slug, cast.alice.email]
    return World(cast=cast, values=values, secrets=secrets)


def _give_a_queue_of_its_own(house: House) -> None:
    actor = house.worker
    house.queue = queue_create(
        actor=actor,
        capability="triage",
        name="Northgate only",
        slug=f"only-{uuid.uuid4().hex[:8]}",
        second_approval_decisions=["block"],
        second_approval_from=Decimal(500),
    )
    queue_grant(actor=actor, queue=house.queue, group=house.analysts, permissions=[VIEW, DECIDE])
    queue_grant(actor=actor, queue=house.queue, group=house.leads, permissions=[VIEW, DECIDE, ASSIGN, APPROVE])
    queue_grant(actor=actor, queue=house.queue, group=house.systems, permissions=[VIEW])


def _choose(house: House) -> None:
    """Something of everything that is proposed by one officer and approved by another."""
    first, second = house.people["cora"].actor, house.people["colin"].actor
    for proposal in (
        Route(endpoint="triage.recommend", targets=["openai/gpt-4.1-mini"], why=MARK),
        PromptChoice(endpoint="triage.recommend", version=1, challenger=2, shadow_percent=10, why=MARK),
        ScoringChoice(model_sha256=a_trained_model().sha256, why=MARK),
        ClearingPolicy(queue=house.queue.slug, max_miss_percent=5, why=MARK),
        WebhookEndpoint(name="core", url="https://bank.example/hooks", events=[Event.DECIDED], why=MARK),
        BudgetLimits(request_usd=1, case_usd=2, month_usd=300, requests_per_minute=60, why=MARK),
    ):
        approve(actor=second, proposal=propose(actor=first, proposal=proposal))


def _clear(case: Case) -> None:
    """A case that could have been cleared, under the policy that was chosen."""
    check = ClearingCheck.objects.create(
        policy=ClearingPolicy.objects.get(), is_on=False, stops=False, why=MARK, cases=0, frauds=0, cleared=0, missed=0
    )
    Clearing.objects.create(case=case, check_followed=check, chance=0.001, for_audit=True)


def _tell(case: Case) -> None:
    """A message to the receiver that was approved, and the secret that signs it."""
    secret_make(actor=Actor.system(tenant_id=case.tenant_id, name="world"), endpoint_name="core")
    tell(case, Event.DECIDED)


def _a_case_with_decision(house: House) -> Case:
    alice = house.people["alice"].actor
    case = a_case_in_review(house, subject=MARK, draft=a_draft(summary=MARK), amount="900.00")
    version = case_take(actor=alice, case_id=case.id).version
    case_decide(actor=alice, case_id=case.id, version=version, outcome="block", reason="known_pattern")
    return Case.objects.get(id=case.id)
