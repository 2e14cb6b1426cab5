"""The catalogue is read strictly: what it cannot mean is refused with a sentence."""

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command, get_commands
from django.utils.module_loading import import_string

from fintech_ai.accounts.models import Role
from fintech_ai.privacy import catalogue as module
from fintech_ai.privacy.catalogue import (
    CATALOGUE,
    FieldClass,
    catalogue,
    read_catalogue,
    stale_entries,
    unclassified_fields,
)
from fintech_ai.privacy.management.commands import data_flow_map as command


@pytest.fixture
def edited(tmp_path):
    """The catalogue with one text in place of another, read from a file."""

    def read(old: str, new: str):
        text = CATALOGUE.read_text()
        assert old in text
        path = tmp_path / "catalogue.toml"
        path.write_text(text.replace(old, new, 1))
        return read_catalogue(path)

    return read


def test_a_table_of_a_library_that_nobody_classified_is_found(monkeypatch, tmp_path):
    path = tmp_path / "catalogue.toml"
    path.write_text(CATALOGUE.read_text().replace('[foreign."axes.AccessLog"]', '[foreign."axes.Gone"]'))
    monkeypatch.setattr(module, "CATALOGUE", path)
    catalogue.cache_clear()
    try:
        assert unclassified_fields() == ["axes.AccessLog"]
        assert stale_entries() == ["axes.Gone"]
    finally:
        catalogue.cache_clear()


def test_every_class_has_its_sentence():
    assert set(catalogue().classes) == set(FieldClass)
    assert all(sentence.endswith(".") for sentence in catalogue().classes.values())


@pytest.mark.parametrize("field", ["notes", "external_id", "raised_by"])
def test_what_says_who_somebody_is_cannot_be_made_to_leave(edited, field):
    with pytest.raises(ImproperlyConfigured, match=f"triage.Alert.{field} is to leave .* which never leaves"):
        edited('"triage.Alert" = ["channel"]', f'"triage.Alert" = ["channel", "{field}"]')


@pytest.mark.parametrize("field", ["external_id", "received_at", "channel"])
def test_only_free_text_leaves_masked(edited, field):
    with pytest.raises(ImproperlyConfigured, match=f"triage.Alert.{field} is to leave masked .* is no free text"):
        edited('"triage.Alert" = ["notes"]', f'"triage.Alert" = ["notes", "{field}"]')


def test_a_masked_field_leaves_for_its_endpoint():
    assert catalogue().leaves_for("triage.Alert", "notes") == ("triage.read_notes",)
    assert catalogue().leaves_for("triage.Alert", "raised_by") == ()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[classes]", "[classes", "is not TOML"),
        ("secret = ", "hidden = ", "wrong at classes"),
        ('financial = "', 'behavioural2 = "', "wrong at classes"),
        ('personal = ["email", "name"]', 'personal = ["email", "name", "name"]', r"lists accounts\.User\.name twice"),
        ('secret = ["password"]', 'secret = ["password", "email"]', r"lists accounts\.User\.email twice"),
        ('secret = ["password"]', 'private = ["password"]', "wrong at models.accounts.User"),
        ('"triage.Alert" = ["channel"]', '"triage.Alert" = ["channle"]', "has no class"),
        ('"triage.Alert" = ["notes"]', '"triage.Alert" = ["ntoes"]', "masked .* has no class"),
        ('purpose = "', 'porpoise = "', "wrong at endpoints"),
    ],
    ids=lambda value: value[:24],
)
def test_a_mistake_in_the_catalogue_is_a_sentence(edited, old, new, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        edited(old, new)


def test_a_class_without_a_sentence_is_a_mistake(edited):
    line = next(line for line in CATALOGUE.read_text().splitlines() if line.startswith("financial = "))
    with pytest.raises(ImproperlyConfigured, match="no sentence for the class financial"):
        edited(f"{line}\n", "")


def test_the_page_is_what_the_catalogue_says():
    call_command("data_flow_map", check=True)


def test_a_page_that_is_out_of_date_fails(tmp_path, monkeypatch):
    page = tmp_path / "data-flow.md"
    monkeypatch.setattr(command, "PAGE", page)
    with pytest.raises(CommandError, match="out of date"):
        call_command("data_flow_map", check=True)
    call_command("data_flow_map")
    call_command("data_flow_map", check=True)
    page.write_text(page.read_text() + "and more\n")
    with pytest.raises(CommandError, match="out of date"):
        call_command("data_flow_map", check=True)


def test_every_table_says_who_reads_it_and_how_long_it_stays():
    listed = catalogue()
    ours = {model._meta.label for model in apps.get_models() if model._meta.label in listed.fields}
    assert ours and [label for label in sorted(ours) if listed.terms_of(label) is None] == []
    assert {role for terms in listed.terms.values() for role in terms.readers} <= set(Role.values)


def test_what_deletes_is_there():
    """A task or command that the catalogue names exists, so that nobody is promised an end that never comes."""
    named = [terms.ended_by for terms in catalogue().terms.values() if terms.ended_by]
    tasks = [import_string(f"fintech_ai.{text.rpartition(', ')[2]}") for text in named if "tasks." in text]
    assert len(tasks) == 2 and all(task.name for task in tasks)
    assert "rotate_keys" in get_commands()
