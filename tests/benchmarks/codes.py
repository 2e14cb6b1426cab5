"""bin/bench codes: 10,000 alerts of the Sparkov sample, and whether each reason recomputes from what is stored.

The sample's payments are imported as a bank would post them; alerts are raised by the demo's rules, then on the latest
other payments. Real workers recommend while the model answers every question with invented codes, an invented typology
and a sentence on them beside true ones. Then, from the database alone: the features are computed again from the stored
payments, and every code that is shown as fact from those features. Beside it FinCEN's schema is compared with the
project's own table of its values.
"""

import os
import re
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.benchmarks.database import fresh_database, fresh_valkey
from tests.benchmarks.report import arguments, table, write

ALERTS, WORKERS = 10_000, 6
SECONDS = 3_600
PAGES = 100


@dataclass
class Recomputed:
    """Counted over all recommendations, from stored payments."""

    alerts: int = 0
    features_differ: int = 0
    codes: int = 0
    codes_that_fail: int = 0
    typologies: int = 0
    typologies_that_fail: int = 0


def main() -> None:
    """Import, recommend, recompute; then look at what API and page show."""
    options = arguments(__doc__)
    with fresh_valkey() as redis_url, fresh_database(redis_url=redis_url):
        figures = _fincen(options.data) | _measure(options.data)
    rows = [(name.replace("_", " "), value) for name, value in figures.items()]
    table("Reason codes, recomputed from stored inputs, and codes that a model invented", ["", "number"], rows)
    write(figures, options.json)


def _fincen(data: Path) -> dict[str, int]:
    """How many of our FinCEN values there are, and how many the schema's enumerations do not hold."""
    from triage.codes.published import FINCEN_SUBTYPES, FINCEN_TYPES

    schema = (data / "triage" / "fincen" / "EFL_SARXBatchSchema.xsd").read_text("utf-8")
    unknown = 0
    for name, ours in {"TypeID": FINCEN_TYPES, "SubtypeID": FINCEN_SUBTYPES}.items():
        _, _, rest = schema.partition(f'name="ValidateSuspiciousActivity{name}"')
        held = re.findall(r'enumeration value="(\d+)"', rest.split("</xsd:simpleType>")[0])
        unknown += len(ours.keys() - {int(value) for value in held})
    return {"fincen_values": len(FINCEN_TYPES) + len(FINCEN_SUBTYPES), "fincen_values_unknown_to_schema": unknown}


def _measure(data: Path) -> dict[str, Any]:
    from fintech_ai.core.tenancy import tenant_scope
    from tests.support.cast import build_cast
    from tests.support.day import wait_until_worked, workers
    from tests.support.model_server import ModelServer
    from tests.triage.hostile import INVENTED, Inventor, judged

    house = build_cast().northgate
    with ModelServer() as server, tenant_scope(house.tenant.id), tempfile.TemporaryDirectory() as folder:
        server.script(Inventor(server))
        raised = _imported(house, data)
        began = time.monotonic()
        with workers(WORKERS, env=os.environ, model_url=server.url, folder=Path(folder)):
            for row, rule in raised:
                _alert(house, row, rule)
            wait_until_worked(seconds=SECONDS)
        seconds = time.monotonic() - began
        day, again, shown = judged(len(raised)), _recomputed(), _shown(house)
    return {
        "alerts": day.alerts,
        "seconds": round(seconds, 1),
        "answered_by_model": day.by_model,
        "features_that_differ_when_computed_again": again.features_differ,
        "codes_shown_as_fact": again.codes,
        "codes_that_do_not_recompute": again.codes_that_fail,
        "typologies_shown_as_fact": again.typologies,
        "typologies_that_do_not_recompute": again.typologies_that_fail,
        "invented": day.by_model * (len(INVENTED) + 1),
        "invented_counted_as_unsupported": day.invented_counted,
        "invented_as_fact": day.invented_as_fact,
        "pages_and_answers_looked_at": 2 * PAGES,
        "invented_on_them_as_fact": shown,
    }


def _imported(house: Any, data: Path) -> list[tuple[Any, str]]:
    """Store the sample; the payments to raise, each with what raised it."""
    from triage.demo.load import raised
    from triage.services import MAX_ROWS, transactions_import

    rows = _rows(data)
    for start in range(0, len(rows), MAX_ROWS):
        transactions_import(actor=house.system.actor, rows=rows[start : start + MAX_ROWS])
    by_rule = {row.id: rule for row, rule in raised(rows)}
    latest = [(row, by_rule.get(row.id, "Random check")) for row in reversed(rows)]
    latest.sort(key=lambda pair: pair[0].id not in by_rule)
    return latest[:ALERTS]


