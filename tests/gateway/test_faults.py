"""Whatever a provider does, a call ends in a whole, valid answer or in a reason: three attempts, one deadline."""

import logging
import time

import pytest

from tests.gateway.conftest import KEY
from tests.support.gateway import GOOD, ask, stored
from tests.support.model_server import Fault, Step, closed_url

pytestmark = pytest.mark.django_db

# What may pass is asked three times in all; what may not, once; a reply that does not fit is repaired once.
FAULTS = [
    (Fault.RESET, "unreachable", 3),
    (Fault.CUT, "unreachable", 3),
    (Fault.BUSY, "rate_limited", 3),
    (Fault.ERROR, "provider_error", 3),
    (Fault.DOWN, "provider_error", 3),
    (Fault.HTML, "provider_error", 3),
    (Fault.EMPTY, "provider_error", 3),
    (Fault.JUNK, "provider_error", 3),
    (Fault.NOT_A_COMPLETION, "provider_error", 3),
    (Fault.WRONG_TYPE, "provider_error", 3),
    (Fault.NO_CREDIT, "quota_spent", 1),
    (Fault.BAD_REQUEST, "rejected", 1),
    (Fault.BAD_KEY, "not_authorised", 1),
    (Fault.UNKNOWN_MODEL, "rejected", 1),
    (Fault.REDIRECT, "rejected", 1),
    (Fault.TRUNCATED, "truncated", 1),
    (Fault.FILTERED, "filtered", 1),
    (Fault.REFUSED, "refused", 1),
    (Fault.UNFINISHED, "provider_error", 1),
    (Fault.HUGE, "provider_error", 1),
    (Fault.BOMB, "provider_error", 1),
    (Fault.NOT_JSON, "invalid_reply", 2),
    (Fault.WRONG_SCHEMA, "invalid_reply", 2),
    (Fault.EMPTY_CONTENT, "invalid_reply", 2),
    (Fault.NUL, "invalid_reply", 2),
]


@pytest.fixture(autouse=True)
def brisk(monkeypatch):
    """Waits between attempts are drawn from up to 20 ms instead of half a second."""
    monkeypatch.setattr("fintech_ai.gateway.attempts.BACKOFF_SECONDS", 0.02)


@pytest.mark.parametrize(("fault", "reason", "attempts"), FAULTS, ids=lambda value: getattr(value, "name", None))
def test_a_fault_that_stays_is_degraded_with_its_reason(cast, provider, fault, reason, attempts):
    provider.script([fault])
    completion = ask(cast.northgate)
    assert (completion.value, completion.degraded_reason) == (None, reason)
    call = stored(cast.northgate, completion)
    assert (call.outcome, call.degraded_reason) == ("degraded", reason)
    assert len(call.attempts) == len(provider.requests) == attempts
    assert all(attempt["error"] for attempt in call.attempts)


@pytest.mark.parametrize(
    "fault", [fault for fault, _, attempts in FAULTS if attempts > 1], ids=lambda fault: fault.name
)
def test_a_fault_that_passes_is_answered(cast, provider, fault):
    provider.script([fault, GOOD])
    completion = ask(cast.northgate)
    assert completion.value.model_dump() == GOOD
    assert completion.degraded_reason == ""
    assert len(stored(cast.northgate, completion).attempts) == 2


def test_a_provider_that_is_not_there_is_unreachable(cast, provider, settings):
    settings.OPENAI_BASE_URL = closed_url()
    completion = ask(cast.northgate)
    assert completion.degraded_reason == "unreachable"
    assert [attempt["http_status"] for attempt in stored(cast.northgate, completion).attempts] == [None] * 3


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP, Fault.DRIP_HEADERS], ids=lambda fault: fault.name)
def test_a_provider_that_never_ends_is_left_at_the_deadline(cast, provider, settings, fault):
    settings.MODEL_CALL_DEADLINE_SECONDS = 1.2
    settings.MODEL_ATTEMPT_SECONDS = 0.6
    provider.script([fault])
    begun = time.monotonic()
    completion = ask(cast.northgate)
    assert completion.degraded_reason == "timeout"
    assert time.monotonic() - begun < 1.2 + 0.5
    assert len(provider.requests) == 2


