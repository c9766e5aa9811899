"""The budget API: its token, its parameters, its pages and its rows, against a real server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared_code.clock import FixedClock
from shared_code.errors import ConfigurationError, SourceError, TransientSourceError
from shared_code.settings import Settings
from shared_code.sources.budget_api import BUDGET_PATH, BudgetAmount, BudgetApi
from shared_code.sources.paging import Page
from tests.sources.scripted_server import Reply, ScriptedServer, scripted_server

NOON = datetime(2025, 6, 10, 12, tzinfo=UTC)
TOKEN_PATH = "/oauth2/token"
ROW = {
    "siteId": "0123",
    "account": "9410",
    "period": "2025-04",
    "periodType": "month",
    "amount": "1250357.92",
    "currency": "USD",
    "version": "final",
    "updatedAt": "2025-01-15T08:00:00Z",
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def _settings(server: ScriptedServer, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "environment_name": "test",
        "budget_api_host": server.address,
        "budget_token_url": server.address + TOKEN_PATH,
        "budget_client_id": "forecasting",
        "budget_client_secret": "a-client-secret",
        "budget_page_size": 2,
    }
    return Settings(**values | changes)


def _api(server: ScriptedServer, clock: FixedClock | None = None) -> BudgetApi:
    return BudgetApi(_settings(server), clock=clock or FixedClock(NOON), sleep=lambda _: None, jitter=lambda: 0.0)


def _token(value: str = "token-1", expires_in: object = 3600) -> Reply:
    return Reply({"access_token": value, "token_type": "Bearer", "expires_in": expires_in})


def _page(*rows: object, page: int = 1, total: int | None = None, more: bool = False) -> Reply:
    meta = {"page": page, "limit": 2, "total": len(rows) if total is None else total, "hasMore": more}
    return Reply({"data": list(rows), "meta": meta})


def _read_until_error(api: BudgetApi) -> tuple[list[Page[BudgetAmount]], SourceError]:
    """The pages that came before the read failed, and how it failed."""
    pages: list[Page[BudgetAmount]] = []
    try:
        for page in api.budget(2025):
            pages.append(page)  # noqa: PERF402 - the pages before the error are wanted
    except SourceError as error:
        return pages, error
    pytest.fail("the read ended without an error")


def _logins(server: ScriptedServer) -> list[str]:
    return [request.headers["authorization"] for request in server.requests_to(BUDGET_PATH)]


def test_the_token_is_asked_for_with_client_credentials(server: ScriptedServer) -> None:
    server.answer(TOKEN_PATH, _token())
    server.answer(BUDGET_PATH, _page())

    list(_api(server).budget(2025))

    (request,) = server.requests_to(TOKEN_PATH)
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form == {
        "grant_type": ["client_credentials"],
        "client_id": ["forecasting"],
        "client_secret": ["a-client-secret"],
        "scope": ["budget:read"],
    }
    assert request.query == {}
    assert "authorization" not in request.headers


def test_every_page_is_asked_for_by_year_sites_change_page_and_limit(server: ScriptedServer) -> None:
    server.answer(TOKEN_PATH, _token())
    server.answer(BUDGET_PATH, _page(ROW, ROW, total=3, more=True), _page(ROW, page=2, total=3))
    since = datetime(2025, 4, 2, 5, 10, tzinfo=UTC)

    pages = list(_api(server).budget(2025, ["0123", "TP 1"], since))

    asked = {"year": ["2025"], "siteId": ["0123", "TP 1"], "updatedSince": ["2025-04-02T05:10:00Z"], "limit": ["2"]}
    assert [request.query for request in server.requests_to(BUDGET_PATH)] == [
        asked | {"page": ["1"]},
        asked | {"page": ["2"]},
    ]
    assert [len(page.records) for page in pages] == [2, 1]
    assert [page.request_id for page in pages] == [
        request.headers["x-request-id"] for request in server.requests_to(BUDGET_PATH)
    ]


def test_what_is_not_asked_for_is_not_sent(server: ScriptedServer) -> None:
    server.answer(TOKEN_PATH, _token())
    server.answer(BUDGET_PATH, _page())

    list(_api(server).budget(2025))

    (request,) = server.requests_to(BUDGET_PATH)
    assert set(request.query) == {"year", "page", "limit"}


def test_no_site_is_not_the_same_as_all_sites(server: ScriptedServer) -> None:
    assert list(_api(server).budget(2025, [])) == []
    assert server.received == []


def test_more_than_100_sites_in_one_read_are_refused_before_anything_is_asked(server: ScriptedServer) -> None:
    with pytest.raises(ValueError, match="at most 100 sites"):
        _api(server).budget(2025, [f"{number:04d}" for number in range(101)])

    assert server.received == []


def test_the_token_is_kept_until_60_seconds_before_it_expires(server: ScriptedServer) -> None:
    clock = FixedClock(NOON)
    api = _api(server, clock)
    server.answer(TOKEN_PATH, _token("token-1", 300), _token("token-2", 300))
    server.answer(BUDGET_PATH, _page(), _page(), _page())

    list(api.budget(2025))
    clock.moment = NOON + timedelta(seconds=239)
    list(api.budget(2025))
    clock.moment = NOON + timedelta(seconds=240)
    list(api.budget(2025))

    assert _logins(server) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("expires_in", [None, 0, 60, -1, "soon", True, "1e999"])
def test_a_token_that_does_not_last_is_used_for_one_page(server: ScriptedServer, expires_in: object) -> None:
    server.answer(TOKEN_PATH, _token("token-1", expires_in), _token("token-2", expires_in))
    server.answer(BUDGET_PATH, _page(ROW, ROW, total=3, more=True), _page(ROW, page=2, total=3))

    list(_api(server).budget(2025))

    assert _logins(server) == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("expires_in", ["3600", 3600.0, 10**30])
def test_a_lifetime_may_come_as_text_and_be_absurdly_long(server: ScriptedServer, expires_in: object) -> None:
    server.answer(TOKEN_PATH, _token("token-1", expires_in))
    server.answer(BUDGET_PATH, _page(ROW, ROW, total=3, more=True), _page(ROW, page=2, total=3))

    list(_api(server).budget(2025))

    assert _logins(server) == ["Bearer token-1", "Bearer token-1"]


def test_a_token_that_is_refused_in_mid_read_is_renewed_once(server: ScriptedServer) -> None:
    server.answer(TOKEN_PATH, _token("token-1"), _token("token-2"))
    server.answer(BUDGET_PATH, _page(ROW, ROW, total=3, more=True), Reply(status=401), _page(ROW, page=2, total=3))

    pages = list(_api(server).budget(2025))

    assert _logins(server) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    assert [(page.number, page.attempt) for page in pages] == [(1, 1), (2, 1)]


def test_a_token_that_is_refused_after_its_renewal_ends_the_read(server: ScriptedServer) -> None:
    server.answer(TOKEN_PATH, _token("token-1"), _token("token-2"), _token("token-3"))
    server.answer(BUDGET_PATH, Reply(status=401), Reply(status=401), _page())

    with pytest.raises(SourceError, match="the login was refused"):
        list(_api(server).budget(2025))

    assert len(server.requests_to(TOKEN_PATH)) == 2


@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_client_secret_is_a_refused_login(server: ScriptedServer, status: int) -> None:
    server.answer(TOKEN_PATH, Reply({"error": "invalid_client"}, status=status))

    with pytest.raises(SourceError, match=r"the token address answered .* the login was refused") as caught:
        list(_api(server).budget(2025))

    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert "a-client-secret" not in caught.value.message
    assert len(server.received) == 1


def test_the_token_address_is_tried_again_like_any_other(server: ScriptedServer) -> None:
    server.answer(TOKEN_PATH, Reply(status=503), _token())
    server.answer(BUDGET_PATH, _page(ROW))

    (page,) = _api(server).budget(2025)

    assert len(page.records) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b'{"access_token": 7}',
        b'{"access_token": ""}',
        b'{"access_token": "a token"}',
        b'{"access_token": "a\\r\\nX-Other: 1"}',
        b'{"access_token": "a", "token_type": "mac"}',
        b'{"access_token": "a", "access_token": "b"}',
    ],
)
def test_an_answer_without_a_usable_bearer_token_is_a_schema_mismatch(server: ScriptedServer, answer: bytes) -> None:
    server.answer(TOKEN_PATH, Reply(answer))

    with pytest.raises(SourceError, match="did not answer with a bearer token") as caught:
        list(_api(server).budget(2025))

    assert caught.value.code == "SOURCE_SCHEMA_MISMATCH"


def test_a_total_that_changes_restarts_the_read_once_and_then_ends_it(server: ScriptedServer) -> None:
    server.answer(TOKEN_PATH, _token())
    unsteady = [_page(ROW, ROW, total=3, more=True), _page(ROW, page=2, total=4, more=True)]
    server.answer(BUDGET_PATH, *unsteady, *unsteady, *unsteady)

    pages, error = _read_until_error(_api(server))

    assert error.code == "INCOMPLETE_READ"
    assert [(page.number, page.attempt) for page in pages] == [(1, 1), (1, 2)]
    assert len(server.requests_to(BUDGET_PATH)) == 4


def test_a_source_that_is_lost_in_mid_read_ends_it_without_a_last_page(server: ScriptedServer) -> None:
    server.answer(TOKEN_PATH, _token())
    cut = Reply({"data": [ROW]}, behaviour="cut_half_way")
    server.answer(BUDGET_PATH, _page(ROW, ROW, total=3, more=True), cut, cut, cut, cut)

    pages, error = _read_until_error(_api(server))

    assert isinstance(error, TransientSourceError)
    assert [page.is_last for page in pages] == [False]


def test_a_read_that_is_given_up_half_way_leaves_the_next_one_unharmed(server: ScriptedServer) -> None:
    server.answer(TOKEN_PATH, _token())
    server.answer(BUDGET_PATH, _page(ROW, ROW, total=3, more=True), _page(ROW))
    api = _api(server)

    next(api.budget(2025))
    (page,) = api.budget(2025)

    assert page.is_last


@pytest.mark.parametrize("setting", ["budget_api_host", "budget_token_url", "budget_client_id", "budget_client_secret"])
def test_a_missing_setting_is_named(server: ScriptedServer, setting: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{setting.upper()} is not set"):
        BudgetApi(_settings(server, **{setting: ""}))


def test_good_rows_rejects_and_other_versions_come_in_one_page(server: ScriptedServer) -> None:
    without_amount = {name: value for name, value in ROW.items() if name != "amount"}
    server.answer(TOKEN_PATH, _token())
    server.answer(BUDGET_PATH, _page(ROW, without_amount, ROW | {"version": "draft"}))

    (page,) = _api(server).budget(2025)

    assert [record.amount for record in page.records] == [Decimal("1250357.92")]
    assert [(reject.reason_code, reject.field) for reject in page.rejects] == [("MISSING_FIELD", "amount")]
    assert page.ignored == 1
    assert page.rows_read == 3
