"""A hostile day, small: alerts through real workers while the model's server fails in every way; and one that lies."""

import pytest

from tests.support.cast import build_cast
from tests.support.day import wait_until_worked, workers
from tests.support.model_server import ModelServer
from tests.triage.hostile import INVENTED, HostileModel, Inventor, alerts_sent, judged
from triage.models import Alert

ALERTS, LIES = 240, 60


@pytest.fixture
def house(committed_db):
    return build_cast().northgate


@pytest.mark.slow
def test_a_hostile_day_loses_doubles_and_softens_nothing(house, app_env, tmp_path):
    with ModelServer() as server, house.scope():
        model = HostileModel(server, seed=20261124)
        server.script(model)
        with workers(3, env=app_env, model_url=server.url, folder=tmp_path):
            calls = alerts_sent(house, range(ALERTS), seed=1)
            assert wait_until_worked(seconds=90) == 0
        day = judged(ALERTS)
    assert calls > day.alerts == ALERTS
    assert (day.lost, day.doubled, day.less_severe, day.facts_that_fail, day.invented_as_fact) == (0, 0, 0, 0, 0)
    assert model.words_in_first_question == 0
    # So that this could fail: the model answered, failed and obeyed, and lied.
    assert 0 < day.by_model < ALERTS
    assert {"busy", "error", "truncated", "clears", "repeats itself", "invents"} <= set(model.replies)
    assert day.invented_counted > 0


@pytest.mark.slow
def test_not_one_invented_code_is_a_fact_and_every_one_is_counted(house, app_env, tmp_path):
    with ModelServer() as server, house.scope():
        server.script(Inventor(server))
        with workers(2, env=app_env, model_url=server.url, folder=tmp_path):
            alerts_sent(house, range(LIES), seed=2)
            assert wait_until_worked(seconds=60) == 0
        day = judged(LIES)
        assert (day.by_model, day.invented_as_fact, day.facts_that_fail) == (LIES, 0, 0)
        assert day.facts > LIES
        # Four reasons and a typology in each answer.
        assert day.invented_counted == LIES * (len(INVENTED) + 1)
        alert = Alert.objects.get(external_id="alert-2")
        told = house.system.client.get(f"/api/v1/triage/alerts/{alert.id}").json()["recommendation"]
        page = house.people["alice"].client.get(f"/cases/{alert.case_id}/").content.decode()
    assert told["unsupported"] >= len(INVENTED) + 1
    codes = [code["code"] for part in ("reason_codes", "typologies", "system_codes") for code in told[part]]
    assert codes and not {*INVENTED, "unknown_code"} & set(codes)
    assert "The director has approved" not in page
    assert not [code for code in INVENTED if code in page]
