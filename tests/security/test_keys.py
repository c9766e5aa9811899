"""The key set of the issuer: fetched over HTTP, kept, fetched again, and missed without harm."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Barrier, Thread
from typing import Any

import pytest

from shared_code.errors import ConfigurationError
from shared_code.security import keys
from shared_code.security.errors import KeysUnavailableError
from shared_code.security.keys import RemoteKeySet, public_keys
from tests.sources.scripted_server import Behaviour, Reply, ScriptedServer, scripted_server, unused_address
from tests.support.issuer import Issuer, rsa_key

PATH = "/keys.json"
FIRST, SECOND = Issuer(rsa_key(0), "first"), Issuer(rsa_key(1), "second")


def key_set(*issuers: Issuer) -> Reply:
    return Reply({"keys": [issuer.jwk() for issuer in issuers]})


@dataclass
class Issuing:
    """An issuer's server, a key set that reads it, and seconds that a test lets pass."""

    server: ScriptedServer
    seconds: float = 1000.0
    keys: RemoteKeySet = field(init=False)

    def __post_init__(self) -> None:
        self.keys = RemoteKeySet(self.server.address + PATH, tick=lambda: self.seconds)

    def publishes(self, *replies: Reply) -> None:
        self.server.answer(PATH, *replies)

    @property
    def fetches(self) -> int:
        return len(self.server.requests_to(PATH))


@pytest.fixture
def issuing() -> Iterator[Issuing]:
    with scripted_server() as server:
        yield Issuing(server)


def test_nothing_is_fetched_before_a_token_names_a_key_and_then_once(issuing: Issuing) -> None:
    assert issuing.fetches == 0
    issuing.publishes(key_set(FIRST, SECOND))
    for _ in range(3):
        found = issuing.keys.find("first")
        assert found is not None
        assert found.public_numbers() == FIRST.key.public_key().public_numbers()
        assert issuing.keys.find("second") is not None
    assert issuing.fetches == 1


def test_an_unknown_key_makes_the_set_be_fetched_again(issuing: Issuing) -> None:
    issuing.publishes(key_set(FIRST), key_set(FIRST, SECOND))
    assert issuing.keys.find("first") is not None
    issuing.seconds += 11
    assert issuing.keys.find("second") is not None
    assert issuing.fetches == 2


def test_unknown_keys_cannot_make_the_set_be_fetched_without_end(issuing: Issuing) -> None:
    issuing.publishes(*[key_set(FIRST)] * 5)
    assert issuing.keys.find("first") is not None
    for number in range(200):
        assert issuing.keys.find(f"made-up-{number}") is None
    assert issuing.fetches == 1
    issuing.seconds += 10
    for number in range(200):
        assert issuing.keys.find(f"made-up-{number}") is None
    assert issuing.fetches == 2


def test_a_withdrawn_key_is_gone_within_ten_minutes(issuing: Issuing) -> None:
    issuing.publishes(key_set(FIRST, SECOND), key_set(SECOND))
    assert issuing.keys.find("first") is not None
    issuing.seconds += 599
    assert issuing.keys.find("first") is not None
    issuing.seconds += 1
    assert issuing.keys.find("first") is None
    assert issuing.keys.find("second") is not None


@pytest.mark.parametrize(
    "outage",
    [
        Reply(status=500), Reply(status=404), Reply(b"<html>"), Reply([]), Reply({}), Reply({"keys": {}}),
        Reply({"keys": []}), Reply({"keys": [7, None]}), Reply(b"[" * 100_000), Reply(b" " * 300_000),
        Reply({"keys": [FIRST.jwk()]}, behaviour="cut_half_way"), Reply(b"", behaviour="half_close"),
        Reply(b"", status=302, headers={"Location": "/elsewhere.json"}),
    ],
)  # fmt: skip
def test_during_an_outage_the_known_keys_go_on_being_used_and_the_log_says_so(
    outage: Reply, issuing: Issuing, caplog: pytest.LogCaptureFixture
) -> None:
    issuing.publishes(key_set(FIRST), outage, key_set(FIRST, SECOND))
    known = issuing.keys.find("first")
    issuing.seconds += 700
    assert issuing.keys.find("first") is known
    assert "1 known keys go on being used" in caplog.text
    assert issuing.server.address not in caplog.text
    with pytest.raises(KeysUnavailableError):
        issuing.keys.find("second")
    issuing.seconds += 10
    assert issuing.keys.find("second") is not None


