"""Requests that fail: counted where they are served, an alert while there are too many of them."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.services.alerting import api_errors
from shared_code.services.alerting.api_errors import ErrorWatch, ErrorWindow
from tests.support.alert_world import AlertWorld
from tests.support.operational import NOON

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AlertWorld]:
    world = AlertWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> ErrorWatch:
    class AtOnce(threading.Thread):
        """Works before the test goes on."""

        def start(self) -> None:
            self.run()

    monkeypatch.setattr("threading.Thread", AtOnce)
    return ErrorWatch("instance a")


def serve(world: AlertWorld, watch: ErrorWatch, good: int, bad: int, status: int = 500) -> None:
    for number in range(good + bad):
        watch.answered(world.runtime, status if number < bad else 404)


@pytest.mark.parametrize(("good", "bad", "too_high"), [(95, 5, False), (94, 6, True), (0, 2, False), (0, 3, True)])
def test_more_than_five_percent_are_too_many_unless_they_are_but_two(good: int, bad: int, too_high: bool) -> None:
    window = ErrorWindow()
    for number in range(good + bad):
        count = window.count(500 if number < bad else 200, NOON)
    assert (count.requests, count.errors, count.is_too_high) == (good + bad, bad, too_high)


def test_requests_count_for_five_minutes() -> None:
    window = ErrorWindow()
    window.count(503, NOON)
    assert window.count(200, NOON + timedelta(seconds=299)).errors == 1
    assert window.count(200, NOON + timedelta(seconds=300)).errors == 0


@pytest.mark.parametrize(("status", "errors"), [(0, 1), (500, 1), (503, 1), (499, 0), (200, 0)])
def test_an_answer_from_500_on_and_none_at_all_are_errors(status: int, errors: int) -> None:
    assert ErrorWindow().count(status, NOON).errors == errors


def test_requests_of_before_the_clock_was_put_back_are_forgotten() -> None:
    window = ErrorWindow()
    window.count(503, NOON)
    assert window.count(200, NOON - timedelta(hours=2)).errors == 0
    assert window.count(503, NOON - timedelta(hours=2)).errors == 1


def test_a_clock_that_was_put_back_keeps_no_instance_from_entering_its_alert(
    world: AlertWorld, watch: ErrorWatch
) -> None:
    serve(world, watch, good=0, bad=3)
    world.clock.moment -= timedelta(hours=2)
    serve(world, watch, good=0, bad=3)
    assert world.states()["api_errors instance a"].details["measuredAt"] == "2025-06-10T10:00:00.000Z"


def test_the_end_of_the_alert_is_told(world: AlertWorld, watch: ErrorWatch, caplog: pytest.LogCaptureFixture) -> None:
    serve(world, watch, good=0, bad=3)
    world.evaluate()
    serve(world, watch, good=100, bad=0)
    world.clock.moment += MINUTE
    serve(world, watch, good=1, bad=0)
    assert world.evaluate() == {}
    assert "[test] ended: API errors: instance a" in caplog.text


def test_an_instance_enters_its_alert_and_clears_it(world: AlertWorld, watch: ErrorWatch) -> None:
    serve(world, watch, good=0, bad=3)
    assert world.evaluate()["api_errors instance a"].details == {
        "requests": 3, "errors": 3, "measuredAt": "2025-06-10T12:00:00.000Z", "severity": "high",
    }  # fmt: skip
    world.clock.moment += MINUTE
    serve(world, watch, good=100, bad=0)
    world.clock.moment += MINUTE
    serve(world, watch, good=1, bad=0)
    assert world.evaluate() == {}


def test_it_writes_once_a_minute_at_most(world: AlertWorld, watch: ErrorWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(world, watch, good=0, bad=30)
    assert world.evaluate()["api_errors instance a"].details["requests"] == 3
    world.clock.moment += MINUTE
    serve(world, watch, good=0, bad=30)
    assert world.evaluate()["api_errors instance a"].details["requests"] == 31


def test_good_requests_write_nothing(world: AlertWorld, watch: ErrorWatch) -> None:
    serve(world, watch, good=50, bad=0)
    assert world.states() == {}


def test_an_instance_that_serves_no_more_is_forgotten(world: AlertWorld, watch: ErrorWatch) -> None:
    serve(world, watch, good=0, bad=3)
    assert set(world.evaluate(10 * MINUTE)) == {"api_errors instance a"}
    assert world.evaluate(MINUTE) == {}


def test_a_database_that_is_away_is_logged_and_disturbs_nobody(
    world: AlertWorld, watch: ErrorWatch, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise ConnectionError("host SECRET1")

    monkeypatch.setattr(world.runtime.database, "writing", away)
    serve(world, watch, good=0, bad=3)
    assert "could not be entered" in caplog.text


def test_no_request_waits_for_the_database(world: AlertWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(ErrorWatch, "_enter", lambda *_: release.wait(5))
    started = time.monotonic()
    serve(world, ErrorWatch("instance a"), good=0, bad=3)
    assert time.monotonic() - started < 1
    release.set()


def test_processes_of_one_machine_have_names_of_their_own_that_tell_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEBSITE_INSTANCE_ID", "machine-of-the-platform")
    first = api_errors.instance_name()
    monkeypatch.setattr("os.getpid", lambda: 1)
    assert api_errors.instance_name() != first
    assert "machine" not in first
