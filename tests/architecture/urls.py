"""The whole URL tree as a list of addresses whose parameters can be filled in."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import LocalePrefixPattern, RegexPattern

PARAMETER = re.compile(r"<(?:[a-z_]+:)?([a-z_]+)>")


class CannotFill(AssertionError):
    """A pattern has a parameter for which the tests know no value, so they cannot guard it."""


@dataclass(frozen=True)
class Address:
    """One pattern of the tree. `name` is what `reverse` takes, or the route where there is none."""

    name: str
    route: str
    parameters: tuple[str, ...]

    def fill(self, values: Mapping[str, object]) -> str:
        """The path with a value for each parameter, looked up as "name.parameter", then "parameter"."""

        def value(match: re.Match) -> str:
            parameter = match.group(1)
            for key in (f"{self.name}.{parameter}", parameter):
                if key in values:
                    return str(values[key])
            raise CannotFill(f"{self.route}: nobody said what to put for {self.name}.{parameter}.")

        return "/" + PARAMETER.sub(value, self.route)


def addresses(patterns: Iterable[URLPattern | URLResolver], *, before: str = "", space: str = "") -> Iterator[Address]:
    """Every pattern below `patterns`, with its full route."""
    for entry in patterns:
        route = before + _route_of(entry)
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from addresses(entry.url_patterns, before=route, space=inner)
        else:
            name = f"{space}{entry.name}" if entry.name else route
            yield Address(name=name, route=route, parameters=tuple(PARAMETER.findall(route)))


def _route_of(entry: URLPattern | URLResolver) -> str:
    pattern = entry.pattern
    if isinstance(pattern, LocalePrefixPattern):
        raise CannotFill(f"{pattern}: a language prefix cannot be walked.")
    if isinstance(pattern, RegexPattern):
        # A named group is a parameter like any other; anything else stands for the address without it.
        route = re.sub(r"\(\?P<([a-z_]+)>[^)]*\)", r"<\1>", str(pattern))
        route = route.removeprefix("^").removesuffix("$")
        if re.search(r"[\\^$.*+?()|\[\]{}]", PARAMETER.sub("", route)):
            raise CannotFill(f"{pattern}: this expression cannot be walked; write it as a path.")
        return route
    return str(pattern)
