"""Cases as a table for other tools: CSV for people's spreadsheets, Parquet for analysts' own. Constant memory."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from fintech_ai.cases.models import Case

CHUNK = 1000
# What a spreadsheet would take for a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS: dict[str, Callable[[Case], Any]] = {
    "reference": lambda case: case.reference,
    "id": lambda case: str(case.id),
    "queue": lambda case: case.queue.slug,
    "subject": lambda case: case.subject,
    "amount": lambda case: case.amount,
    "currency": lambda case: case.currency,
    "state": lambda case: case.state,
    "outcome": lambda case: case.outcome,
    "risk": lambda case: case.shown_risk,
    "headline": lambda case: case.headline,
    "is_blind": lambda case: case.is_blind,
    "recommended": lambda case: case.shown_recommendation.decision if case.shown_recommendation else "",
    "confidence": lambda case: case.shown_recommendation.confidence if case.shown_recommendation else None,
    "made_by": lambda case: case.shown_recommendation.made_by if case.shown_recommendation else "",
    "assignee": lambda case: case.assignee.name if case.assignee else "",
    "created_at": lambda case: case.created_at,
    "due_at": lambda case: case.due_at,
    "closed_at": lambda case: case.closed_at,
}


class _Line:
    """What csv writes to: hands each line on at once."""

    def write(self, line: str) -> str:
        return line


def csv_lines(cases: QuerySet[Case]) -> Iterator[str]:
    """The cases as CSV (RFC 4180) with a head, a line at a time; times are ISO 8601, in UTC.

    No cell can be a formula: what could be one begins with an apostrophe, as spreadsheets themselves write it.
    """
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for case in _read(cases):
        yield writer.writerow(_cell(value(case)) for value in COLUMNS.values())


def write_csv(cases: QuerySet[Case], path: Path) -> int:
    """Write them to a file; returns how many."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = sum(1 for line in csv_lines(cases) if file.write(line))
    return lines - 1


def write_parquet(cases: QuerySet[Case], path: Path) -> int:
    """Write them to a file, with types: amounts as decimal(19, 4), times as UTC microseconds; returns how many."""
    # Large, and of use here alone.
    import pyarrow as pa
    from pyarrow import parquet

    types = dict.fromkeys(COLUMNS, pa.string())
    types |= {"amount": pa.decimal128(19, 4), "risk": pa.int16(), "is_blind": pa.bool_()}
    types |= {"confidence": pa.decimal128(4, 3)}
    types |= dict.fromkeys(("created_at", "due_at", "closed_at"), pa.timestamp("us", tz="UTC"))
    schema = pa.schema(list(types.items()))
    written, rows = 0, []
    with parquet.ParquetWriter(path, schema) as writer:
        for case in _read(cases):
            rows.append({name: value(case) for name, value in COLUMNS.items()})
            if len(rows) == CHUNK:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                written, rows = written + len(rows), []
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    return written + len(rows)


def _read(cases: QuerySet[Case]) -> Iterator[Case]:
    return cases.select_related("queue", "recommendation", "assignee").iterator(chunk_size=CHUNK)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return value.isoformat() if hasattr(value, "isoformat") else value
