"""Leads are told on their queue's page when the model budget runs out."""

import pytest
from django.urls import reverse

from fintech_ai.core.redis import redis_client
from fintech_ai.gateway import configuration
from fintech_ai.gateway.admission import keys
from tests.support.admission import enter, limits, this_month

SPENT, NEARLY = "is spent; the baseline answers until 1 ", "of the model budget for"


@pytest.fixture
def budget(cast, settings):
    """Sets what the month's budget of one dollar is at, and returns the queue's page as a person sees it."""
    settings.OPENAI_API_KEY = "sk-test"
    settings.MODEL_BUDGET_MONTH_USD = limits(month="1.00").month_usd
    tenant = cast.northgate.tenant
    month = this_month(cast.northgate)
    configuration.forget()

    def seen(person, *, spent, short=None):
        enter(tenant.id, hold=0, month=month)
        redis_client().hset(keys.month(tenant.id, month), "spent", spent)
        if short:
            enter(tenant.id, hold=short, limits=limits(month="1.00"), month=month)
        return person.client.get(reverse("queue", args=["triage"])).content.decode()

    yield seen
    configuration.forget()
    redis_client().delete(keys.month(tenant.id, month))


def test_a_lead_sees_nothing_while_there_is_enough(cast, budget):
    assert "budget-notice" not in budget(cast.lena, spent=790_000)


def test_a_lead_sees_that_the_budget_is_nearly_spent(cast, budget):
    page = budget(cast.lena, spent=850_000)
    assert f"85% {NEARLY}" in page
    assert SPENT not in page


@pytest.mark.parametrize(("spent", "short"), [(1_000_000, None), (950_000, 60_000)])
def test_a_lead_sees_that_the_budget_is_spent_and_until_when_the_baseline_answers(cast, budget, spent, short):
    assert SPENT in budget(cast.lena, spent=spent, short=short)


def test_an_analyst_is_not_bothered(cast, budget):
    assert "budget-notice" not in budget(cast.alice, spent=1_000_000)


def test_without_a_model_there_is_no_word_of_a_budget(cast, budget, settings):
    settings.OPENAI_API_KEY = ""
    assert "budget-notice" not in budget(cast.lena, spent=1_000_000)
