"""HTTP on the local host, as on the platform."""

import http.client
import socket
from collections.abc import Iterator

import httpx
import pytest

from cli.host.functions import index
from cli.host.host import LocalHost
from shared_code.errors import ConfigurationError
from tests.support.small_functions import Seen, Store, small_app


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def host(seen: Seen) -> Iterator[LocalHost]:
    with LocalHost(Store(), port=0, functions=index(small_app(seen)), prefix="api") as host:
        yield host


def test_a_request_goes_through_the_registered_function(host: LocalHost, seen: Seen) -> None:
    answer = httpx.post(
        f"{host.url}/api/echo/J%C3%BCrgen?q=1&q=2", content=b"hello", headers=[("X-Many", "a"), ("x-many", "b")]
    )
    assert answer.status_code == 201
    assert answer.content == "Jürgen:hello".encode()
    assert answer.headers["x-invocation"]
    [request] = seen.requests
    assert request.method == "POST"
    assert request.url == f"{host.url}/api/echo/J%C3%BCrgen?q=1&q=2"
    assert request.params["q"] == "1,2"
    assert request.headers["x-many"] == "a,b"
    assert all(name == name.lower() for name in request.headers)


def test_the_address_of_the_client_is_appended_to_what_the_client_claims(host: LocalHost, seen: Seen) -> None:
    httpx.get(f"{host.url}/api/echo/a", headers={"X-Forwarded-For": "203.0.113.7"})
    assert seen.requests[0].headers["x-forwarded-for"] == "203.0.113.7, 127.0.0.1"


def test_a_body_without_a_length_arrives_empty_as_on_the_platform(host: LocalHost, seen: Seen) -> None:
    answer = httpx.post(f"{host.url}/api/echo/a", content=iter([b"hel", b"lo"]))
    assert answer.status_code == 201
    assert seen.requests[0].get_body() == b""


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/none"), ("GET", "/echo/a"), ("DELETE", "/api/echo/a"), ("GET", "/api/echo/a/b"), ("GET", "/")],
)
def test_what_no_function_answers_is_not_found(method: str, path: str, host: LocalHost) -> None:
    answer = httpx.request(method, host.url + path)
    assert (answer.status_code, answer.content) == (404, b"")


def test_an_error_that_leaves_the_function_is_a_500_with_an_empty_body(
    host: LocalHost, caplog: pytest.LogCaptureFixture
) -> None:
    answer = httpx.get(f"{host.url}/api/fails")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "Function fails failed" in caplog.text


def test_a_body_larger_than_the_platform_takes_is_refused_before_it_is_read(host: LocalHost, seen: Seen) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(host.url.rpartition(":")[2]), timeout=10)
    connection.putrequest("POST", "/api/echo/a")
    connection.putheader("Content-Length", str(200 * 1024 * 1024))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert seen.requests == []


@pytest.mark.parametrize("target", ["/api/echo/%FF", "/api/echo/%zz", "//", "/api/echo/" + "a" * 9000])
def test_hostile_targets_do_not_harm_the_host(target: str, host: LocalHost) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(host.url.rpartition(":")[2]), timeout=10)
    connection.request("GET", target)
    assert connection.getresponse().status in {201, 404}
    connection.close()
    assert httpx.get(f"{host.url}/api/echo/a").status_code == 201


def test_only_this_machine_reaches_the_host_by_default(host: LocalHost) -> None:
    assert host.url.startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_named(seen: Seen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Cannot serve on 127.0.0.1 port {port}: "):
            LocalHost(Store(), port=port, functions=index(small_app(seen)), prefix="")
