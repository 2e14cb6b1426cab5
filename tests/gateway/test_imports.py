"""Web processes must stay small: what is heavy is imported by the first call and not before."""

import subprocess
import sys

import pytest

LOADED = (
    "import django; django.setup(); import fintech_ai.gateway.services, triage.capability, sys; "
    "print([name for name in ('openai', 'anthropic', 'httpx2', 'genai_prices') if name in sys.modules])"
)


@pytest.mark.slow
def test_no_sdk_is_loaded_before_the_first_call(app_env):
    loaded = subprocess.run([sys.executable, "-c", LOADED], env=app_env, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
