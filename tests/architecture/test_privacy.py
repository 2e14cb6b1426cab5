"""Every stored field is classified, so that nothing leaves of which nobody has thought."""

import pytest

from fintech_ai.privacy import catalogue as module
from fintech_ai.privacy.catalogue import CATALOGUE, catalogue, stale_entries, unclassified_fields


@pytest.fixture
def with_catalogue(monkeypatch, tmp_path):
    """Reads another catalogue for the length of a test."""

    def use(text):
        path = tmp_path / "catalogue.toml"
        path.write_text(text)
        monkeypatch.setattr(module, "CATALOGUE", path)
        catalogue.cache_clear()

    yield use
    monkeypatch.undo()
    catalogue.cache_clear()


def test_every_field_of_every_model_is_classified():
    assert unclassified_fields() == []


def test_nothing_is_classified_that_no_longer_exists():
    assert stale_entries() == []


def test_a_field_that_nobody_classified_is_found(with_catalogue):
    text = CATALOGUE.read_text()
    before, queue = text.split('[models."cases.Queue"]')
    with_catalogue(before + '[models."cases.Queue"]' + queue.replace('"due_minutes", ', "", 1))
    assert unclassified_fields() == ["cases.Queue.due_minutes"]


def test_a_model_that_nobody_classified_is_found(with_catalogue):
    with_catalogue(CATALOGUE.read_text().replace('[models."cases.Decision"]', '[models."cases.Verdict"]'))
    assert "cases.Decision.note" in unclassified_fields()
    assert "cases.Verdict.note" in stale_entries()
