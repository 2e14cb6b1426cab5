"""The documentation says what the code does."""

from pathlib import Path

from triage.codes.table import as_markdown

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_catalogue_in_the_docs_is_the_one_in_the_code():
    assert (DOCS / "reason-codes.md").read_text().endswith(as_markdown()), (
        "Replace the tables in docs/reason-codes.md by what triage.codes.table.as_markdown() returns."
    )
