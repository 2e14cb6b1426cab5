"""The only door that data goes through before it may leave for a model: first `minimise`, then `depart`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fintech_ai.privacy.catalogue import catalogue
from fintech_ai.privacy.redaction import NOTHING_KNOWN, KnownValues, Masking
from fintech_ai.privacy.untrusted import visible_throughout


class Unlisted(LookupError):
    """The catalogue does not know an endpoint, a source or a field. Nothing leaves on a guess."""


class Cleared(Mapping[str, Any]):
    """Values that `minimise` let through for one endpoint. Only it makes them, and the gateway takes nothing else.

    `masked` names those that may not leave before `depart` has masked the personal data in them.
    """

    def __init__(self, values: Mapping[str, Any], *, endpoint: str, masked: frozenset[str] = frozenset()):
        self._values = dict(values)
        self.endpoint = endpoint
        self.masked = masked & self._values.keys()

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        """Names only: a repr ends up in logs."""
        return f"Cleared({', '.join(self._values)}; for {self.endpoint})"


@dataclass(frozen=True)
class Departure:
    """What may leave, and what its placeholders stand for. Its `repr` shows neither.

    `counts` says how many different values of each kind were masked: this much may be logged.
    """

    data: dict[str, dict[str, Any]] = field(repr=False)
    replacements: Mapping[str, str] = field(repr=False)
    counts: Mapping[str, int]


def minimise(*, endpoint: str, source: str, values: Mapping[str, Any]) -> Cleared:
    """Keep what may leave for `endpoint`, as it stands or masked, without the characters that nobody sees.

    Args:
        endpoint: what asks, such as "triage.recommend".
        source: whose fields these are: "app.Model", or a computed source of the catalogue.
        values: by field name, as JSON has them. A field that may not leave is left out.

    Raises:
        Unlisted: the endpoint, the source or one of the names is not in the catalogue.
    """
    listed = catalogue()
    if endpoint not in listed.endpoints:
        raise Unlisted(f"The endpoint {endpoint} is not in the privacy catalogue, so nothing may leave for it.")
    known = listed.fields.get(source)
    if known is None:
        raise Unlisted(f"{source} is not in the privacy catalogue, so nothing of it may leave.")
    if unknown := values.keys() - known.keys():
        raise Unlisted(f"{source}.{min(unknown)} is not in the privacy catalogue, so it may not leave.")
    terms = listed.endpoints[endpoint]
    masked = frozenset(terms.masked.get(source, ()))
    leaves = masked.union(terms.leaves.get(source, ()))
    kept = {name: visible_throughout(value) for name, value in values.items() if name in leaves}
    return Cleared(kept, endpoint=endpoint, masked=masked)


def depart(content: Mapping[str, Cleared], *, known: KnownValues = NOTHING_KNOWN, seconds: float = 10.0) -> Departure:
    """Mask what may leave only masked. What comes back is all that may be sent, as plain JSON.

    What the record knows is masked in every text, and what the detectors find in the free text. Fields that leave as
    they stand are not searched: the catalogue says that they name nobody. With nothing known and no free text nothing
    is masked, and no detector runs.

    Args:
        content: by names of the caller's choice, what `minimise` let through.
        known: what the record says of the people in it.
        seconds: how long the detectors may take.

    Raises:
        RedactionFailed: the free text could not be searched in time. Nothing may be sent then.
    """
    masking = Masking(known=known, seconds=seconds)
    free = masking.masked(
        {name: {field: values[field] for field in values if field in values.masked} for name, values in content.items()}
    )
    data = {
        name: {
            field: free[name][field] if field in values.masked else masking.masked(value, search=False)
            for field, value in values.items()
        }
        for name, values in content.items()
    }
    return Departure(data=data, replacements=masking.replacements, counts=masking.counts)
