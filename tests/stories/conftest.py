"""The local host over the company of the stories: real HTTP, real tokens, the function that is deployed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from cli.host.functions import index
from cli.host.host import LocalHost
from shared_code.api.app import create_app
from tests.api.serving import NO_TLS, Api
from tests.support.function_app import fresh_function_app, replace_api
from tests.support.story_world import StoryWorld

SignIn = Callable[[str], Api]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StoryWorld]:
    world = StoryWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def sign_in(world: StoryWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignIn]:
    """Gives the API in the name of a user."""
    replace_api(monkeypatch, create_app(lambda: world.runtime))
    functions = [function for function in index(fresh_function_app(monkeypatch)) if function.kind == "http"]
    with LocalHost(None, port=0, functions=functions) as host, ExitStack() as clients:

        def enter(user: str) -> Api:
            client = httpx.Client(base_url=host.url, headers=world.signed_in(user), timeout=30, verify=NO_TLS)
            return Api(clients.enter_context(client))

        yield enter


@pytest.fixture
def am1(sign_in: SignIn) -> Api:
    return sign_in("am1")


@pytest.fixture
def dm1(sign_in: SignIn) -> Api:
    return sign_in("dm1")


@pytest.fixture
def admin1(sign_in: SignIn) -> Api:
    return sign_in("admin1")
