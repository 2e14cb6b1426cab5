"""What leaves for a model has placeholders for people, and where that cannot be done nothing leaves."""

import sys

import pytest

from fintech_ai.privacy.redaction import KnownValues, RedactionFailed, rehydrate
from fintech_ai.privacy.redaction import process as detectors
from fintech_ai.privacy.services import depart, minimise

ENDPOINT = "triage.read_notes"
KNOWN = KnownValues(names=["John Smith"], cards=["4111 1111 1111 1111"], identifiers=["100200300"])


def cleared(notes: str = "", **features) -> dict:
    return {
        "alert": minimise(endpoint=ENDPOINT, source="triage.Alert", values={"channel": "customer", "notes": notes}),
        "features": minimise(endpoint=ENDPOINT, source="triage.Features", values=features),
    }


def test_notes_leave_without_the_people_in_them():
    departure = depart(
        cleared("J. Smith says that his wife Annika Lindqvist paid, card 4111-1111-1111-1111"), known=KNOWN
    )

    notes = departure.data["alert"]["notes"]
    assert not any(word in notes for word in ("Smith", "Lindqvist", "4111"))
    assert "says that his wife" in notes
    assert departure.counts["PERSON"] == 2
    assert departure.counts["CARD"] == 1


def test_what_is_masked_comes_back():
    content = cleared("John Smith, born 3 March 1971; JOHN SMITH again", category="smith & sons")

    departure = depart(content, known=KNOWN)

    assert rehydrate(departure.data, departure.replacements) == {name: dict(value) for name, value in content.items()}


def test_a_field_that_leaves_as_it_stands_holds_no_known_name_either():
    departure = depart(cleared("Ask John Smith.", category="John Smith catering", channel="card_present"), known=KNOWN)

    assert departure.data["alert"]["notes"] == "Ask ⟦PERSON_1⟧."
    assert departure.data["features"] == {"category": "⟦PERSON_1⟧ catering", "channel": "card_present"}


def test_figures_stay_as_they_are():
    features = {"amount": "100200300.00", "payments_90d": 100200300, "three_ds": None, "is_round": True}

    assert depart(cleared("John Smith", **features), known=KNOWN).data["features"] == features


def test_without_free_text_no_detector_runs(monkeypatch):
    detectors._process.stop()
    monkeypatch.setattr(sys, "executable", "/bin/false")

    departure = depart(cleared(country="FR", channel="card_present"))

    assert departure.data["features"] == {"country": "FR", "channel": "card_present"}
    assert (departure.replacements, departure.counts) == ({}, {})


def test_free_text_that_cannot_be_searched_does_not_leave(monkeypatch):
    detectors._process.stop()
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(RedactionFailed):
        depart(cleared("Somebody called."), seconds=2)


def test_a_departure_shows_nobody():
    assert "Smith" not in repr(depart(cleared("John Smith"), known=KNOWN))
