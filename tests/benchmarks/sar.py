"""bin/bench sar: do drafts of suspicious activity reports validate against FinCEN's own schema?

Drafts are made of random payments with the claims that the baseline finds in them, for customers with names in any
script, empty, very long, or with characters that XML cannot hold. A validator by other authors judges them. Beside them
stands the sample that FinCEN publishes with the schema.
"""

import random
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.benchmarks.database import fresh_database
from tests.benchmarks.report import arguments, table, write

DRAFTS = 2_000
NAMES = (
    "Maria Keller", "", "Ngũgĩ wa Thiong'o", "山田 太郎", "محمد بن سلمان", "O'Brien & Søns <Ltd>", "x" * 200,
    "A\x0b\x1fB \ufffe C", "  spaced   out  ", "Prince",
)  # fmt: skip


def main() -> None:
    """Validate, and print what the schema says of the drafts and of FinCEN's sample."""
    options = arguments(__doc__)
    folder = options.data / "triage" / "fincen"
    # Nothing is stored; the models want a database to exist.
    with fresh_database():
        figures, faults = _validate(folder)
    table("Drafts against FinCEN's SAR XML schema 1.6", ["", "number"], list(figures.items()))
    for reason, number in list(faults.items())[:10]:
        print(f"  draft {number}: {reason}")
    write(figures, options.json)


def _validate(folder: Path) -> tuple[dict[str, int], dict[str, int]]:
    """The figures; and each kind of fault with the number of a draft that has it."""
    import xmlschema

    # The schema says that it is for version 1.1 of XML Schema; for 1.0 it would be empty.
    schema = xmlschema.XMLSchema11(str(folder / "EFL_SARXBatchSchema.xsd"))
    dice, faults, kinds = random.Random(11), {}, set()
    for number in range(DRAFTS):
        xml, found = _draft(dice, number)
        kinds |= found
        for error in schema.iter_errors(xml.decode()):
            faults.setdefault(str(error.reason), number)
    figures = {
        "drafts": DRAFTS,
        "kinds of fault in drafts": len(faults),
        "categories used": len(kinds),
        "faults in FinCEN's own sample": sum(1 for _ in schema.iter_errors(str(folder / "sar_batch.xml"))),
    }
    return figures, faults


def _draft(dice: random.Random, number: int) -> tuple[bytes, set[str]]:
    """The file of one draft, and the categories in it."""
    from fintech_ai.cases.models import Claim, Decision, Step
    from tests.triage.build import random_features
    from triage.answer import from_baseline
    from triage.models import Alert, Customer, Merchant, Transaction
    from triage.sar.draft import draft
    from triage.sar.xml import as_xml

    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=977 * number)
    claims = [
        Claim(kind=one.kind, code=one.code, label=one.label, statement=one.statement, source=one.source, supported=True)
        for one in from_baseline(random_features(dice), as_of=at, degraded_reason="no_provider").claims
    ]
    payment = Transaction(
        external_id=f"tx-{number}",
        customer=Customer(
            external_id=f"c-{number}",
            name=dice.choice(NAMES),
            home_city=dice.choice(("", "Zürich", "x" * 100)),
            home_country=dice.choice(("", "US", "CH")),
        ),
        merchant=Merchant(external_id="m-1", name=dice.choice(NAMES)),
        occurred_at=at,
        amount=Decimal(dice.randint(1, 10_000_000)) / 100,
        currency=dice.choice(("USD", "USD", "EUR")),
        channel="card_present",
        country=dice.choice(("", "US")),
    )
    decision = Decision(step=Step.FIRST, outcome="block", created_at=at, decided_by_id=uuid.uuid4())
    name = dice.choice([name for name in NAMES if name])
    made = draft(alert=Alert(transaction=payment), claims=claims, decisions=[decision], institution=name)
    return as_xml(made), {f"{each.type}/{each.subtype}" for each in made.activities}


if __name__ == "__main__":
    main()
