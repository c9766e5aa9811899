"""Azure's request and response, translated for an ASGI application."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import azure.functions as func
import pytest

from cli.host.functions import RegisteredFunction, index
from cli.host.invocation import invoke
from tests.support.function_app import fresh_function_app, replace_api

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class RecordingApp:
    """Keeps the scope and the body of the last request and answers with what the test sets."""

    def __init__(self) -> None:
        self.scope: Message = {}
        self.body = b""
        self.status = 200
        self.headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
        self.parts: list[Message] = [{"body": b"{}"}]
        self.failure: BaseException | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.body = (await receive())["body"]
        if self.failure:
            raise self.failure
        if self.status:
            await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for part in self.parts:
            await send({"type": "http.response.body", **part})
        if self.status:
            assert (await receive())["type"] == "http.disconnect"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> RecordingApp:
    app = RecordingApp()
    replace_api(monkeypatch, app)
    return app


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, app: RecordingApp) -> RegisteredFunction:
    functions = {function.name: function for function in index(fresh_function_app(monkeypatch))}
    return functions["api"]


def request(url: str = "https://app.example/api/v1/forecasting/health", **members: Any) -> func.HttpRequest:
    return func.HttpRequest(members.pop("method", "GET"), url, body=members.pop("body", b""), **members)


def answer(api: RegisteredFunction, request: func.HttpRequest) -> func.HttpResponse:
    response = invoke(api, request)
    assert isinstance(response, func.HttpResponse)
    return response


def test_the_application_sees_the_request_as_it_was_sent(api: RegisteredFunction, app: RecordingApp) -> None:
    answer(
        api,
        request(
            "https://app.example:8443/api/v1/forecasting/sites/TP%2F01?q=a%20b&q=c",
            method="POST",
            headers={"Content-Type": "application/json", "X-Note": "Größe"},
            body=b'{"a": 1}',
        ),
    )
    assert app.scope["method"] == "POST"
    assert app.scope["path"] == "/api/v1/forecasting/sites/TP/01"
    assert app.scope["raw_path"] == b"/api/v1/forecasting/sites/TP%2F01"
    assert app.scope["query_string"] == b"q=a%20b&q=c"
    assert (b"content-type", b"application/json") in app.scope["headers"]
    assert (b"x-note", "Größe".encode()) in app.scope["headers"]
    assert app.scope["server"] == ("app.example", 8443)
    assert app.scope["scheme"] == "https"
    assert app.body == b'{"a": 1}'


def test_the_scope_names_the_invocation_for_log_records_of_other_threads(
    api: RegisteredFunction, app: RecordingApp
) -> None:
    answer(api, request())
    first = app.scope["azure_functions.invocation_id"]
    answer(api, request())
    assert first
    assert app.scope["azure_functions.invocation_id"] != first
    assert hasattr(app.scope["azure_functions.thread_local_storage"], "invocation_id")
    assert app.scope["azure_functions.function_name"] == "api"


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        ("203.0.113.7:51234", ("203.0.113.7", 0)),
        ("203.0.113.7", ("203.0.113.7", 0)),
        ("10.9.9.9, 203.0.113.7:51234", ("203.0.113.7", 0)),
        ("[2001:db8::7]:51234", ("2001:db8::7", 0)),
        ("2001:db8::7", ("2001:db8::7", 0)),
        ("", None),
    ],
)
def test_the_client_is_the_address_that_the_front_end_appended(
    forwarded_for: str, client: tuple[str, int] | None, api: RegisteredFunction, app: RecordingApp
) -> None:
    answer(api, request(headers={"X-Forwarded-For": forwarded_for} if forwarded_for else {}))
    assert app.scope["client"] == client


@pytest.mark.parametrize("path", ["/%FF", "/%", "/%zz", "/a%00b", "/..%2f..%2fetc/passwd", "//x", "/" + "a" * 20_000])
def test_a_strange_path_reaches_the_application_which_can_refuse_it(
    path: str, api: RegisteredFunction, app: RecordingApp
) -> None:
    app.status = 404
    assert answer(api, request(f"https://app.example{path}")).status_code == 404
    assert app.scope["raw_path"] == path.encode()


@pytest.mark.parametrize("host", ["[", "[::::]", "a:b", "a:99999", "a b", ""])
def test_a_server_name_that_cannot_be_costs_nobody_an_answer(
    host: str, api: RegisteredFunction, app: RecordingApp
) -> None:
    assert answer(api, request(f"https://{host}/api/x%2Fy?q=a://b/c?d")).status_code == 200
    assert (app.scope["scheme"], app.scope["raw_path"]) == ("https", b"/api/x%2Fy")
    assert app.scope["query_string"] == b"q=a://b/c?d"


def test_the_response_is_the_applications_with_its_parts_in_order(api: RegisteredFunction, app: RecordingApp) -> None:
    app.status = 202
    app.headers = [(b"content-type", b"application/json"), (b"x-request-id", b"req_1")]
    app.parts = [{"body": b"{", "more_body": True}, {"body": b"}", "more_body": True}, {}]
    response = answer(api, request())
    assert response.status_code == 202
    assert response.get_body() == b"{}"
    assert response.headers["X-Request-Id"] == "req_1"
    assert response.headers["content-type"] == "application/json"


def test_repeated_headers_are_joined_because_the_host_keeps_one_value_a_name(
    api: RegisteredFunction, app: RecordingApp
) -> None:
    app.headers = [(b"vary", b"origin"), (b"Vary", b"accept"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    response = answer(api, request())
    assert response.headers.get_all("vary") == ["origin, accept"]
    assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_an_application_without_an_answer_is_an_error(api: RegisteredFunction, app: RecordingApp) -> None:
    app.status, app.parts = 0, []
    with pytest.raises(RuntimeError, match="ended without an answer"):
        answer(api, request())


def test_a_cancellation_from_within_becomes_an_error_that_the_worker_answers(
    api: RegisteredFunction, app: RecordingApp
) -> None:
    app.failure = asyncio.CancelledError()
    with pytest.raises(RuntimeError, match="cancelled from within"):
        answer(api, request())


def test_the_application_is_made_at_the_first_request_and_kept(
    api: RegisteredFunction, app: RecordingApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(api, request())
    replace_api(monkeypatch, None)
    assert answer(api, request()).status_code == 200
