"""From findings to states: raised after a while, worse, cleared, one bad rule apart from the others."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared_code.messaging.message import QUEUES
from shared_code.services.alerting import evaluate
from shared_code.services.alerting.rule import Finding
from shared_code.services.alerting.rules import RULE_OF, RULES
from shared_code.storage import alerts, leases
from tests.support.alert_world import AlertWorld, ago
from tests.support.operational import NO_RUN

FIVE = timedelta(minutes=5)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AlertWorld]:
    world = AlertWorld(tmp_path)
    yield world
    world.close()


def test_since_stays_while_an_alert_is_raised_and_its_details_follow(world: AlertWorld) -> None:
    world.wrote(16)
    began = world.clock.now()
    world.evaluate()
    world.wrote(17)
    state = world.evaluate(FIVE)["outbox outbox"]
    assert (state.since, state.details["messages"]) == (began, 2)


def test_an_alert_that_comes_back_is_raised_since_then(world: AlertWorld) -> None:
    world.wrote(16)
    world.evaluate()
    world.sends()
    assert world.evaluate(FIVE) == {}
    world.wrote(17)
    assert world.evaluate(FIVE)["outbox outbox"].since == world.clock.now()


def test_a_subject_for_which_a_rule_is_about_to_hold_is_cleared_until_it_has(world: AlertWorld) -> None:
    world.queued(0, dead=True)
    world.evaluate()
    [state] = world.states().values()
    assert (state.state, state.details) == ("cleared", {"holdingSince": "2025-06-10T12:00:00.000Z"})
    world.evaluate(timedelta(minutes=15))
    [state] = world.states().values()
    assert (state.state, state.details) == ("raised", {"messages": 1, "severity": "medium"})


def test_a_rule_that_cannot_be_evaluated_keeps_its_alerts_and_hides_no_other(
    world: AlertWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.wrote(16)
    world.evaluate()
    world.queued(16)

    def broken(_: Any) -> Any:
        raise KeyError("a slip of ours")

    rules = [replace(rule, find=broken) if rule.name == "outbox" else rule for rule in RULES]
    monkeypatch.setattr(evaluate, "RULES", rules)
    world.sends()
    world.queued(16)
    assert set(world.evaluate(FIVE)) == {"outbox outbox", "queue_age forecasting.jobs"}
    assert "Rule outbox could not be evaluated" in caplog.text


def test_two_processes_do_not_evaluate_at_once(world: AlertWorld) -> None:
    with world.runtime.database.writing() as connection:
        leases.acquire(connection, evaluate.LEASE, NO_RUN, world.clock.now(), 60)
    world.wrote(16)
    assert world.evaluate() == {}
    assert set(world.evaluate(timedelta(seconds=61))) == {"outbox outbox"}


def test_an_alert_entered_by_a_message_keeps_what_the_message_said(world: AlertWorld) -> None:
    world.flc("0001", "2025-06", "50000", "100000")
    world.entered("flc_variance", "0001 2025-06", {"flc": "50000", "variance": "-50000"})
    for _ in range(2):
        state = world.evaluate(FIVE)["flc_variance 0001 2025-06"]
        assert state.details == {"flc": "50000", "variance": "-50000", "severity": "low"}


def test_a_subject_longer_than_its_column_is_one_alert_all_the_same(
    world: AlertWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = replace(RULE_OF["outbox"], find=lambda sight: [Finding("x" * 300)])
    monkeypatch.setattr(evaluate, "RULES", [long])
    for _ in range(2):
        [state] = world.evaluate(FIVE).values()
        assert state.subject == "x" * 200
    assert state.since == ago(minutes=-5)


def test_a_state_of_a_rule_that_exists_no_more_is_left_alone(world: AlertWorld) -> None:
    world.entered("of_another_version", "s", {})
    assert set(world.evaluate()) == {"of_another_version s"}
    assert evaluate.current_alerts(world.runtime) == []


def test_the_worst_and_oldest_alerts_come_first_and_cleared_ones_when_they_are_asked_for(world: AlertWorld) -> None:
    world.queued(16)
    world.evaluate()
    world.wrote(16)
    world.ran("paid_hours", minutes=39)
    world.evaluate(FIVE)
    with world.runtime.database.writing() as connection:
        alerts.enter(connection, "queue_age", "forecasting.jobs", holds=False, details={}, now=world.clock.now())

    def listed(*, with_cleared: bool) -> list[str]:
        return [state.rule for state, _ in evaluate.current_alerts(world.runtime, with_cleared=with_cleared)]

    assert listed(with_cleared=False) == ["outbox", "warehouse_slow"]
    assert listed(with_cleared=True) == ["outbox", "warehouse_slow", "queue_age"]


def test_levels_are_shown_of_every_queue_even_when_no_alert_is_raised(
    world: AlertWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[tuple[str, Any], float] = {}

    def show(name: str, value: float, told: Mapping[str, str] | None = None) -> None:
        shown[name, (told or {}).get("queue")] = value

    monkeypatch.setattr("shared_code.telemetry.show", show)
    world.wrote(2)
    world.queued(3)
    assert world.evaluate() == {}
    assert (shown["townepark.outbox.size", None], shown["townepark.outbox.age", None]) == (1, 120.0)
    ages = {queue: value for (name, queue), value in shown.items() if name == "townepark.queue.age"}
    assert set(ages) == {*QUEUES, "forecasting-events/alerts", "statistics-events/trend"}
    assert {queue: age for queue, age in ages.items() if age} == {"forecasting.jobs": 180.0}


def test_a_state_that_is_found_again_stays_as_it_is(world: AlertWorld) -> None:
    world.flc("0001", "2025-06", "50000", "100000")
    world.entered("flc_variance", "0001 2025-06", {})
    world.evaluate()
    before = world.states()
    world.evaluate(FIVE)
    assert world.states() == before
