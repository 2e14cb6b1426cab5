"""What each stored field is, and for which endpoint it may leave: `catalogue.toml`, read and checked.

A field that is not listed does not leave, and a test fails for it. What is listed and no longer exists fails too.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.utils.module_loading import import_string
from pydantic import BaseModel, ConfigDict, Field, ValidationError

CATALOGUE = Path(__file__).with_name("catalogue.toml")


class FieldClass(StrEnum):
    """What a field is to a privacy officer. The catalogue has a sentence for each."""

    SECRET = "secret"
    IDENTIFIER = "identifier"
    PERSONAL = "personal"
    CONTENT = "content"
    FINANCIAL = "financial"
    BEHAVIOURAL = "behavioural"
    OPERATIONAL = "operational"


# What these hold says who somebody is, or can say anything. As they stand they leave for no endpoint.
NEVER_LEAVES = frozenset({FieldClass.SECRET, FieldClass.IDENTIFIER, FieldClass.PERSONAL, FieldClass.CONTENT})
# Of those, what may leave once the personal data in it has been masked: texts, not the data itself.
LEAVES_MASKED = frozenset({FieldClass.CONTENT})

Names = dict[FieldClass, list[str]]


class Endpoint(BaseModel):
    """Something that asks a model. `leaves` and `masked` list by source the fields that may be sent for it.

    Those in `masked` are free text: they leave only after the personal data in them has been masked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    leaves: dict[str, list[str]]
    masked: dict[str, list[str]] = Field(default_factory=dict)


class Computed(BaseModel):
    """A source that is no table, but what code makes of some: a pydantic model at a dotted path."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    made_by: str
    about: str = Field(min_length=1)
    fields: Names


class Foreign(BaseModel):
    """A table of a library that we use, as a whole. Nothing in it ever leaves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field_class: FieldClass = Field(alias="class")
    about: str = Field(min_length=1)


class Terms(BaseModel):
    """Who reads a table of ours here, by role, and how long its rows stay; `ended_by` is empty if nothing ends them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    readers: list[str]
    kept: str = Field(min_length=1)
    ended_by: str


class File(BaseModel):
    """catalogue.toml as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    classes: dict[FieldClass, str]
    endpoints: dict[str, Endpoint]
    models: dict[str, Names]
    computed: dict[str, Computed]
    foreign: dict[str, Foreign]
    terms: dict[str, Terms] = {}


@dataclass(frozen=True)
class Catalogue:
    """The catalogue, checked. `fields` has the class of each field by source and name."""

    classes: Mapping[FieldClass, str]
    endpoints: Mapping[str, Endpoint]
    fields: Mapping[str, Mapping[str, FieldClass]]
    computed: Mapping[str, Computed]
    foreign: Mapping[str, Foreign]
    terms: Mapping[str, Terms]

    def terms_of(self, source: str) -> Terms | None:
        """Who reads a table and how long it stays, by the longest name that it begins with."""
        app = source.partition(".")[0]
        return self.terms.get(source) or self.terms.get(app)

    def leaves_for(self, source: str, name: str) -> tuple[str, ...]:
        """The endpoints for which a field may leave, as it stands or masked."""
        return tuple(
            endpoint
            for endpoint, terms in self.endpoints.items()
            if name in terms.leaves.get(source, ()) or name in terms.masked.get(source, ())
        )


@cache
def catalogue() -> Catalogue:
    """The project's catalogue. Raises ImproperlyConfigured with a sentence if it is wrong."""
    return read_catalogue(CATALOGUE)


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue in a file. Raises ImproperlyConfigured with a sentence if it is wrong."""
    try:
        file = File.model_validate(tomllib.loads(path.read_text()))
    except tomllib.TOMLDecodeError as error:
        raise ImproperlyConfigured(f"{path.name} is not TOML: {error}.") from error
    except ValidationError as error:
        issue = error.errors()[0]
        where = ".".join(str(step) for step in issue["loc"])
        raise ImproperlyConfigured(f"{path.name} is wrong at {where}: {issue['msg']}.") from error
    if missing := set(FieldClass) - file.classes.keys():
        raise ImproperlyConfigured(f"{path.name} has no sentence for the class {min(missing)}.")
    names = file.models | {source: computed.fields for source, computed in file.computed.items()}
    read = Catalogue(
        classes=file.classes,
        endpoints=file.endpoints,
        fields={source: _one_class_each(source, classed, path) for source, classed in names.items()},
        computed=file.computed,
        foreign=file.foreign,
        terms=file.terms,
    )
    for problem in _impossible_departures(read):
        raise ImproperlyConfigured(f"{path.name}: {problem}")
    return read


def unclassified_fields() -> list[str]:
    """Fields that exist and are not in the catalogue, as "source.field"; whole tables of libraries as "table"."""
    listed = catalogue()
    ours = [
        f"{source}.{name}"
        for source, names in _existing_sources()
        for name in names
        if name not in listed.fields.get(source, {})
    ]
    theirs = [model._meta.label for model in _models(ours=False) if model._meta.label not in listed.foreign]
    return sorted(ours + theirs)


def stale_entries() -> list[str]:
    """Entries of the catalogue to which nothing corresponds any longer."""
    listed = catalogue()
    existing = {source: set(names) for source, names in _existing_sources()}
    ours = [
        f"{source}.{name}"
        for source, names in listed.fields.items()
        for name in names
        if name not in existing.get(source, set())
    ]
    theirs = listed.foreign.keys() - {model._meta.label for model in _models(ours=False)}
    return sorted([*ours, *theirs])


def _one_class_each(source: str, classed: Names, path: Path) -> dict[str, FieldClass]:
    fields: dict[str, FieldClass] = {}
    for field_class, names in classed.items():
        for name in names:
            if name in fields:
                raise ImproperlyConfigured(f"{path.name} lists {source}.{name} twice.")
            fields[name] = field_class
    return fields


def _impossible_departures(listed: Catalogue) -> Iterator[str]:
    for endpoint, terms in listed.endpoints.items():
        for source, name in _pairs(terms.leaves):
            field_class = listed.fields.get(source, {}).get(name)
            if field_class is None:
                yield f"{source}.{name} is to leave for {endpoint}, but has no class."
            elif field_class in NEVER_LEAVES:
                yield f"{source}.{name} is to leave for {endpoint}, but is {field_class}, which never leaves."
        for source, name in _pairs(terms.masked):
            field_class = listed.fields.get(source, {}).get(name)
            if field_class is None:
                yield f"{source}.{name} is to leave masked for {endpoint}, but has no class."
            elif field_class not in LEAVES_MASKED:
                yield f"{source}.{name} is to leave masked for {endpoint}, but is {field_class}, which is no free text."


def _pairs(names: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    return ((source, name) for source, listed in names.items() for name in listed)


def _existing_sources() -> Iterator[tuple[str, list[str]]]:
    for model in _models(ours=True):
        yield model._meta.label, [field.name for field in (*model._meta.concrete_fields, *model._meta.many_to_many)]
    for source, computed in catalogue().computed.items():
        yield source, list(import_string(computed.made_by).model_fields)


def _models(*, ours: bool) -> list[type[Model]]:
    """Models of this project, or of the libraries that it uses."""
    return [model for model in apps.get_models() if _is_ours(apps.get_app_config(model._meta.app_label).path) == ours]


def _is_ours(path: str) -> bool:
    folder = Path(path)
    return folder.is_relative_to(settings.BASE_DIR) and "site-packages" not in folder.parts
