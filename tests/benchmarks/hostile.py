"""bin/bench hostile: 10,000 alerts through real workers while the model's server fails in every way.

It hangs, sends 429, 500 and 503, resets and cuts connections, truncates, answers no JSON, repeats itself, invents codes
and obeys the instructions that strangers wrote into half of the alerts. What counts is whether an alert is lost or has
two cases or recommendations, whether a recommendation is below what the record alone says, and whether a claim is
shown as fact that does not recompute from what is stored. Every tenth alert is sent twice.
"""

import os
import tempfile
import time
from pathlib import Path

from tests.benchmarks.database import fresh_database, fresh_valkey
from tests.benchmarks.report import arguments, table, write

ALERTS = 10_000
WORKERS = 6
BATCH = 700
SECONDS = 3_600
SEED = 20261124


def main() -> None:
    """Send, work, judge; the model's replies beside what came of them."""
    options = arguments(__doc__)
    with fresh_valkey() as redis_url, fresh_database(redis_url=redis_url):
        replies, day, figures = _day()
    table("What the model's server did", ["reply", "times"], sorted(replies.items(), key=lambda item: -item[1]))
    table("Who answered", ["answer", "alerts"], sorted(day.answers.items(), key=lambda item: -item[1]))
    rows = [
        (name, figures[name])
        for name in ("alerts", "sent", "lost", "doubled", "less_severe", "facts", "facts_that_fail", "invented_as_fact")
    ]
    table(f"{day.alerts:,} alerts in {figures['seconds']:.0f} s, {WORKERS} workers", ["", "number"], rows)
    write(figures, options.json)


def _day():
    from fintech_ai.core.tenancy import tenant_scope
    from tests.support.cast import build_cast
    from tests.support.day import wait_until_worked, workers
    from tests.support.model_server import ModelServer
    from tests.triage.hostile import HostileModel, alerts_sent, judged

    house = build_cast().northgate
    with ModelServer() as server, tenant_scope(house.tenant.id), tempfile.TemporaryDirectory() as folder:
        model = HostileModel(server, seed=SEED)
        server.script(model)
        sent, began = 0, time.monotonic()
        with workers(WORKERS, env=os.environ, model_url=server.url, folder=Path(folder)):
            for start in range(0, ALERTS, BATCH):
                sent += alerts_sent(house, range(start, min(ALERTS, start + BATCH)), seed=start)
            unfinished = wait_until_worked(seconds=SECONDS)
        seconds = time.monotonic() - began
        day = judged(ALERTS)
    figures = {
        "alerts": day.alerts,
        "sent": sent,
        "seconds": round(seconds, 1),
        "model_replies": model.replies.total(),
        "answered_by_model": day.by_model,
        "unfinished": unfinished,
        "lost": day.lost,
        "doubled": day.doubled,
        "less_severe": day.less_severe,
        "facts": day.facts,
        "facts_that_fail": day.facts_that_fail,
        "invented_as_fact": day.invented_as_fact,
        "invented_counted": day.invented_counted,
        "words_in_first_question": model.words_in_first_question,
    }
    return model.replies, day, figures


if __name__ == "__main__":
    main()
