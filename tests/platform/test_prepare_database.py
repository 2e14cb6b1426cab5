"""manage.py prepare_database against a database whose owner may not do everything."""

import subprocess
import sys
import uuid

import pytest

from fintech_ai.core.embedded.postgres import APP, OWNER
from tests.support import servers


@pytest.mark.slow
def test_it_says_what_the_administrator_must_run_where_the_extension_is_refused(app_env):
    server, name = servers.postgres(), f"bare_{uuid.uuid4().hex[:8]}"
    server.execute(f"CREATE DATABASE {name}")
    env = {**app_env, "DATABASE_URL": server.url(APP, name), "DATABASE_OWNER_URL": server.url(OWNER, name)}
    try:
        command = [sys.executable, "manage.py", "prepare_database"]
        run = subprocess.run(command, cwd=servers.PROJECT, env=env, capture_output=True, text=True)
    finally:
        server.drop_database(name)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert f"to run, in the database {name}: CREATE EXTENSION vector;" in run.stderr
