"""Browser pages of other origins."""

import pytest

from tests.api.serving import BASE, Api
from tests.support.rate_world import RateWorld

HEALTH = f"{BASE}/health"
OURS = "https://forecast.example"
ASKS = {"Access-Control-Request-Method": "PUT"}


@pytest.fixture
def page(world: RateWorld, api: Api) -> Api:
    world.runtime.settings = world.settings.model_copy(update={"cors_origins": (OURS,)})
    return api


def test_a_preflight_of_a_configured_origin_is_answered_without_a_token(page: Api) -> None:
    answer = page.client.options("/api/jobcodes/VLT1/rates", headers={"Origin": OURS, **ASKS})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == OURS
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert answer.headers["vary"] == "Origin"
    assert answer.content == b""


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "*", f"{OURS}.evil", OURS.upper(), f"{OURS}:8443"])
def test_another_origin_gets_no_permission(origin: str, page: Api) -> None:
    preflight = page.client.options(HEALTH, headers={"Origin": origin, **ASKS})
    assert preflight.status_code == 405
    assert not [name for name in preflight.headers if name.startswith("access-control")]
    assert "access-control-allow-origin" not in page.get(HEALTH, headers={"Origin": origin}).headers


def test_a_page_of_a_configured_origin_may_read_answers_and_errors(page: Api) -> None:
    for path in (HEALTH, "/nothing"):
        answer = page.get(path, headers={"Origin": OURS})
        assert answer.headers["access-control-allow-origin"] == OURS
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


def test_options_without_a_question_is_a_verb_that_is_not_offered(page: Api) -> None:
    answer = page.client.options(HEALTH, headers={"Origin": OURS})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_without_configured_origins_nobody_is_let_in(api: Api) -> None:
    assert api.client.options(HEALTH, headers={"Origin": OURS, **ASKS}).status_code == 405
