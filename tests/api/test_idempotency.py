"""The same Idempotency-Key with the same body: the same answer, and nothing twice."""

import json
import threading

import pytest
from django.db import connection

from fintech_ai.cases.models import Case
from tests.api.requests import ALERTS, a_posted_transaction, an_alert, post, post_alert
from tests.support.cast import build_cast


@pytest.mark.django_db
class TestOneAfterTheOther:
    @pytest.fixture
    def alert(self, cast):
        return an_alert(a_posted_transaction(cast.ivan))

    def test_a_repeat_gets_the_same_answer_and_no_second_case(self, cast, alert):
        first = post_alert(cast.ivan, alert, key="k-1")
        again = post_alert(cast.ivan, alert, key="k-1")
        assert (first.status_code, again.status_code) == (202, 202)
        assert again.json() == first.json()
        assert again["Location"] == first["Location"]
        assert again["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in first
        with cast.northgate.scope():
            assert Case.objects.count() == 1

    def test_the_order_of_fields_does_not_matter(self, cast, alert):
        post_alert(cast.ivan, alert, key="k-1")
        turned = json.dumps(dict(reversed(alert.items())), indent=3)
        assert post(cast.ivan, ALERTS, turned, key="k-1").status_code == 202

    def test_the_same_key_with_another_body_is_refused(self, cast, alert):
        post_alert(cast.ivan, alert, key="k-1")
        response = post_alert(cast.ivan, {**alert, "raised_by": "Rule 8"}, key="k-1")
        assert response.status_code == 422
        assert "another request" in response.json()["detail"]

    def test_the_same_key_of_another_system_is_another_key(self, cast, alert):
        post_alert(cast.ivan, alert, key="k-1")
        theirs = an_alert(a_posted_transaction(cast.igor))
        response = post_alert(cast.igor, theirs, key="k-1")
        assert response.status_code == 202
        assert "Idempotency-Replayed" not in response

    def test_a_refused_request_may_be_corrected_under_its_key(self, cast, alert):
        assert post_alert(cast.ivan, {**alert, "channel": "rumour"}, key="k-1").status_code == 400
        assert post_alert(cast.ivan, alert, key="k-1").status_code == 202

    @pytest.mark.parametrize("key", ["x" * 256, "with space", "ü"])
    def test_a_malformed_key_is_refused(self, cast, alert, key):
        response = post_alert(cast.ivan, alert, key=key)
        assert response.status_code == 400
        assert "Idempotency-Key" in response.json()["detail"]


def test_twenty_at_once_open_one_case(committed_db):
    cast = build_cast()
    alert = an_alert(a_posted_transaction(cast.ivan))
    answers = []
    barrier = threading.Barrier(20)

    def send():
        barrier.wait()
        answers.append(post_alert(cast.ivan, alert, key="all-at-once"))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    with cast.northgate.scope():
        assert Case.objects.count() == 1
