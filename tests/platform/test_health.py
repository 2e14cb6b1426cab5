"""/healthz tells whether the process lives, /readyz whether it can work."""

import json
import urllib.error
import urllib.request

import pytest
from django.test import Client

from fintech_ai.core.embedded.process import free_port
from tests.support.processes import WebServer


def asked(env: dict[str, str], folder, path: str) -> tuple[int, dict]:
    """What a web server in this environment answers; /healthz has answered before, or it would not have started."""
    with WebServer(env=env, folder=folder) as web:
        try:
            with urllib.request.urlopen(f"{web.url}{path}", timeout=10) as response:  # noqa: S310
                return response.status, json.load(response)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)


def test_it_is_ready_when_both_servers_answer(db):
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok", "redis": "ok"})


def test_neither_may_be_cached(db):
    for address in ("/healthz", "/readyz"):
        assert "no-store" in Client().get(address)["Cache-Control"]


@pytest.mark.slow
def test_without_its_database_it_lives_and_is_not_ready(app_env, tmp_path):
    env = {**app_env, "DATABASE_URL": f"postgresql://nobody:secret@127.0.0.1:{free_port()}/nothing"}
    status, body = asked(env, tmp_path, "/readyz")
    assert (status, body) == (503, {"status": "not ready", "database": "does not answer", "redis": "ok"})


@pytest.mark.slow
def test_without_redis_it_is_ready_and_says_what_waits(app_env, tmp_path):
    env = {**app_env, "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    status, body = asked(env, tmp_path, "/readyz")
    assert (status, body["redis"]) == (200, "does not answer; runs wait for the sweep")
