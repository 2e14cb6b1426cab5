"""Cases as files: whole, typed, harmless in a spreadsheet, and on record."""

import csv
import io
from datetime import UTC
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.export import COLUMNS, csv_lines
from fintech_ai.cases.models import Case
from tests.support.audit import settle
from tests.support.cases import a_case_in_review, a_draft


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


def downloaded(person, query=""):
    response = person.client.get(reverse("queue-export", args=["triage"]) + query)
    assert response.status_code == 200 and response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_holds_what_the_view_holds(cast, house):
    case = a_case_in_review(house, subject="Harber Inc", amount="120.00", draft=a_draft(decision="clear", risk=12))
    a_case_in_review(house, subject="Kuhn LLC", draft=a_draft(risk=90))
    (row,) = downloaded(cast.lena, "?text=harber")
    assert list(row) == list(COLUMNS)
    assert (row["reference"], row["subject"], row["recommended"], row["risk"]) == (
        case.reference, "Harber Inc", "clear", "12",
    )  # fmt: skip
    assert Decimal(row["amount"]) == Decimal(120) and row["created_at"].endswith("+00:00")
    assert len(downloaded(cast.lena)) == 2


def test_it_is_streamed_after_the_request_and_its_scope_have_ended(cast):
    for _ in range(3):
        a_case_in_review(cast.northgate)
    a_case_in_review(cast.southbank)
    assert len(downloaded(cast.lena)) == 3


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx"])
def test_nothing_in_it_is_a_formula(house, name):
    Case.objects.filter(id=a_case_in_review(house).id).update(subject=name)
    _, line = csv_lines(Case.objects.all())
    (cells,) = csv.reader([line])
    assert cells[list(COLUMNS).index("subject")] == f"'{name}"


def test_a_blind_case_stays_blind(cast, house):
    case = a_case_in_review(house, draft=a_draft(risk=91))
    Case.objects.filter(id=case.id).update(is_blind=True, headline="")
    (row,) = downloaded(cast.lena)
    assert (row["is_blind"], row["risk"], row["recommended"], row["confidence"]) == ("True", "", "", "")


def test_taking_cases_away_is_for_leads_and_compliance_and_on_record(cast, house):
    a_case_in_review(house)
    address = reverse("queue-export", args=["triage"])
    assert cast.alice.client.get(address).status_code == 403
    assert cast.charlie.client.get(address).status_code == 403
    downloaded(cast.cora, "?text=harber&show=open")
    settle()
    event = AuditEvent.objects.get(action="queue.exported")
    assert event.data["form"] == "csv" and event.data["searched"] and "harber" not in str(event.data)


def test_the_command_writes_parquet_with_types(house, tmp_path):
    from pyarrow import parquet

    case = a_case_in_review(house, amount="120.00")
    call_command("export_cases", tmp_path / "cases.parquet", tenant=house.tenant.slug, queue="triage")
    (row,) = parquet.read_table(tmp_path / "cases.parquet").to_pylist()
    assert (row["reference"], row["amount"]) == (case.reference, Decimal("120.0000"))
    assert row["created_at"].astimezone(UTC) == case.created_at and row["closed_at"] is None
    call_command("export_cases", tmp_path / "cases.csv", tenant=house.tenant.slug, queue="triage")
    assert case.reference in (tmp_path / "cases.csv").read_text()


def test_the_command_says_what_is_wrong(house, tmp_path):
    for file, tenant, queue in (
        ("cases.xls", house.tenant.slug, "triage"),
        ("cases.csv", "nobody", "triage"),
        ("cases.csv", house.tenant.slug, "nothing"),
        ("no/where.csv", house.tenant.slug, "triage"),
    ):
        with pytest.raises(CommandError):
            call_command("export_cases", tmp_path / file, tenant=tenant, queue=queue)
