"""Which HTTP function answers a path: templates such as `{*route}` or `items/{id}`, tried by name of function.

Source: Azure Functions, "HTTP through ASGI".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from cli.host.functions import RegisteredFunction
from shared_code.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Route:
    """The paths of one HTTP function. `methods` is empty where it takes any."""

    function: RegisteredFunction
    pattern: re.Pattern[str]
    methods: frozenset[str]

    def parameters(self, method: str, path: str) -> dict[str, str] | None:
        """The values of the template's parameters in `path` (as sent, still encoded); None when it is not answered."""
        if self.methods and method not in self.methods:
            return None
        match = self.pattern.fullmatch(path)
        return {name: unquote(value or "") for name, value in match.groupdict().items()} if match else None


def routes_of(functions: Iterable[RegisteredFunction], prefix: str) -> list[Route]:
    """The routes of the HTTP functions among `functions`, below `prefix`, in the order in which they are tried."""
    return [
        Route(function, _pattern(function, prefix), frozenset(function.trigger.get("methods", ())))
        for function in functions
        if function.kind == "http"
    ]


def _pattern(function: RegisteredFunction, prefix: str) -> re.Pattern[str]:
    segments = [segment for segment in f"{prefix}/{function.source}".split("/") if segment]
    return re.compile("".join(_segment(function, segment) for segment in segments) or "/", re.IGNORECASE)


def _segment(function: RegisteredFunction, segment: str) -> str:
    if parameter := re.fullmatch(r"\{(\*?)([A-Za-z]\w*)\}", segment):
        rest, name = parameter.groups()
        return f"(?:/(?P<{name}>.*))?" if rest else f"/(?P<{name}>[^/]+)"
    if "{" in segment:
        raise ConfigurationError(f"Function {function.name}: the local host does not know the route part {segment!r}")
    return "/" + re.escape(segment)
