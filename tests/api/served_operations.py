"""What the app serves, as its own tree of resources says."""

import pytest
from fastapi import FastAPI

from shared_code.api.app import create_app
from shared_code.api.entrance import Entrance
from shared_code.api.gate import Demands
from shared_code.api.routing import ResourceTree


def operations_served() -> dict[tuple[str, str], bool]:
    """Every operation of the app by verb and path, and whether the gate's demands are made of its callers."""
    app = create_app(lambda: pytest.fail("no runtime is needed to know the routes"))
    while not isinstance(app, FastAPI):
        app = app._app  # type: ignore[attr-defined]
    (entrance,) = app.router.routes
    assert isinstance(entrance, Entrance)
    tree: ResourceTree = entrance._tree
    nodes, found = [tree._root], {}
    while nodes:
        node = nodes.pop()
        for method, route in node.operations.items():
            calls = (dependency.call for dependency in route.dependant.dependencies)
            found[method, route.path] = any(isinstance(call, Demands) for call in calls)
        nodes += [*node.literals.values(), *([node.parameter] if node.parameter else [])]
    return found


SERVED = operations_served()