def test_a_slow_attempt_leaves_time_for_another(cast, provider, settings):
    settings.MODEL_ATTEMPT_SECONDS = 0.4
    provider.script([Fault.HANG, GOOD])
    completion = ask(cast.northgate)
    assert completion.value.decision == "clear"
    assert [attempt["error"] for attempt in stored(cast.northgate, completion).attempts] == ["Deadline", ""]


def test_different_faults_share_the_three_attempts(cast, provider):
    provider.script([Fault.ERROR, Fault.WRONG_SCHEMA, Fault.BUSY, GOOD])
    completion = ask(cast.northgate)
    assert completion.degraded_reason == "rate_limited"
    kinds = [attempt["kind"] for attempt in stored(cast.northgate, completion).attempts]
    assert kinds == ["first", "retry", "repair"]


def test_nothing_is_asked_without_a_provider(cast, settings):
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    completion = ask(cast.northgate)
    assert (completion.value, completion.degraded_reason, completion.call_id) == (None, "no_provider", None)


@pytest.mark.parametrize("header", ["Retry-After", "retry-after-ms"])
def test_it_waits_as_long_as_it_is_told(cast, provider, header):
    wait = {"Retry-After": "1", "retry-after-ms": "1000"}[header]
    provider.script([Step(status=429, raw=b"{}", headers={header: wait}), GOOD])
    assert ask(cast.northgate).value
    first, second = provider.requests
    assert 1 <= second.at - first.at < 2


def test_it_does_not_wait_beyond_the_deadline(cast, provider):
    provider.script([Step(status=429, raw=b"{}", headers={"Retry-After": "60"}), GOOD])
    begun = time.monotonic()
    assert ask(cast.northgate).degraded_reason == "rate_limited"
    assert len(provider.requests) == 1
    assert time.monotonic() - begun < 1


def test_a_redirect_is_not_followed(cast, provider, running_model_server):
    elsewhere = Step(status=307, raw=b"", headers={"Location": f"{running_model_server.url}/chat/completions"})
    provider.script([elsewhere, GOOD])
    assert ask(cast.northgate).degraded_reason == "rejected"
    assert len(provider.requests) == 1


def test_no_key_prompt_or_reply_is_logged(cast, provider, caplog):
    caplog.set_level(logging.DEBUG, logger="fintech_ai")
    caplog.set_level(logging.INFO)
    for fault in (Fault.BAD_KEY, Fault.NOT_JSON, Fault.WRONG_SCHEMA, Fault.RESET, Fault.REFUSED):
        provider.script([fault])
        ask(cast.northgate)
    assert "was not answered" in caplog.text
    for secret in (KEY, "sk-", "fraud analyst", "Certainly", "verdict", "cannot help", "customer"):
        assert secret not in caplog.text


def test_no_key_or_text_of_a_provider_is_stored(cast, provider):
    provider.script([Fault.BAD_KEY])
    call = stored(cast.northgate, ask(cast.northgate))
    assert call.attempts[0]["error"] == "invalid_api_key"
    assert "sk-" not in str({field.name: getattr(call, field.attname) for field in call._meta.concrete_fields})


def test_an_error_code_that_is_no_slug_is_not_stored(cast, provider):
    body = b'{"error": {"message": "no", "code": "Mrs Jane Doe, 4111 1111 1111 1111"}}'
    provider.script([Step(status=400, raw=body)])
    call = stored(cast.northgate, ask(cast.northgate))
    assert call.attempts[0]["error"] == "Status400"


def test_a_model_name_that_is_no_name_is_not_stored(cast, provider):
    provider.script([Step(content='{"decision": "clear", "confidence": 1, "summary": ""}', model="gpt\n<b>4</b>")])
    call = stored(cast.northgate, ask(cast.northgate))
    assert (call.outcome, call.model_returned) == ("answered", "")
