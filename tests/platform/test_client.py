"""The client that is made from the OpenAPI document takes the README's tour against the real product."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.platform.site import TOUR, Site
from tests.support.servers import PROJECT

pytestmark = pytest.mark.slow

# As an integrator would write it; the arguments are address, token, and the folder of the tour's files.
PROGRAM = """
import json, sys, time
from pathlib import Path

from fintech_ai_client import AuthenticatedClient
from fintech_ai_client.api.cases import case_retrieve, cases_list, cases_trail_list
from fintech_ai_client.api.triage import triage_alert_submit, triage_transactions_import
from fintech_ai_client.models import AlertRequestRequest, TransactionsRequest

address, token, tour = sys.argv[1], sys.argv[2], Path(sys.argv[3])
client = AuthenticatedClient(base_url=address, token=token, raise_on_unexpected_status=True)
payments = TransactionsRequest.from_dict(json.loads((tour / "transactions.json").read_text()))
imported = triage_transactions_import.sync(client=client, body=payments)
alert = AlertRequestRequest.from_dict(json.loads((tour / "alert.json").read_text()))
receipt, again = (
    triage_alert_submit.sync(client=client, body=alert, idempotency_key="tour-client") for _ in range(2)
)
until = time.monotonic() + 60
while True:
    case = case_retrieve.sync(client=client, case_id=receipt.case.id)
    if case.recommendation or time.monotonic() > until:
        break
    time.sleep(0.5)
trail = cases_trail_list.sync(client=client, case_id=case.id)
refused = case_retrieve.sync_detailed(client=AuthenticatedClient(base_url=address, token="wrong"), case_id=case.id)
print(json.dumps({
    "repeated": imported.already_there,
    "same": receipt.case.id == again.case.id,
    "listed": len(cases_list.sync(client=client, page_size=1).results),
    "decision": case.recommendation.decision,
    "codes": [claim.code for claim in case.recommendation.claims],
    "trail": [event.action for event in trail.results],
    "refused": [int(refused.status_code), refused.parsed.code],
}))
"""


@pytest.fixture(scope="module")
def package():
    """Where the generated package lies."""
    with TemporaryDirectory(prefix="fintech-ai-client-") as folder:
        subprocess.run([PROJECT / "bin" / "client", Path(folder) / "fintech_ai_client"], check=True, timeout=600)
        yield folder


def test_the_generated_client_takes_the_tour(package):
    with TemporaryDirectory(prefix="fintech-ai-site-") as folder, Site(Path(folder)) as site:
        site.worker.start()
        command = [sys.executable, "-c", PROGRAM, site.web.url, site.token, str(TOUR.parent)]
        env = {**os.environ, "PYTHONPATH": package}
        run = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["same"] and told["listed"] == 1 and told["repeated"] == 1000
    assert told["decision"] in {"clear", "review", "escalate", "block"} and told["codes"]
    assert told["trail"][0] == "case.opened" and "recommendation.made" in told["trail"]
    assert told["refused"][0] == 401


def test_a_folder_that_is_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    for folder in (tmp_path / "mine", tmp_path / "not-a-package"):
        run = subprocess.run([PROJECT / "bin" / "client", folder], capture_output=True, text=True, timeout=60)
        assert run.returncode == 1 and run.stderr
    assert list((tmp_path / "mine").iterdir()) == []
