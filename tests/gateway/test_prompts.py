"""A prompt is a file with a header; a wrong one is a sentence at the start and not a surprise later."""

import hashlib
import sys
from pathlib import Path

import pytest
from django.apps import apps as django_apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from fintech_ai.gateway import prompts

HEADER = 'id = "{package}.hello"\nversion = 1\npurpose = "Greet."\nchanged = "First version."\n'


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a prompts folder; call it with the content of hello-v1.md to load that."""
    name = f"prompted_{tmp_path.name.replace('-', '_')}"[:40].rstrip("_0123456789") + "_x"
    folder = tmp_path / name
    (folder / "prompts").mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def load(content: str | bytes, prompt: str = "hello-v1"):
        if isinstance(content, str):
            content = content.replace("{package}", name).encode()
        (folder / "prompts" / f"{prompt}.md").write_bytes(content)
        return prompts.load(name, prompt)

    yield load
    prompts.load.cache_clear()
    sys.modules.pop(name, None)


def test_a_prompt_has_its_header_and_the_hash_of_its_bytes(package):
    content = f"+++\n{HEADER}+++\nSay hello.\n"
    prompt = package(content)
    assert (prompt.version, prompt.purpose, prompt.changed) == (1, "Greet.", "First version.")
    assert prompt.text == "Say hello."
    assert prompt.label == f"{prompt.id}-v1"
    written = content.replace("{package}", prompt.id.partition(".")[0]).encode()
    assert prompt.sha256 == hashlib.sha256(written).hexdigest()


def test_a_prompt_is_read_once(package):
    first = package(f"+++\n{HEADER}+++\nSay hello.")
    assert package(f"+++\n{HEADER}+++\nSay something else.") is first


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("Say hello.", "must begin with a header"),
        (f"\n+++\n{HEADER}+++\nSay hello.", r"must begin with a line of \+\+\+"),
        (f"+++\n{HEADER}Say hello.", "must begin with a header"),
        (f"+++\n{HEADER}+++\n \n", "has a header and no text"),
        ("+++\nid: hello\n+++\nSay hello.", "is not TOML"),
        ('+++\nid = "{package}.hello"\nversion = 1\nchanged = "No."\n+++\nHi.', "purpose: Field required"),
        (f"+++\n{HEADER}mood = 1\n+++\nHi.", "mood: Extra inputs"),
        ("+++\n" + HEADER.replace("= 1", '= "1"') + "+++\nHi.", "version: Input should be a valid integer"),
        ("+++\n" + HEADER.replace("= 1", "= 2") + "+++\nHi.", r"says that it is .*hello-v2; it must be .*hello-v1"),
        ("+++\n" + HEADER.replace("{package}", "other") + "+++\nHi.", "says that it is other.hello-v1"),
        (b"+++\n\xff\n+++\nHi.", "is not UTF-8"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_header_is_a_sentence(package, content, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        package(content)


def test_a_missing_prompt_is_a_sentence():
    with pytest.raises(ImproperlyConfigured, match=r"There is no prompt triage/prompts/nothing-v1\.md"):
        prompts.load("triage", "nothing-v1")
    with pytest.raises(ImproperlyConfigured, match="There is no prompt nowhere"):
        prompts.load("nowhere", "nothing-v1")


def test_every_prompt_of_the_project_loads():
    apps = [app for app in django_apps.get_app_configs() if Path(app.path).is_relative_to(settings.BASE_DIR)]
    files = [path for app in apps for path in Path(app.path).glob("prompts/*.md")]
    assert len(files) >= 3
    for path in files:
        package = ".".join(path.parent.parent.relative_to(settings.BASE_DIR).parts)
        assert prompts.load(package, path.stem).text
