"""The harness itself: a test and the processes that it starts work on one database, which is no other test's."""

import os

from django.conf import settings

from tests.support.servers import environment


def test_this_process_works_on_the_database_that_its_children_are_given():
    named = settings.DATABASES["default"]
    assert environment()["DATABASE_URL"].endswith(f":{named['PORT']}/{named['NAME']}")


def test_every_process_of_pytest_has_a_database_of_its_own():
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    assert settings.DATABASES["default"]["NAME"] == f"test_{worker}"


def test_it_connects_as_the_plain_role():
    assert settings.DATABASES["default"]["USER"] == "fintech_app"
