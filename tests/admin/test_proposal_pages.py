"""The pages on which compliance officers propose changes and decide on each other's."""

import pytest
from django.urls import reverse

from fintech_ai.accounts.four_eyes.models import ProposalState
from fintech_ai.audit.models import AuditEvent
from fintech_ai.gateway.configuration import forget, in_force
from fintech_ai.gateway.models import BudgetLimits, PromptChoice, Route, VendorReview
from tests.support.audit import settle
from tests.support.cast import a_review

ROUTE = {"endpoint": "triage.recommend", "targets": "anthropic/claude-sonnet-4-5\n openai/gpt-4.1-mini", "why": "Speed"}
LIMITS = {"request_usd": "1", "case_usd": "2", "month_usd": "300", "requests_per_minute": "60", "why": "A busy month"}


def page(name, *args):
    return reverse(f"admin:gateway_{name}", args=args)


def proposed(cast, model="route", data=ROUTE, by="cora"):
    """The proposal that the form made."""
    response = getattr(cast, by).client.post(page(f"{model}_propose"), data)
    assert response.status_code == 302, response.content.decode()
    with cast.northgate.scope():
        return {
            "route": Route,
            "budgetlimits": BudgetLimits,
            "promptchoice": PromptChoice,
            "vendorreview": VendorReview,
        }[model].objects.latest("proposed_at")


def decide(cast, proposal, decision, *, by="colin", **more):
    address = page(f"{proposal._meta.model_name}_decide", proposal.id)
    return getattr(cast, by).client.post(address, {"decision": decision, **more}, follow=True).content.decode()


def state_of(cast, proposal):
    with cast.northgate.scope():
        return type(proposal).objects.get(id=proposal.id).state


def test_what_one_officer_proposes_is_in_force_when_another_approves_it(cast):
    proposal = proposed(cast)
    with cast.northgate.scope():
        forget()
        assert "triage.recommend" not in in_force().routes
    assert "Approved." in decide(cast, proposal, "approve", remark="Agreed")
    with cast.northgate.scope():
        forget()
        labels = [target.label for target in in_force().targets("triage.recommend")]
        settle()
        event = AuditEvent.objects.get(action="proposal.approved", object_id=str(proposal.id))
    assert labels == ["anthropic/claude-sonnet-4-5", "openai/gpt-4.1-mini"]
    assert event.actor_id == str(cast.colin.user.id)


def test_nobody_approves_her_own_and_the_button_says_why(cast):
    proposal = proposed(cast)
    own = cast.cora.client.get(page("route_change", proposal.id)).content.decode()
    assert "another compliance officer has to approve it" in own
    assert '<button type="button" disabled aria-describedby="why-not-approve">' in own
    assert "another compliance officer has to approve it" in decide(cast, proposal, "approve", by="cora")
    assert state_of(cast, proposal) == ProposalState.PROPOSED


@pytest.mark.parametrize(
    ("decision", "by", "state"), [("reject", "colin", "rejected"), ("withdraw", "cora", "withdrawn")]
)
def test_a_proposal_is_turned_down_or_taken_back(cast, decision, by, state):
    proposal = proposed(cast)
    decide(cast, proposal, decision, by=by)
    assert state_of(cast, proposal) == state


def test_a_second_decision_is_refused_with_a_sentence(cast):
    proposal = proposed(cast)
    decide(cast, proposal, "approve")
    assert "This was approved already." in decide(cast, proposal, "reject")
    assert state_of(cast, proposal) == ProposalState.APPROVED


def test_a_decision_that_is_none_changes_nothing(cast):
    proposal = proposed(cast)
    assert "Choose one of the buttons" in decide(cast, proposal, "maybe")
    assert state_of(cast, proposal) == ProposalState.PROPOSED


def test_a_link_decides_nothing(cast):
    proposal = proposed(cast)
    assert cast.colin.client.get(page("route_decide", proposal.id)).status_code == 405


