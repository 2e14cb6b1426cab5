"""Every test runs against a real PostgreSQL and a real Redis server, started here once, and as the plain role.

Each process of pytest-xdist has a database and a Valkey database of its own. Nothing is flushed: a test either rolls
back (`db`), or commits into tenants of its own (`committed_db`).
"""

import os
from copy import deepcopy

import django
import pytest

from tests.support import servers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-browser", action="store_true", help="leave out the tests that need Chromium")


def pytest_configure(config: pytest.Config) -> None:
    """Before Django's settings are read, which name the servers."""
    if hasattr(config, "workerinput"):
        servers.use_of_worker(config.workerinput["workerid"])
    else:
        config.add_cleanup(servers.stop)
        servers.start()
    os.environ["DJANGO_SETTINGS_MODULE"] = "fintech_ai.settings"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"  # Playwright runs its loop in the thread that also uses the ORM

    django.setup()
    # Not for the processes of pytest-xdist: pytest-django would read the settings there before they are pointed at
    # a database of their own.
    del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Browser tests are slow ones, and can be left out where there is no browser."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.slow)
    if config.getoption("--no-browser"):
        kept = [item for item in items if not item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    """The database is there already: a copy of the migrated template."""
    from django.db import connections

    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(autouse=True)
def nothing_remembered():
    """What a process remembers of tenants is older than a test that was rolled back."""
    from fintech_ai.gateway import configuration

    configuration.forget()


@pytest.fixture
def committed_db(django_db_setup, django_db_blocker):
    """Commits are real and stay. Work in tenants of your own: `build_cast()`."""
    from django.db import connections

    with django_db_blocker.unblock():
        yield
        connections.close_all()


@pytest.fixture(scope="session")
def committed_cast(django_db_setup, django_db_blocker):
    """The cast of all tests that roll back, committed once."""
    from tests.support.cast import build_cast

    with django_db_blocker.unblock():
        return build_cast()


@pytest.fixture
def cast(committed_cast, db):
    """Alice, Bob, Lena, Cora and Ivan of Northgate, and their strangers of Southbank; what they do is rolled back."""
    return deepcopy(committed_cast)


@pytest.fixture
def sealed(db):
    """Call it to read audit events within a transaction that will never commit."""
    from django.db import connection

    def seal() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    return seal


@pytest.fixture(scope="session")
def app_env() -> dict[str, str]:
    """The environment of a process that works on this worker's database and Valkey."""
    return servers.environment()


@pytest.fixture(scope="session")
def server(django_db_setup, app_env, tmp_path_factory):
    """The real web server, for all tests of this process. `server.url` is its address."""
    from tests.support.processes import WebServer

    with WebServer(env=app_env, folder=tmp_path_factory.mktemp("web")) as web:
        yield web


@pytest.fixture
def worker(django_db_setup, app_env, tmp_path):
    """A real Celery worker with its scheduler, for one test: others claim their runs themselves."""
    from tests.support.processes import CeleryWorker

    with CeleryWorker(env=app_env, folder=tmp_path) as celery:
        yield celery


@pytest.fixture(scope="session")
def browser():
    """Chromium, for all tests of this process: Playwright starts once in a process, and no more."""
    from playwright.sync_api import sync_playwright

    from tests.support.chromium import ARGUMENTS, chromium

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield launched
        launched.close()
