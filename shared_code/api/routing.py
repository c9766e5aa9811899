"""Which resource a path names: segment by segment, a literal before a parameter, whatever the verb.

Source: REST API, "Routing and verbs".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from fastapi.routing import APIRoute


@dataclass(frozen=True, slots=True)
class Resource:
    """What a path names: its template, the operations by verb, and the values of the path's parameters in order."""

    path: str
    operations: Mapping[str, APIRoute]
    values: tuple[str, ...]

    @property
    def allow(self) -> str:
        """The verbs, as the header `Allow` lists them."""
        return ", ".join(sorted(self.operations))

    def parameters(self, operation: APIRoute) -> dict[str, str]:
        """The values by the names that `operation` gives them; two verbs of one path may name them differently."""
        names = [segment[1:-1] for segment in _segments(operation.path) if _is_parameter(segment)]
        return dict(zip(names, self.values, strict=True))


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    path: str = ""
    operations: dict[str, APIRoute] = field(default_factory=dict)


class ResourceTree:
    """The resources of the API.

    `aliases` are families that are served at two places: the path of the second to that of the first.
    """

    def __init__(self, routes: Iterable[APIRoute], aliases: Mapping[str, str]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route.path, route)
            for alias, original in aliases.items():
                if route.path.startswith(f"{original}/"):
                    self._add(alias + route.path.removeprefix(original), route)

    def find(self, raw_path: str) -> Resource | None:
        """The resource of `raw_path`, as it was sent; each segment is decoded once, and one slash at the end ignored.

        A literal wins wherever a known path goes on behind it; None when there is no such path.
        """
        segments = [unquote(segment) for segment in _segments(raw_path.removesuffix("/"))]
        return _find(self._root, segments, ())

    def _add(self, path: str, route: APIRoute) -> None:
        node = self._root
        for segment in _segments(path):
            if _is_parameter(segment):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        node.path = node.path or path
        for method in route.methods or ():
            if method in node.operations:
                raise ValueError(f"two operations answer {method} {path}")
            node.operations[method] = route


def _find(node: _Node, segments: list[str], values: tuple[str, ...]) -> Resource | None:
    if not segments:
        return Resource(node.path, node.operations, values) if node.operations else None
    first, rest = segments[0], segments[1:]
    if (literal := node.literals.get(first)) and (found := _find(literal, rest, values)):
        return found
    if node.parameter and first:
        return _find(node.parameter, rest, (*values, first))
    return None


def _segments(path: str) -> list[str]:
    return path.removeprefix("/").split("/")


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")