def test_the_page_compares_with_what_is_in_force(cast):
    decide(cast, proposed(cast, "budgetlimits", LIMITS), "approve")
    proposal = proposed(cast, "budgetlimits", {**LIMITS, "month_usd": "450"})
    shown = cast.colin.client.get(page("budgetlimits_change", proposal.id)).content.decode()
    assert "<pre>300.00</pre>" in shown
    assert "<pre>450.00</pre>" in shown
    assert shown.count('class="differs"') == 1


def test_the_form_begins_with_what_is_in_force(cast):
    decide(cast, proposed(cast), "approve")
    form = cast.cora.client.get(page("route_propose"), {"endpoint": "triage.recommend"}).content.decode()
    assert "anthropic/claude-sonnet-4-5\nopenai/gpt-4.1-mini" in form


def test_the_form_of_a_review_begins_with_the_one_in_force(cast):
    form = cast.cora.client.get(page("vendorreview_propose"), {"vendor": "anthropic"}).content.decode()
    assert 'value="2099-12-31"' in form
    assert "DPA 2026-1" in form


@pytest.mark.parametrize(
    ("model", "data", "sentence"),
    [
        ("route", {**ROUTE, "targets": "acme/gpt"}, "does not begin with a provider"),
        ("route", {**ROUTE, "targets": ""}, "This field is required"),
        ("route", {**ROUTE, "why": ""}, "This field is required"),
        ("promptchoice", {"endpoint": "triage.recommend", "version": 99, "why": "x"}, "There is no version 99"),
        (
            "promptchoice",
            {"endpoint": "triage.recommend", "version": 1, "challenger": 2, "shadow_percent": 60, "why": "x"},
            "less than or equal to 50",
        ),
        ("budgetlimits", {**LIMITS, "month_usd": "-1"}, "Say 0 or more"),
    ],
)
def test_what_is_wrong_comes_back_with_a_sentence(cast, model, data, sentence):
    response = cast.cora.client.post(page(f"{model}_propose"), data)
    assert response.status_code == 400
    assert sentence in response.content.decode()


def test_the_hash_of_a_prompt_is_that_of_its_file(cast):
    data = {"endpoint": "triage.recommend", "version": 1, "challenger": 2, "shadow_percent": 10, "why": "Compare"}
    proposal = proposed(cast, "promptchoice", data)
    shown = cast.colin.client.get(page("promptchoice_change", proposal.id)).content.decode()
    assert proposal.sha256 in shown
    assert proposal.challenger_sha256 in shown
    assert proposal.sha256 != proposal.challenger_sha256


def test_a_review_is_proposed_with_its_form(cast):
    with cast.northgate.scope():
        review = a_review(vendor="azure", region="EU (Sweden)")
    data = {name: getattr(review, name) for name in VendorReview.VALUES if getattr(review, name)}
    data |= {"vendor": "azure", "why": "A new region", "endpoints": ["triage.recommend"]}
    proposal = proposed(cast, "vendorreview", data)
    decide(cast, proposal, "approve")
    with cast.northgate.scope():
        forget()
        assert in_force().vendor_problem("azure", "triage.recommend") == ""
        assert "does not cover" in in_force().vendor_problem("azure", "triage.read_notes")


@pytest.mark.parametrize("who", ["alice", "lena"])
def test_for_others_there_is_nothing_here(cast, who):
    client = getattr(cast, who).client
    assert client.get(page("route_propose")).status_code == 404
    assert client.post(page("route_propose"), ROUTE).status_code == 404


def test_a_superuser_who_is_no_officer_is_told_so(cast):
    cast.alice.user.is_superuser = True
    cast.alice.user.save()
    assert "Only a compliance officer" in cast.alice.client.get(page("route_propose")).content.decode()
    assert cast.alice.client.post(page("route_propose"), ROUTE).status_code == 403


def test_another_tenant_can_neither_see_nor_decide(cast):
    proposal = proposed(cast)
    assert cast.carla.client.get(page("route_change", proposal.id)).status_code == 404
    assert cast.carla.client.post(page("route_decide", proposal.id), {"decision": "approve"}).status_code == 404
