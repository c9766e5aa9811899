"""Nothing is served without a token that earns it: over HTTP, with the keys of a real issuer's server."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.security.keys import RemoteKeySet
from shared_code.services.runtime import Runtime
from tests.api.serving import BASE, Api, first_error, served, told
from tests.sources.scripted_server import Reply, ScriptedServer, scripted_server
from tests.support.assignment import assign
from tests.support.issuer import Issuer, rsa_key
from tests.support.rate_world import RateWorld
from tests.support.token_attacks import ATTACKS

RATES = "/api/jobcodes/TP001/rates"
KEYS = "/keys.json"
FIRST, SECOND = Issuer(rsa_key(0), "first"), Issuer(rsa_key(1), "second")


@pytest.fixture
def issuing() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


@pytest.fixture
def company(tmp_path: Path, issuing: ScriptedServer) -> Iterator[RateWorld]:
    world = RateWorld(tmp_path, auth_jwks_url=issuing.address + KEYS)
    world.add_sites("TP001")
    assign(world.runtime, "local", "forecasting_admin")
    yield world
    world.close()


@pytest.fixture
def api(company: RateWorld) -> Iterator[Api]:
    with served(create_app(lambda: company.runtime)) as api:
        yield api.anonymous()


@pytest.fixture
def known(issuing: ScriptedServer) -> None:
    """The issuer publishes its first key, once."""
    issuing.answer(KEYS, Reply({"keys": [FIRST.jwk()]}))


def get(api: Api, token: str, path: str = RATES) -> httpx.Response:
    return api.get(path, headers={"Authorization": f"Bearer {token}"})


def is_challenged(answer: httpx.Response, code: str = "INVALID_TOKEN") -> bool:
    """A 401 in the envelope, that says how to authenticate."""
    assert told(answer) == (401, code, "Authorization")
    assert first_error(answer)["details"] == {}
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.usefixtures("known")
def test_a_token_of_the_issuer_opens_the_door(company: RateWorld, api: Api) -> None:
    token = FIRST.token(company.clock.now())
    assert get(api, token).status_code == 200
    for scheme in ("bearer", "BEARER", "Bearer  "):
        assert api.get(RATES, headers={"Authorization": f"{scheme} {token}"}).status_code == 200


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("after_s", "claims", "code"),
    [
        (3660, {}, "EXPIRED_TOKEN"), (7200, {}, "EXPIRED_TOKEN"), (7200, {"aud": "other"}, "INVALID_TOKEN"),
        (0, {"aud": "other"}, "INVALID_TOKEN"), (0, {"iss": "other"}, "INVALID_TOKEN"), (-61, {}, "INVALID_TOKEN"),
        (0, {"exp": 9999999999}, "INVALID_TOKEN"), (0, {"sub": ""}, "INVALID_TOKEN"),
    ],
)  # fmt: skip
def test_a_token_that_does_not_hold_is_refused_by_its_code(
    after_s: int, claims: dict[str, Any], code: str, company: RateWorld, api: Api
) -> None:
    assert is_challenged(get(api, FIRST.token(company.clock.now() - timedelta(seconds=after_s), **claims)), code)


@pytest.mark.usefixtures("known")
def test_an_expired_token_of_a_foreign_key_is_invalid(company: RateWorld, api: Api) -> None:
    forged = Issuer(rsa_key(1), "first").token(company.clock.now() - timedelta(hours=2))
    assert is_challenged(get(api, forged))


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("attack", [name for name, make in ATTACKS.items() if make().isascii() and make()])
def test_no_forged_token_is_accepted(attack: str, api: Api) -> None:
    assert is_challenged(get(api, ATTACKS[attack]()))


@pytest.mark.usefixtures("known")
def test_keys_that_a_token_brings_along_are_never_fetched(
    company: RateWorld, api: Api, issuing: ScriptedServer
) -> None:
    attacker = Issuer(rsa_key(1), "first")
    offered = {"jku": f"{issuing.address}/evil.json", "x5u": f"{issuing.address}/evil.json", "jwk": attacker.jwk()}
    assert is_challenged(get(api, attacker.token(company.clock.now(), headers=offered)))
    assert issuing.requests_to("/evil.json") == []


@pytest.mark.usefixtures("known")
def test_an_oversized_token_is_refused(company: RateWorld, api: Api) -> None:
    assert is_challenged(get(api, FIRST.token(company.clock.now(), filler="a" * 20_000)))


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("scheme", ["Basic {}", "{}", "Token {}", "BearerX {}", "Bearer", "", "Bearer {},{}"])
def test_another_scheme_is_refused(scheme: str, company: RateWorld, api: Api) -> None:
    token = FIRST.token(company.clock.now())
    assert is_challenged(api.get(RATES, headers={"Authorization": scheme.format(token, token)}))


@pytest.mark.usefixtures("known")
def test_two_headers_are_refused_even_when_both_are_good(company: RateWorld, api: Api) -> None:
    token = FIRST.token(company.clock.now())
    for first, second in ((token, token), (token, "x"), ("x", token)):
        headers = [("Authorization", f"Bearer {first}"), ("Authorization", f"Bearer {second}")]
        assert is_challenged(api.client.get(RATES, headers=headers))


@pytest.mark.usefixtures("known")
def test_two_headers_on_the_wire_are_refused(company: RateWorld, api: Api) -> None:
    token = FIRST.token(company.clock.now())
    lines = f"Host: x\r\nAuthorization: Bearer {token}\r\nauthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", api.port), timeout=5) as connection:
        connection.sendall(f"GET {RATES} HTTP/1.1\r\n{lines}".encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 401 ")


@pytest.mark.usefixtures("known")
def test_nothing_but_the_header_conveys_identity(company: RateWorld, api: Api) -> None:
    token = FIRST.token(company.clock.now())
    for query in (f"access_token={token}", f"token={token}", f"authorization=Bearer%20{token}"):
        assert is_challenged(api.get(f"{RATES}?{query}"))
    for name in ("Cookie", "X-Access-Token", "X-Ms-Token-Aad-Access-Token", "Proxy-Authorization"):
        value = f"token={token}; Authorization=Bearer {token}" if name == "Cookie" else f"Bearer {token}"
        assert is_challenged(api.get(RATES, headers={name: value}))
    platform = {"X-MS-CLIENT-PRINCIPAL": "eyJ", "X-MS-CLIENT-PRINCIPAL-NAME": "local", "X-MS-CLIENT-PRINCIPAL-ID": "1"}
    assert is_challenged(api.get(RATES, headers=platform))
    assert is_challenged(api.put("/api/jobcodes/VLT1/rates", {"token": token}))


def test_the_token_is_asked_for_before_the_route_is_looked_at(api: Api) -> None:
    for method, path in (("GET", "/nothing"), ("DELETE", RATES), ("POST", f"{BASE}/health"), ("HEAD", RATES)):
        answer = api.client.request(method, path)
        assert answer.status_code == 401
        assert "location" not in answer.headers


def test_a_new_key_is_fetched_when_a_token_names_it(
    company: RateWorld, api: Api, issuing: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_code.security.keys._ASKED_AGAIN_S", 0.0)
    issuing.answer(KEYS, Reply({"keys": [FIRST.jwk()]}), Reply({"keys": [SECOND.jwk()]}))
    first, second = (issuer.token(company.clock.now()) for issuer in (FIRST, SECOND))
    assert get(api, first).status_code == 200
    assert get(api, second).status_code == 200
    assert len(issuing.requests_to(KEYS)) == 2
    issuing.answer(KEYS, *[Reply({"keys": [SECOND.jwk()]})] * 2)
    assert is_challenged(get(api, first))


@pytest.mark.usefixtures("known")
def test_while_the_issuer_is_away_the_known_keys_go_on_being_used(
    company: RateWorld, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = FIRST.token(company.clock.now())
    assert get(api, token).status_code == 200
    monkeypatch.setattr("shared_code.security.keys._KEPT_S", 0.0)
    monkeypatch.setattr("shared_code.security.keys._ASKED_AGAIN_S", 0.0)
    assert get(api, token).status_code == 200
    assert get(api, FIRST.token(company.clock.now(), sub="LOCAL")).status_code == 200


def test_an_issuer_that_was_never_reached_is_not_the_callers_fault(company: RateWorld, api: Api) -> None:
    answer = get(api, FIRST.token(company.clock.now()))
    assert told(answer) == (503, "INTERNAL_ERROR", None)
    assert int(answer.headers["retry-after"]) > 0
    assert "x-ratelimit-limit" not in answer.headers
    assert "key" not in first_error(answer)["message"].lower().replace("keys", "key")
    assert is_challenged(api.get(RATES))
    assert is_challenged(get(api, "no.token.this"))


@pytest.mark.parametrize(
    "settings",
    [
        {"environment_name": "production"}, {"environment_name": "dev"},
        {"db_primary_connection": "mssql+pyodbc://server/forecasting"},
    ],
)  # fmt: skip
def test_outside_the_embedded_default_an_installation_without_a_key_set_serves_nobody(
    settings: dict[str, str], tmp_path: Path
) -> None:
    world = RateWorld(tmp_path)
    with served(create_app(lambda: world.runtime)) as api:
        world.runtime.settings = world.settings.model_copy(update=settings)
        del world.runtime.__dict__["key_set"], world.runtime.__dict__["token_verifier"]
        assert told(api.get(RATES)) == (503, "INTERNAL_ERROR", None)
        assert told(api.anonymous().get(RATES)) == (401, "INVALID_TOKEN", "Authorization")
        assert api.get(f"{BASE}/openapi.json").status_code == 200
    assert list(tmp_path.glob("*.pem")) == []
    world.close()


def test_a_key_set_named_in_the_settings_is_the_only_one(company: RateWorld) -> None:
    assert isinstance(Runtime(company.settings, company.clock).key_set, RemoteKeySet)


@pytest.mark.usefixtures("known")
def test_who_is_unknown_to_the_company_is_refused_by_every_route(company: RateWorld, api: Api) -> None:
    token = FIRST.token(company.clock.now(), sub="stranger@example.com")
    for path in (RATES, f"{BASE}/me", f"{BASE}/sites", f"{BASE}/pl-view/rollup/company/all"):
        answer = get(api, token, path)
        assert told(answer) == (403, "INSUFFICIENT_PERMISSIONS", None)
        assert first_error(answer)["details"] == {"reason": "no_role"}
    assert told(get(api, token, "/nothing")) == (404, "NOT_FOUND", None)