def _rows(data: Path) -> list[Any]:
    """The sample in the order of time; a fraud is reported a week after its payment."""
    from pyarrow import parquet

    from triage.features import LABEL_DELAY
    from triage.models import Channel, EntryMode
    from triage.rows import CustomerRow, MerchantRow, TransactionRow

    (path,) = sorted((data / "triage").glob("sparkov_*.parquet"))[:1]
    rows = []
    for row in sorted(parquet.read_table(path).to_pylist(), key=lambda row: (row["unix_time"], row["trans_num"])):
        at = datetime.fromtimestamp(row["unix_time"], UTC)
        online = row["category"].endswith("_net")
        shop = f"{row['merchant'].removeprefix('fraud_')}.{row['category']}"
        home = {"home_country": "US", "home_latitude": row["lat"], "home_longitude": row["long"]}
        rows.append(
            TransactionRow(
                id=row["trans_num"],
                customer=CustomerRow(id=str(row["cc_num"]), **home),
                merchant=MerchantRow(id=shop, category=row["category"], country="US"),
                occurred_at=at,
                amount=Decimal(f"{row['amt']:.2f}"),
                currency="USD",
                channel=Channel.CARD_NOT_PRESENT if online else Channel.CARD_PRESENT,
                entry_mode=EntryMode.ECOMMERCE if online else EntryMode.CHIP,
                country="US",
                latitude=None if online else row["merch_lat"],
                longitude=None if online else row["merch_long"],
                reported_fraud_at=at + LABEL_DELAY if row["is_fraud"] else None,
            )
        )
    return rows


def _alert(house: Any, row: Any, rule: str) -> None:
    from triage.models import AlertChannel
    from triage.services import alert_submit

    actor, channel = house.system.actor, AlertChannel.MONITORING
    alert_submit(actor=actor, queue=house.queue, transaction_id=row.id, channel=channel, raised_by=rule)


def _recomputed() -> Recomputed:
    """Every reason and typology that is shown as fact, from features computed again from the stored payments."""
    from triage.codes import Kind
    from triage.evidence import recomputes
    from triage.features import features_of
    from triage.models import Alert

    found = Recomputed()
    alerts = Alert.objects.select_related("case__recommendation", "transaction__customer", "transaction__merchant")
    for alert in alerts.prefetch_related("case__recommendation__claims").iterator(chunk_size=500):
        recommendation = alert.case.recommendation
        features = features_of(alert.transaction)
        found.alerts += 1
        found.features_differ += features.model_dump(mode="json") != recommendation.inputs["features"]
        for claim in recommendation.claims.all():
            if not claim.supported or claim.kind == Kind.SYSTEM:
                continue
            fails = not recomputes(claim, features)
            if claim.kind == Kind.TYPOLOGY:
                found.typologies += 1
                found.typologies_that_fail += fails
            else:
                found.codes += 1
                found.codes_that_fail += fails
    return found


def _shown(house: Any) -> int:
    """Invented codes that API or page show as fact, on the first PAGES alerts."""
    from tests.triage.hostile import INVENTED, INVENTED_TYPOLOGY
    from triage.models import Alert

    # As a proxy that has taken the TLS off passes it on.
    told_by_proxy = {"secure": True, "headers": {"host": "localhost"}}
    invented = {*INVENTED, INVENTED_TYPOLOGY, "unknown_code"}
    api, browser = house.system.client, house.people["alice"].client
    found = 0
    for alert in Alert.objects.order_by("id")[:PAGES]:
        told = api.get(f"/api/v1/triage/alerts/{alert.id}", **told_by_proxy).json()["recommendation"]
        codes = [code["code"] for part in ("reason_codes", "typologies", "system_codes") for code in told[part]]
        found += len(invented & {*codes, *(claim["code"] for claim in told["claims"] if claim["supported"])})
        page = browser.get(f"/cases/{alert.case_id}/", **told_by_proxy).content.decode()
        found += sum(code in page for code in (*INVENTED, INVENTED_TYPOLOGY, "The director has approved"))
    return found


if __name__ == "__main__":
    main()
