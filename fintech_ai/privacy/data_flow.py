"""Which data goes where: docs/data-flow.md, made from the catalogue, so that the two cannot differ."""

from collections.abc import Iterator

from fintech_ai.privacy.catalogue import Catalogue, Endpoint, FieldClass

HEAD = """# Which data goes where

Made by `manage.py data_flow_map` from `fintech_ai/privacy/catalogue.toml`; a test compares the two.

Data leaves this system for one kind of place: the model provider that the installation names (`OPENAI_BASE_URL`,
OpenAI itself without it). Where none is named, nothing leaves. Whatever is sent goes through
`privacy.services.minimise`, which keeps the fields that are listed below for the endpoint and drops all others; the
gateway takes nothing that has not been through it. The classes secret, identifier and personal never leave, and the
catalogue cannot say otherwise. Free text (content) leaves only where an endpoint lists it as masked, after
`privacy.services.depart` has put placeholders in place of the personal data in it (docs/redaction.md); if that fails,
nothing leaves. The provider is told not to keep what it is sent (`store: false`).
"""


def data_flow_map(listed: Catalogue) -> str:
    """The whole page, in Markdown."""
    parts = (_endpoints, _classes, _sources, _terms, _foreign)
    return "\n".join([HEAD, *(line for part in parts for line in part(listed))]) + "\n"


def _endpoints(listed: Catalogue) -> Iterator[str]:
    yield "## What leaves\n"
    for name, endpoint in listed.endpoints.items():
        yield f"### {name}\n"
        yield f"{endpoint.purpose} What comes back: {endpoint.answer[0].lower()}{endpoint.answer[1:]}\n"
        yield "| from | fields | class |"
        yield "|---|---|---|"
        yield from _leaving(listed, endpoint)
        yield ""


def _leaving(listed: Catalogue, endpoint: Endpoint) -> Iterator[str]:
    for source, names in endpoint.leaves.items():
        for field_class in FieldClass:
            if found := [name for name in names if listed.fields[source][name] == field_class]:
                yield f"| {source} | {_words(found)} | {field_class} |"
    for source, names in endpoint.masked.items():
        yield f"| {source} | {_words(names)} | {FieldClass.CONTENT}, masked |"


def _classes(listed: Catalogue) -> Iterator[str]:
    yield "## Classes\n"
    yield "| class | what it is |"
    yield "|---|---|"
    for field_class in FieldClass:
        yield f"| {field_class} | {listed.classes[field_class]} |"
    yield ""


def _sources(listed: Catalogue) -> Iterator[str]:
    yield "## Every field\n"
    yield "A field in bold leaves for at least one endpoint.\n"
    yield "| where | class | fields |"
    yield "|---|---|---|"
    for source in sorted(listed.fields):
        for field_class in FieldClass:
            if found := [name for name, its in listed.fields[source].items() if its == field_class]:
                yield f"| {source} | {field_class} | {_words(found, bold=_leaves(listed, source))} |"
    yield ""
    for source, computed in sorted(listed.computed.items()):
        yield f"{source} is no table but computed: {computed.about[0].lower()}{computed.about[1:]}\n"


def _terms(listed: Catalogue) -> Iterator[str]:
    yield "## Who reads it here, and how long it stays\n"
    yield "Analysts and leads read cases of queues that their groups may see; integrators what the API shows of them.\n"
    yield "| where | who reads it | how long it stays | what deletes it |"
    yield "|---|---|---|---|"
    for prefix, terms in sorted(listed.terms.items()):
        readers = ", ".join(terms.readers) or "nobody"
        yield f"| {prefix} | {readers} | {terms.kept} | {terms.ended_by or 'nothing yet'} |"
    yield ""


def _foreign(listed: Catalogue) -> Iterator[str]:
    yield "## Tables of libraries\n"
    yield "Nothing in them leaves.\n"
    yield "| table | class | what is in it |"
    yield "|---|---|---|"
    for table, foreign in sorted(listed.foreign.items()):
        yield f"| {table} | {foreign.field_class} | {foreign.about} |"


def _leaves(listed: Catalogue, source: str) -> frozenset[str]:
    return frozenset(name for name in listed.fields[source] if listed.leaves_for(source, name))


def _words(names: list[str], *, bold: frozenset[str] = frozenset()) -> str:
    return ", ".join(f"**`{name}`**" if name in bold else f"`{name}`" for name in names)
