"""Imports run downwards only; .importlinter holds the contract."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT

LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder):
    command = [LINT, "--no-cache", "--no-logo"]
    environment = {"PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def copy(tmp_path):
    """Our packages without their content, so that one import can be put in."""
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
    return tmp_path


def test_every_import_runs_downwards():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("fintech_ai/core/actors.py", "fintech_ai.audit.models"),
        ("fintech_ai/audit/services.py", "fintech_ai.accounts.models"),
        ("fintech_ai/accounts/models.py", "fintech_ai.cases.models"),
        ("fintech_ai/cases/tasks.py", "triage.models"),
        ("fintech_ai/cases/tasks.py", "fintech_ai.settings"),
        ("triage/services.py", "onboarding"),
        ("triage/services.py", "copilot"),
        ("triage/services.py", "observability"),
    ],
)
def test_an_import_that_runs_upwards_or_sideways_is_found(copy, module, imported):
    (copy / module).write_text(f"import {imported}\n")
    result = lint(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{module.removesuffix('.py').replace('/', '.')} -> {imported}" in result.stdout


def test_every_app_has_its_layer():
    """A new package that nobody put into the contract would be free to import what it likes."""
    contract = (ROOT / ".importlinter").read_text()
    apps = {path.parent.name for path in (ROOT / "fintech_ai").glob("*/__init__.py")}
    assert {name for name in apps if f"    fintech_ai.{name}\n" not in contract} == set()
