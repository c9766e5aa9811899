"""The page of the local host that describes the API: whole in itself, and served by the local host alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cli.host.functions import index
from cli.host.host import LocalHost
from tests.api.served_operations import SERVED
from tests.support.small_functions import Seen, Store, small_app

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def host(seen: Seen) -> Iterator[LocalHost]:
    with LocalHost(Store(), port=0, functions=index(small_app(seen)), prefix="api") as host:
        yield host


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs?x=1"])
def test_the_page_needs_no_function_of_the_app(path: str, host: LocalHost, seen: Seen) -> None:
    answer = httpx.get(host.url + path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Towne Park Forecasting" in answer.text
    assert seen.requests == []
    assert host.docs_url == f"{host.url}/docs"


def test_the_page_loads_nothing_from_elsewhere(host: LocalHost) -> None:
    answer = httpx.get(host.docs_url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy
    assert re.findall(r"(?:src|href)=", answer.text) == []
    assert "//" not in re.sub(r"/\*\*?.*?\*/", "", answer.text)


def test_the_page_never_makes_markup_from_what_the_document_says(host: LocalHost) -> None:
    page = httpx.get(host.docs_url).text
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", page)


def test_the_app_that_is_deployed_has_no_page() -> None:
    assert [path for _, path in SERVED if "docs" in path] == []
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "functions").glob("*.py")]
    assert not any("cli.host" in source or "docs.html" in source for source in sources)


@pytest.mark.parametrize(("method", "path"), [("POST", "/docs"), ("GET", "/docs/more"), ("GET", "/Docs")])
def test_only_a_get_of_its_own_path_is_the_page(method: str, path: str, host: LocalHost) -> None:
    assert httpx.request(method, host.url + path).status_code == 404
