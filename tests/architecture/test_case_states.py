"""The diagram in docs is the table in code."""

from fintech_ai.cases.states import OWNERS, CaseState, as_mermaid
from tests.architecture.sources import ROOT


def diagram_of(page):
    return page.split("```mermaid\n")[1].split("```")[0]


def test_the_diagram_in_the_docs_is_the_table_in_the_code():
    assert diagram_of((ROOT / "docs" / "case-states.md").read_text()) == as_mermaid()


def test_the_diagram_shows_every_state_with_its_owner():
    for state in CaseState:
        assert f"note right of {state.value}: owner: {OWNERS[state]}" in as_mermaid()
