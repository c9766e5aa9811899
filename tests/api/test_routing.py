"""Paths, verbs and headers: what a request must look like before anybody looks at what it wants."""

import re
import socket

import pytest

from tests.api.serving import BASE, Api, told

HEALTH = f"{BASE}/health"


@pytest.mark.parametrize(
    "path",
    [
        "/", "//", "/api", BASE, f"{BASE}/", "/health", f"{BASE}/healthy", f"{BASE}/HEALTH", f"{BASE}/health/more",
        f"{BASE}//health", f"{BASE}/health//", f"/{BASE}/health", f"{BASE}/pl-view", f"{BASE}/pl-view//2025",
        f"{BASE}/pl-view/TP001/", f"{BASE}/pl%2Fview/TP001/2025", "/api/jobcodes/TP001/rates/2025",
        f"{BASE}/../forecasting/health", f"{BASE}/%2e%2e/health", "/%FF", "/%zz", "/%", "/" + "a/" * 4000,
        f"{BASE}/health%00", "/api/jobcodes/{site_id}/rates/x",
    ],
)  # fmt: skip
def test_an_unknown_path_is_not_found_and_says_so_in_the_envelope(path: str, api: Api) -> None:
    status, headers, body = api.send("GET", path)
    assert (status, body["errors"][0]["code"], body["errors"][0]["field"]) == (404, "NOT_FOUND", None)
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", [f"{HEALTH}/", f"{BASE}/%68ealth", f"{HEALTH}?x=%00", f"{HEALTH}/?"])
def test_one_slash_at_the_end_and_encoded_letters_do_not_matter(path: str, api: Api) -> None:
    assert api.send("GET", path)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_verb_that_is_not_offered_is_answered_with_those_that_are(method: str, api: Api) -> None:
    status, headers, _ = api.send(method, HEALTH)
    assert (status, headers["allow"]) == (405, "GET")


def test_verbs_of_one_path_that_name_their_parameter_differently_are_one_resource(api: Api) -> None:
    answer = api.client.request("DELETE", "/api/jobcodes/TP001/rates")
    assert told(answer) == (405, "METHOD_NOT_ALLOWED", None)
    assert answer.headers["allow"] == "GET, PUT"


def test_an_unknown_path_is_not_found_whatever_the_verb(api: Api) -> None:
    assert told(api.client.request("DELETE", f"{BASE}/nothing")) == (404, "NOT_FOUND", None)


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("req-1_A", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ("a;b", False), ("", False), ("é", False)],
)
def test_a_request_id_is_kept_when_it_is_acceptable(given: str, is_kept: bool, api: Api) -> None:
    answer = api.get(HEALTH, headers=[(b"X-Request-Id", given.encode())])
    shown = answer.headers["x-request-id"]
    assert answer.json()["requestId"] == shown
    assert (shown == given) is is_kept
    assert is_kept or re.fullmatch(r"req_[0-9a-f]{32}", shown)


def test_two_request_ids_are_none(api: Api) -> None:
    answer = api.get(HEALTH, headers=[("X-Request-Id", "one"), ("X-Request-Id", "two")])
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200), ("*/*", 200), ("application/*", 200), ("text/html, application/json;q=0.1", 200),
        ("APPLICATION/JSON", 200), ("application/json;q=0.0", 406), ("*/*;q=0", 406), ("text/html", 406),
        ("application/json;q=0, */*", 406), ("text/*", 406), ("application/json;q=x", 406), ("nonsense", 406),
        (",", 406), ("application/json;q=nan", 406), ("*/*;q=1;q", 406), ("", 200),
    ],
)  # fmt: skip
def test_json_must_be_acceptable(accept: str, status: int, api: Api) -> None:
    assert api.get(HEALTH, headers={"Accept": accept}).status_code == status


def test_the_server_survives_what_is_not_http(api: Api) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000 + b"\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", api.port), timeout=5) as connection:
            connection.sendall(garbage)
            connection.recv(1024)
    assert api.get(HEALTH).status_code == 200


def test_without_a_token_only_health_and_the_document_are_served(api: Api) -> None:
    nobody = api.anonymous()
    assert nobody.get(HEALTH).status_code == 200
    assert nobody.get(f"{BASE}/openapi.json").status_code == 200
    for path in ("/api/jobcodes/TP001/rates", f"{BASE}/pl-view/TP001/2025", f"{BASE}/nothing", "/"):
        answer = nobody.get(path)
        assert told(answer) == (401, "INVALID_TOKEN", "Authorization")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert nobody.put("/api/jobcodes/VLT1/rates", {}).status_code == 401
    assert nobody.client.request("DELETE", "/api/jobcodes/VLT1/rates").status_code == 401
    assert nobody.client.request("DELETE", HEALTH).status_code == 401


@pytest.mark.parametrize("host", ["forecast.example", "", "localhost@x"])
def test_neither_the_name_nor_the_address_of_a_request_speaks_for_anybody(host: str, api: Api) -> None:
    status, headers, body = api.anonymous().send("GET", "/api/jobcodes/TP001/rates", Host=host)
    assert (status, body["errors"][0]["code"]) == (401, "INVALID_TOKEN")
    assert headers["www-authenticate"] == "Bearer"
