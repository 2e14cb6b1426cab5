"""A provider that follows a script, over real HTTP, and short times."""

import pytest

from fintech_ai.core.redis import redis_client
from tests.support import published
from tests.support.model_server import ModelServer

KEY = "sk-test-0123456789abcdefghij"


@pytest.fixture(scope="session")
def running_model_server():
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def running_vendor():
    with ModelServer(problem=lambda request: published.problem_with(request.vendor, request.body)) as server:
        yield server


@pytest.fixture
def vendor(running_vendor):
    """OpenAI, Azure or Anthropic, by the path: refuses each request that the vendor's own description does not take."""
    running_vendor.script(['{"decision": "clear"}'])
    return running_vendor


@pytest.fixture
def provider(running_model_server, settings):
    """The scripted provider, configured; `provider.script([...])` says what it does."""
    settings.OPENAI_BASE_URL = running_model_server.url
    settings.OPENAI_API_KEY = KEY
    settings.OPENAI_MODEL = "gpt-4.1-mini"
    settings.MODEL_CALL_DEADLINE_SECONDS = 10
    settings.MODEL_ATTEMPT_SECONDS = 5
    running_model_server.script(["{}"])
    # What earlier tests taught breaker and rate limits. The budgets are made anew from PostgreSQL.
    redis_client().flushdb()
    return running_model_server