def test_a_set_that_was_never_reached_is_nobodys_fault_and_is_asked_for_rarely(
    issuing: Issuing, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(50):
        with pytest.raises(KeysUnavailableError):
            issuing.keys.find("first")
    assert issuing.fetches == 1
    assert [record.levelno for record in caplog.records if record.name == keys.__name__] == [logging.ERROR]
    issuing.publishes(key_set(FIRST))
    issuing.seconds += 10
    assert issuing.keys.find("first") is not None


def test_an_address_where_nobody_listens_is_an_outage() -> None:
    with pytest.raises(KeysUnavailableError):
        RemoteKeySet(unused_address() + PATH).find("first")


@pytest.mark.parametrize("behaviour", ["trickle_headers", "trickle_body"])
def test_a_server_that_never_ends_is_given_up(
    behaviour: Behaviour, issuing: Issuing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "_LONGEST_FETCH_S", 0.2)
    issuing.publishes(Reply({"keys": [FIRST.jwk()]}, behaviour=behaviour))
    with pytest.raises(KeysUnavailableError):
        issuing.keys.find("first")


def test_threads_that_arrive_at_once_wait_for_one_fetch(issuing: Issuing) -> None:
    issuing.publishes(key_set(FIRST))
    barrier, found = Barrier(8), []

    def ask() -> None:
        barrier.wait(5)
        found.append(issuing.keys.find("first"))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 8
    assert None not in found
    assert issuing.fetches == 1


@pytest.mark.parametrize(
    "url",
    ["http://issuer.example/keys.json", "ftp://issuer.example/keys.json", "issuer.example", "https://", "http://["],
)
def test_keys_are_not_fetched_over_a_connection_that_anybody_may_change(url: str) -> None:
    with pytest.raises(ConfigurationError, match="AUTH_JWKS_URL"):
        RemoteKeySet(url)


def private_members() -> dict[str, Any]:
    return {"d": "AQAB", "p": "AQAB", "q": "AQAB"}


@pytest.mark.parametrize(
    "members",
    [
        {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "EC"}, {"use": "enc"}, {"alg": "HS256"}, {"alg": "RS512"},
        {"kid": None}, {"kid": 7}, {"kid": ""}, {"n": "AQAB"}, {"n": None}, {"e": "AQ"}, {"n": "!!!"},
    ],
)  # fmt: skip
def test_a_key_that_is_not_for_these_signatures_is_passed_over(members: dict[str, Any]) -> None:
    found = public_keys({"keys": [FIRST.jwk(**members), SECOND.jwk()]})
    assert list(found) == ["second"]


def test_a_short_key_is_passed_over() -> None:
    assert list(public_keys({"keys": [Issuer(rsa_key(2, bits=1024), "short").jwk(), SECOND.jwk()]})) == ["second"]


def test_of_a_key_that_comes_with_its_private_half_only_the_public_one_is_used() -> None:
    found = public_keys({"keys": [FIRST.jwk(**private_members())]})
    assert found["first"].public_numbers() == FIRST.key.public_key().public_numbers()


def test_of_two_keys_of_one_name_the_first_counts() -> None:
    found = public_keys({"keys": [FIRST.jwk(), SECOND.jwk(kid="first")]})
    assert found["first"].public_numbers() == FIRST.key.public_key().public_numbers()
