"""Wishes for a P&L: a burst is one calculation, what moves on meanwhile is caught up with, a change is told once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shared_code.errors import TransientError
from shared_code.messaging.contracts import EVENT_TYPES
from shared_code.messaging.message import PAYROLL_CALCULATE, PL_REFRESH, STATISTICS_UPDATE
from shared_code.services import handler_places, messages
from shared_code.services.consumers import pnl_refresh
from shared_code.services.messages import handle_with
from shared_code.services.refresh_pnl import RefreshReport, refresh_pnl
from shared_code.services.runtime import Runtime
from shared_code.storage import versions
from shared_code.storage.tables.messages import outbox_messages, poison_messages
from shared_code.storage.tables.results import calculation_requests, pnl_site_years
from tests.support.message_world import body_of, message_of, message_world, outcomes, rows_of
from tests.support.operational import NOON

WISH = body_of(siteId="0001", period="2025", inputsVersion=1)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Runtime]:
    with message_world(tmp_path) as app:
        yield app


@dataclass
class Calculations:
    """The calculations that ran; `meanwhile` is done once they have read their inputs, while it lasts."""

    computed: list[int] = field(default_factory=list)
    meanwhile: list[Any] = field(default_factory=list)


@pytest.fixture
def calculations(monkeypatch: pytest.MonkeyPatch) -> Calculations:
    seen = Calculations()

    def counted(*arguments: Any, **options: Any) -> RefreshReport:
        report = refresh_pnl(*arguments, **options)
        seen.computed.append(report.computed)
        if seen.meanwhile:
            seen.meanwhile.pop(0)()
        return report

    monkeypatch.setattr(pnl_refresh, "refresh_pnl", counted)
    return seen


def _save(app: Runtime, *years: int) -> None:
    """A save raises the versions of what it concerns."""
    with app.database.writing() as connection:
        versions.raise_inputs_versions(connection, [("0001", year) for year in years or (2025,)], NOON)


def _requests(app: Runtime) -> list[tuple[Any, ...]]:
    names = ("year", "state", "requested_version", "computed_version", "reason", "from_period")
    return rows_of(app, calculation_requests, *names)


def _told(app: Runtime) -> list[str]:
    return [row[0] for row in rows_of(app, outbox_messages, "subject")]


def test_a_burst_of_saves_is_one_calculation_and_each_change_is_told_once(
    app: Runtime, calculations: Calculations
) -> None:
    for _ in range(12):
        _save(app)
    for version in range(1, 13):
        handle_with(app, PL_REFRESH, message_of({**WISH, "inputsVersion": version}, f"m-{version:02}"))

    assert calculations.computed == [1]
    assert _told(app) == ["PLViewRefreshed"] * 12, "one of every month, although twelve messages asked"
    assert _requests(app) == [(2025, "done", 12, 12, "RefreshRequested", "2025-01")]
    assert [outcome for *_, outcome in outcomes(app)] == ["done"] * 12


def test_a_save_during_the_calculation_is_caught_up_with_by_the_same_message(
    app: Runtime, calculations: Calculations
) -> None:
    _save(app)
    calculations.meanwhile = [lambda: _save(app)]

    handle_with(app, PL_REFRESH, message_of(WISH))

    assert calculations.computed == [1, 1]
    assert _requests(app) == [(2025, "done", 2, 2, "RefreshRequested", "2025-01")]
    assert rows_of(app, pnl_site_years, "inputs_version") == [(2,)]


def test_inputs_that_go_on_changing_are_left_to_a_message_of_their_version(
    app: Runtime, calculations: Calculations
) -> None:
    _save(app)
    calculations.meanwhile = [lambda: _save(app) for _ in range(5)]

    handle_with(app, PL_REFRESH, message_of(WISH))

    assert calculations.computed == [1, 1, 1]
    assert _requests(app) == [(2025, "running", 4, 3, "RefreshRequested", "2025-01")]
    wishes = [row for row in rows_of(app, outbox_messages, "destination", "dedup_id") if row[0] == PL_REFRESH]
    assert wishes == [(PL_REFRESH, f"{PL_REFRESH}:0001:2025:4")]
    calculations.meanwhile = []
    handle_with(app, PL_REFRESH, message_of({**WISH, "inputsVersion": 4}, "m-2"))
    assert _requests(app) == [(2025, "done", 4, 4, "RefreshRequested", "2025-01")]


def test_a_message_after_a_reader_computes_nothing_and_tells_nothing_again(
    app: Runtime, calculations: Calculations
) -> None:
    _save(app)
    handle_with(app, STATISTICS_UPDATE, message_of(body_of("StatisticsUpdated", siteId="0001", period="2025-06")))
    assert _requests(app) == [(2025, "queued", 1, None, "StatisticsUpdated", "2025-06")]
    refresh_pnl(app, [("0001", 2025)])
    told = _told(app)

    handle_with(app, PL_REFRESH, message_of(WISH))

    assert (calculations.computed, _told(app)) == ([], told)
    assert told.count("PLViewRefreshed") == 12
    assert _requests(app) == [(2025, "done", 1, 1, "StatisticsUpdated", "2025-06")]


def test_changes_before_the_calculation_share_one_open_request_from_the_earliest_month(app: Runtime) -> None:
    for number, month in enumerate(["2025-06", "2025-03", "2025-09"]):
        _save(app)
        body = body_of("PayrollCalculated", siteId="0001", period=month)
        handle_with(app, PAYROLL_CALCULATE, message_of(body, f"m-{number}"))

    assert _requests(app) == [(2025, "queued", 3, None, "PayrollCalculated", "2025-03")]


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES[PL_REFRESH] - {"RefreshRequested"}))
def test_a_change_concerns_the_next_year_where_something_accumulates_by_anniversary(
    app: Runtime, calculations: Calculations, monkeypatch: pytest.MonkeyPatch, event_type: str
) -> None:
    monkeypatch.setattr(versions, "years_concerned", lambda _, keys: {*keys, *((site, y + 1) for site, y in keys)})
    _save(app)

    handle_with(app, PL_REFRESH, message_of(body_of(event_type, siteId="0001", period="2025-06")))

    assert calculations.computed == [2]
    assert [row[:3] for row in _requests(app)] == [(2025, "done", 1), (2026, "done", 1)]
    assert [row[5] for row in _requests(app)] == ["2025-06", "2026-01"]


def test_the_event_names_the_request_that_caused_it(app: Runtime) -> None:
    handle_with(app, PL_REFRESH, message_of({**WISH, "requestId": "req-of-the-save"}))

    assert {
        payload.split('"requestId":"')[1].split('"')[0] for (payload,) in rows_of(app, outbox_messages, "payload")
    } == {"req-of-the-save"}


def test_a_pnl_that_cannot_be_computed_fails_its_request(app: Runtime) -> None:
    with app.database.writing() as connection:
        connection.exec_driver_sql("UPDATE sites SET time_zone = 'Mars/Base'")
    _save(app)

    handle_with(app, PL_REFRESH, message_of(WISH))

    assert [row[:3] for row in _requests(app)] == [(2025, "failed", 1)]
    assert rows_of(app, calculation_requests, "error_code") == rows_of(app, poison_messages, "reason_code")
    _save(app)
    with app.database.writing() as connection:
        connection.exec_driver_sql("UPDATE sites SET time_zone = NULL")
    handle_with(app, PL_REFRESH, message_of({**WISH, "inputsVersion": 2}, "m-2"))
    assert [row[:3] for row in _requests(app)] == [(2025, "done", 2), (2025, "failed", 1)]


def test_a_message_that_finds_no_place_comes_again_later(app: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler_places, "LONGEST_WAIT_S", 0.01)
    with app.places.held(PL_REFRESH):
        handle_with(app, PL_REFRESH, message_of(WISH))
        with app.places.held(PAYROLL_CALCULATE), app.places.held(PAYROLL_CALCULATE):
            body = body_of("PayrollCalculated", siteId="0001", period="2025-06")
            handle_with(app, PAYROLL_CALCULATE, message_of(body))

    assert {outcome for *_, outcome in outcomes(app)} == {"delayed"}
    assert [row[0] for row in rows_of(app, outbox_messages, "dedup_id")] == ["m-1:r1", "m-1:r1"]
    assert [payload for (payload,) in rows_of(app, outbox_messages, "payload") if '"totalCost":1234.5,' in payload]
    handle_with(app, PL_REFRESH, message_of(WISH, "m-1:r1", properties={"attempt": 2}))
    assert (PL_REFRESH, "m-1:r1", "done") in outcomes(app)


def test_a_place_is_free_again_after_a_failure(app: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> None:
        raise TransientError("The database is busy")

    monkeypatch.setattr(handler_places, "LONGEST_WAIT_S", 0.01)
    monkeypatch.setattr(messages, "HANDLERS", {PL_REFRESH: busy})
    for _ in range(3):
        with pytest.raises(TransientError, match="busy"):
            handle_with(app, PL_REFRESH, message_of(WISH))
