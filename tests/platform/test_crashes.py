"""Killed at the worst moment, nothing that was accepted is lost, and nothing is done twice."""

import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.platform.site import Site, faults


def test_the_count_of_recommendations_finds_what_is_lost_missing_or_doubled():
    found = faults(["whole", "lost", "without", "doubled"], {"whole": 1, "without": 0, "doubled": 2, "foreign": 7})
    assert found == ["lost is lost", "without has 0 recommendations", "doubled has 2 recommendations"]


@pytest.fixture(scope="module")
def site():
    # Not below pytest's own folder, which lets no other user pass, and PostgreSQL may have to be one.
    with TemporaryDirectory(prefix="fintech-ai-site-") as folder, Site(Path(folder)) as built:
        yield built


@pytest.mark.slow
def test_workers_killed_in_the_middle_of_runs_leave_one_recommendation_each(site):
    cut_short = attempts = 0
    # Between seeing a run and the kill it may have ended, so once is not enough.
    while cut_short < 2 and attempts < 12:
        attempts += 1
        for _ in range(10):
            site.post_alert()
        site.worker.start()
        until = time.monotonic() + 5
        while not site.running() and time.monotonic() < until:
            time.sleep(0.002)
        site.worker.kill()
        cut_short += site.running()
    assert cut_short, "no worker was killed in the middle of a run, so nothing was tested"
    site.worker.start()
    site.check()


@pytest.mark.slow
def test_postgres_killed_under_a_writer_loses_nothing_that_was_accepted(site):
    if not site.worker.is_running:
        site.worker.start()
    before = len(site.accepted)
    failures = []

    def write() -> None:
        try:
            for _ in range(60):
                site.post_alert(patience=40)
        except Exception as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(3):
        time.sleep(1)
        site.postgres.kill()
        time.sleep(0.5)
        site.postgres.start()
    writer.join(120)
    assert failures == []
    assert len(site.accepted) == before + 60
    site.check()


@pytest.mark.slow
def test_redis_emptied_and_killed_while_runs_wait_loses_no_run(site):
    site.worker.stop()
    for _ in range(10):
        site.post_alert()
    site.redis().flushall()
    for _ in range(10):
        site.post_alert()
    site.valkey.kill()
    site.post_alert()
    site.valkey.start()
    site.redis().flushall()
    site.worker.start()
    site.check()


@pytest.mark.slow
def test_the_check_fails_when_a_recommendation_is_taken_away(site):
    """Last, since it breaks the site on purpose, behind the triggers' back."""
    if not site.accepted:
        site.worker.start()
        site.post_alert()
    site.settle()
    alert = min(site.accepted)
    site.rows(
        "DELETE FROM cases_recommendation WHERE case_id = (SELECT case_id FROM triage_alert WHERE id = %s)", alert
    )
    with pytest.raises(AssertionError, match=f"{alert} has 0 recommendations"):
        site.check()
