"""The only door that data goes through before it may leave for a model."""

from collections.abc import Iterator, Mapping
from typing import Any

from fintech_ai.privacy.catalogue import catalogue
from fintech_ai.privacy.untrusted import visible_throughout


class Unlisted(LookupError):
    """The catalogue does not know an endpoint, a source or a field. Nothing leaves on a guess."""


class Cleared(Mapping[str, Any]):
    """Values that `minimise` let through for one endpoint. Only it makes them, and the gateway takes nothing else."""

    def __init__(self, values: Mapping[str, Any], *, endpoint: str):
        self._values = dict(values)
        self.endpoint = endpoint

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        """Names only: a repr ends up in logs."""
        return f"Cleared({', '.join(self._values)}; for {self.endpoint})"


def minimise(*, endpoint: str, source: str, values: Mapping[str, Any]) -> Cleared:
    """Keep what may leave for `endpoint`, without the characters that nobody sees.

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
    leaves = frozenset(listed.endpoints[endpoint].leaves.get(source, ()))
    kept = {name: visible_throughout(value) for name, value in values.items() if name in leaves}
    return Cleared(kept, endpoint=endpoint)
