"""What the demo's officers have decided: enough for a real model, and labelled as what it is."""

from django.core.management import call_command

from fintech_ai.accounts.models import Membership, Role, Tenant
from fintech_ai.core.tenancy import tenant_scope
from fintech_ai.gateway import demo
from fintech_ai.gateway.configuration import forget, in_force
from fintech_ai.gateway.endpoints import all_endpoints
from fintech_ai.gateway.models import PromptChoice, VendorReview
from fintech_ai.gateway.targets import PROVIDERS


def load(cast):
    demo.load(proposer=cast.cora.actor, approver=cast.colin.actor)
    forget()


def test_every_provider_may_be_asked_everything(cast):
    with cast.northgate.scope():
        load(cast)
        now = in_force()
        problems = {now.vendor_problem(name, each.name) for name in PROVIDERS for each in all_endpoints()}
    assert problems == {""}


def test_no_review_can_be_taken_for_a_real_one(cast):
    with cast.northgate.scope():
        load(cast)
        reviews = list(VendorReview.objects.in_force())
    assert len(reviews) == len(PROVIDERS)
    for review in reviews:
        texts = (review.legal_name, review.purpose, review.region, review.retention, review.dpa, review.why)
        assert all("demo" in text.lower() for text in texts)


def test_the_prompts_in_use_are_approved_and_the_newer_one_waits_for_whoever_tries_the_demo(cast):
    with cast.northgate.scope():
        load(cast)
        approved = {choice.endpoint: choice for choice in PromptChoice.objects.in_force()}
        waiting = PromptChoice.objects.waiting().get()
    assert {name: choice.version for name, choice in approved.items()} == {
        endpoint.name: endpoint.version for endpoint in all_endpoints()
    }
    assert approved["triage.recommend"].decided_by == cast.colin.user
    assert (waiting.endpoint, waiting.challenger) == ("triage.recommend", 4)


def test_the_loader_makes_two_officers_who_have_decided(db, tmp_path, monkeypatch):
    monkeypatch.setattr("triage.demo.load.ALERTS", 1)
    call_command("load_demo", logins=tmp_path / "logins.json")
    with tenant_scope(Tenant.objects.get(slug="northgate").id):
        officers = set(Membership.objects.filter(role=Role.COMPLIANCE).values_list("user_id", flat=True))
        reviews = VendorReview.objects.in_force()
        assert len(officers) == 2
        assert {user for each in reviews for user in (each.proposed_by_id, each.decided_by_id)} == officers
