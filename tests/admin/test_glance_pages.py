"""The pages that show models, budget, prompts and vendors at a glance."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from fintech_ai.accounts.four_eyes.services import approve, propose
from fintech_ai.core.embedded.process import free_port
from fintech_ai.core.redis import redis_client
from fintech_ai.gateway.configuration import in_force
from fintech_ai.gateway.models import DegradedReason, LedgerEntry, Outcome, PromptChoice, Route
from fintech_ai.gateway.targets import Target
from fintech_ai.gateway.use import costliest_cases, use_of_targets
from tests.support.admission import forget
from tests.support.calls import a_call
from tests.support.cases import a_case_in_review
from tests.support.cast import a_review

KEY = "sk-secret-of-the-tests"


@pytest.fixture
def cora(cast):
    return cast.cora.client


def text(client, name):
    response = client.get(reverse(f"admin:gateway_{name}"))
    assert response.status_code == 200
    return response.content.decode()


def an_attempt(*, error="", latency_ms=500, model="gpt-4.1-mini", ago=timedelta(minutes=1)):
    started = (timezone.now() - ago).isoformat()
    return {"provider": "openai", "model": model, "started": started, "latency_ms": latency_ms, "error": error}


def choose(cast, proposal):
    return approve(actor=cast.colin.actor, proposal=propose(actor=cast.cora.actor, proposal=proposal))


def charge(call, *, micro_usd, case_id=None):
    month = in_force().month
    return LedgerEntry.objects.create(call=call, case_id=case_id, month=month, micro_usd=micro_usd, kind="counted")


class TestUse:
    def test_it_counts_what_failed_and_how_long_answers_took(self, cast):
        with cast.northgate.scope():
            a_call(attempts=[an_attempt(error="Timeout", latency_ms=9000), an_attempt(latency_ms=400)])
            a_call(attempts=[an_attempt(latency_ms=600)])
            use = use_of_targets()[Target("openai", "gpt-4.1-mini")]
        assert (use.asked, use.failed, use.median_ms, use.error) == (3, 1, 500, "Timeout")
        assert use.failed_share == pytest.approx(1 / 3)

    def test_other_tenants_are_not_counted(self, cast):
        with cast.northgate.scope():
            a_call(attempts=[an_attempt()])
        with cast.southbank.scope():
            assert use_of_targets() == {}

    def test_what_never_failed_has_no_failure(self, cast):
        with cast.northgate.scope():
            a_call(attempts=[an_attempt()])
            (use,) = use_of_targets().values()
        assert use.last_failure is None
        assert use.error == ""


class TestModels:
    def test_it_says_what_is_configured_and_never_a_key(self, cora, settings):
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.OPENAI_REGION = KEY, "", "EU"
        page = text(cora, "models")
        assert "api.openai.com" in page
        assert "openai/" in page
        assert KEY not in page

    def test_without_any_provider_it_says_what_to_do(self, cora):
        assert "Set a provider's key and restart" in text(cora, "models").replace("&#x27;", "'")

    def test_a_vendor_whose_review_has_run_out_is_skipped_and_it_says_so(self, cast, cora, settings):
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = KEY, ""
        with cast.northgate.scope():
            choose(cast, a_review(valid_until=timezone.now().date() - timedelta(days=2)))
        page = text(cora, "models")
        assert "The review of OpenAI ended on" in page
        assert "skipped: no current review of the vendor" in page

    def test_it_shows_the_route_and_how_requests_went(self, cast, cora):
        with cast.northgate.scope():
            choose(cast, Route(endpoint="triage.recommend", targets=["openai/gpt-4.1-mini"], why="Speed"))
            a_call(attempts=[an_attempt(error="RateLimited"), an_attempt()])
        page = text(cora, "models")
        assert "approved by Colin" in page
        assert "50% (1)" in page
        assert "RateLimited" in page
        assert "Closed: asked as usual" in page

    def test_what_waits_is_listed_with_a_link(self, cast, cora):
        with cast.northgate.scope():
            proposal = propose(
                actor=cast.cora.actor,
                proposal=Route(endpoint="triage.recommend", targets=["openai/gpt-4.1"], why="Better"),
            )
        page = text(cora, "models")
        assert "Waiting for a second person: 1" in page
        assert f"/admin/gateway/route/{proposal.id}/change/" in page


class TestBudget:
    def test_it_shows_what_is_spent_and_on_which_cases(self, cast, cora):
        forget(cast.northgate.tenant.id)  # of the same tenant in other tests, which were rolled back
        case = a_case_in_review(cast.northgate)
        with cast.northgate.scope():
            charge(a_call(), micro_usd=1_500_000, case_id=case.id)
            charge(a_call(), micro_usd=250_000, case_id=case.id)
            (cost,) = costliest_cases(in_force().month)
        assert (cost.calls, cost.usd) == (2, Decimal("1.75"))
        page = text(cora, "budget")
        assert "<strong>$1.75</strong> spent" in page
        assert case.reference in page
        assert "$200.00" in page

    def test_it_says_that_nothing_is_known_while_redis_is_gone(self, cora, settings):
        settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
        redis_client.cache_clear()
        try:
            assert "Redis does not answer" in text(cora, "budget")
            assert "Redis does not answer" in text(cora, "models")
        finally:
            redis_client.cache_clear()


class TestPrompts:
    def test_each_version_says_its_state_and_who_approved_it(self, cast, cora):
        assert "In force by default" in text(cora, "prompts")
        with cast.northgate.scope():
            choose(
                cast, PromptChoice(endpoint="triage.recommend", version=1, challenger=2, shadow_percent=10, why="Try")
            )
        page = text(cora, "prompts")
        assert "In shadow on 10% of calls" in page
        assert "by Colin, proposed by Cora" in page

    def test_a_version_that_waits_says_so(self, cast, cora):
        with cast.northgate.scope():
            propose(actor=cast.cora.actor, proposal=PromptChoice(endpoint="triage.recommend", version=2, why="Better"))
        assert "Waits for a second person" in text(cora, "prompts")


class TestVendors:
    def test_it_shows_the_terms_and_until_when_they_hold(self, cast, cora):
        with cast.northgate.scope():
            choose(cast, a_review(vendor="azure", region="EU (Sweden)", sub_processors="One\nTwo"))
        page = text(cora, "vendors")
        assert "EU (Sweden)" in page
        assert "2099-12-31" in page
        assert "One\nTwo" in page


def test_the_pages_show_nothing_of_another_tenant(cast):
    with cast.northgate.scope():
        reason = {"outcome": Outcome.DEGRADED, "degraded_reason": DegradedReason.TIMEOUT, "reply": None}
        a_call(attempts=[an_attempt(model="only-northgate")], **reason)
        choose(cast, a_review(region="Only Northgate"))
    for name in ("models", "budget", "prompts", "vendors"):
        page = text(cast.carla.client, name).lower()
        assert "only-northgate" not in page
        assert "only northgate" not in page
