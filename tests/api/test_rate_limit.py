"""How many requests somebody may make, as clients see it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared_code.api.app import create_app
from tests.api.serving import BASE, ISSUER, Api, first_error, served, told
from tests.support.rate_world import RateWorld

RATES = "/api/jobcodes/TP001/rates"
COUNTED = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RateWorld]:
    """Four requests in fifteen minutes."""
    world = RateWorld(tmp_path, rate_limit_requests=4)
    world.add_sites("TP001")
    yield world
    world.close()


@pytest.fixture
def api(world: RateWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def test_every_counted_response_says_how_many_are_left(api: Api, world: RateWorld) -> None:
    ends = str(int(world.clock.now().timestamp()) + 900)
    answers = [
        api.get(RATES),
        api.get("/nothing"),
        api.client.request("DELETE", RATES),
        api.get("/api/jobcodes/T@/rates"),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 405, 400]
    assert [tuple(answer.headers[name] for name in COUNTED) for answer in answers] == [
        ("4", str(left), ends) for left in (3, 2, 1, 0)
    ]


def test_a_429_says_when_to_come_back_and_neither_counts_nor_prolongs(api: Api, world: RateWorld) -> None:
    for _ in range(4):
        assert api.get(RATES).status_code == 200
    ends = int(world.clock.now().timestamp()) + 900
    world.clock.moment += timedelta(seconds=100)
    for _ in range(3):
        answer = api.get(RATES)
        assert told(answer) == (429, "RATE_LIMIT_EXCEEDED", None)
        assert answer.headers["retry-after"] == "800"
        assert [answer.headers[name] for name in COUNTED] == ["4", "0", str(ends)]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["data"] is None
    world.clock.moment += timedelta(seconds=799.9)
    assert api.get(RATES).headers["retry-after"] == "1"
    world.clock.moment += timedelta(seconds=0.1)
    anew = api.get(RATES)
    assert (anew.status_code, anew.headers["x-ratelimit-remaining"]) == (200, "3")


def test_the_limit_is_judged_before_the_route_and_the_role(api: Api) -> None:
    for _ in range(4):
        api.get(RATES)
    for path in ("/nothing", f"{BASE}/me", "/api/jobcodes/T@/rates"):
        assert told(api.get(path))[0] == 429
    assert api.client.request("DELETE", RATES).status_code == 429


def test_a_principal_is_counted_whatever_the_token_and_others_are_not(api: Api) -> None:
    other = api.signed_in("am1", "account_manager", sites=["TP001"])
    for _ in range(2):
        assert api.get(RATES).status_code == 200
        assert api.with_token(name="Another token").get(RATES).status_code == 200
    assert api.with_token(name="And one more").get(RATES).status_code == 429
    assert other.get(RATES).status_code == 200


def test_failed_authentications_are_counted_by_address_and_stop_nobody_with_a_token(api: Api) -> None:
    nobody = api.anonymous()
    answers = [nobody.get(RATES, headers={"Authorization": f"Bearer x.y.{number}"}) for number in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 4 + [429] * 2
    assert answers[3].headers["x-ratelimit-remaining"] == "0"
    assert answers[3].headers["www-authenticate"] == "Bearer"
    assert int(answers[4].headers["retry-after"]) == 900
    assert nobody.get(RATES).status_code == 429
    good = api.get(RATES)
    assert (good.status_code, good.headers["x-ratelimit-remaining"]) == (200, "3")


def test_the_address_is_the_one_that_the_front_end_saw(api: Api) -> None:
    for number in range(6):
        claimed = {"X-Forwarded-For": f"203.0.113.{number}"}
        status = api.anonymous().get(RATES, headers=claimed).status_code
    assert status == 429


def test_health_and_the_document_are_not_counted(api: Api) -> None:
    for _ in range(6):
        for path in ("/health", "/openapi.json"):
            answer = api.get(BASE + path)
            assert answer.status_code == 200
            assert not [name for name in COUNTED if name in answer.headers]


def test_a_broken_redis_never_breaks_a_request(world: RateWorld) -> None:
    gone = SecretStr("redis://127.0.0.1:1/0")
    world.runtime.settings = world.settings.model_copy(update={"redis_url": gone})
    with served(create_app(lambda: world.runtime)) as api:
        assert [api.get(RATES).status_code for _ in range(5)] == [200] * 4 + [429]


def test_the_message_says_what_the_limit_is(api: Api) -> None:
    for _ in range(4):
        api.get(RATES)
    error = first_error(api.get(RATES))
    assert error["details"] == {"limit": 4, "retryAfterSeconds": 900}
    assert "4" in error["message"]


def test_the_key_of_a_principal_is_not_taken_from_an_unverified_token(api: Api, world: RateWorld) -> None:
    forged = ISSUER.token(world.clock.now()).rsplit(".", 1)[0] + ".AAAA"
    for _ in range(6):
        assert api.anonymous().get(RATES, headers={"Authorization": f"Bearer {forged}"}).status_code in {401, 429}
    assert api.get(RATES).headers["x-ratelimit-remaining"] == "3"
