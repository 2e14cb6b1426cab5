"""Which data goes where, for the tenant in scope: the privacy catalogue and what is configured, brought together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from fintech_ai.gateway.configuration import in_force
from fintech_ai.gateway.models.configuration import VENDORS
from fintech_ai.gateway.providers import configured
from fintech_ai.privacy.catalogue import Catalogue, FieldClass, catalogue

ANSWERS = "cases.Recommendation"


@dataclass(frozen=True)
class Destination:
    """A vendor that an endpoint's questions go to, in the order of the route. `problem` says why nothing goes now."""

    target: str
    vendor: str
    host: str
    region: str
    retention: str
    review_until: date | None
    problem: str


@dataclass(frozen=True)
class Source:
    """What leaves of one table or computed source: names of fields as they stand, and of those that leave masked."""

    name: str
    plain: tuple[str, ...]
    masked: tuple[str, ...]
    held_back: int


@dataclass(frozen=True)
class Flow:
    """The way of one endpoint's data: from what is stored to who reads the answer."""

    endpoint: str
    purpose: str
    answer: str
    sources: tuple[Source, ...]
    destinations: tuple[Destination, ...]
    readers: tuple[str, ...]

    @property
    def plain(self) -> int:
        return sum(len(source.plain) for source in self.sources)

    @property
    def masked(self) -> int:
        return sum(len(source.masked) for source in self.sources)

    @property
    def held_back(self) -> int:
        return sum(source.held_back for source in self.sources)


@dataclass(frozen=True)
class FieldRow:
    """One stored or computed field."""

    source: str
    field: str
    field_class: str
    leaves_for: tuple[str, ...]
    masked: bool
    readers: tuple[str, ...]
    kept: str
    ended_by: str


def flows() -> list[Flow]:
    """One for each endpoint of the catalogue."""
    listed = catalogue()
    return [
        Flow(
            endpoint=name,
            purpose=terms.purpose,
            answer=terms.answer,
            sources=tuple(_sources(listed, name)),
            destinations=tuple(_destinations(name)),
            readers=tuple(listed.terms_of(ANSWERS).readers),
        )
        for name, terms in listed.endpoints.items()
    ]


def field_rows() -> Iterator[FieldRow]:
    """Every field of the catalogue, by source."""
    listed = catalogue()
    for source in sorted(listed.fields):
        computed = source in listed.computed
        terms = listed.terms_of(source)
        for name, field_class in listed.fields[source].items():
            yield FieldRow(
                source=source,
                field=name,
                field_class=field_class.value,
                leaves_for=listed.leaves_for(source, name),
                masked=any(name in endpoint.masked.get(source, ()) for endpoint in listed.endpoints.values()),
                readers=() if computed else tuple(terms.readers),
                kept="Computed for each question; kept with its recommendation." if computed else terms.kept,
                ended_by="" if computed else terms.ended_by,
            )


def field_classes() -> list[tuple[str, str]]:
    """The classes with what they mean."""
    return [(field_class.value, catalogue().classes[field_class]) for field_class in FieldClass]


def _sources(listed: Catalogue, endpoint: str) -> Iterator[Source]:
    terms = listed.endpoints[endpoint]
    for name in dict.fromkeys([*terms.leaves, *terms.masked]):
        plain, masked = tuple(terms.leaves.get(name, ())), tuple(terms.masked.get(name, ()))
        yield Source(name, plain, masked, held_back=len(listed.fields[name]) - len(plain) - len(masked))


def _destinations(endpoint: str) -> Iterator[Destination]:
    chosen, providers = in_force(), configured()
    for target in chosen.targets(endpoint):
        provider, review = providers.get(target.provider), chosen.reviews.get(target.provider)
        problem = chosen.vendor_problem(target.provider, endpoint)
        yield Destination(
            target=target.label,
            vendor=review.legal_name if review else dict(VENDORS)[target.provider],
            host=urlsplit(provider.base_url).hostname or "" if provider else "",
            region=(review.region if review else "") or (provider.region if provider else ""),
            retention=review.retention if review else "",
            review_until=review.valid_until if review else None,
            problem=problem if provider else "It is not configured on this installation, so nothing is sent to it.",
        )
