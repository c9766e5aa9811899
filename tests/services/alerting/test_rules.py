"""Every rule has a world in which it raises an alert, and one much like it in which it keeps quiet."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from shared_code.services.alerting.evaluate import current_alerts
from shared_code.services.alerting.notice import name_of_target
from shared_code.services.alerting.rule import Rule, Severity
from shared_code.services.alerting.rules import RULE_OF, RULES
from tests.support.alert_world import AlertWorld, ago
from tests.support.operational import executed_statements, t_sql
from tests.support.t_sql_rules import judged_statements

ROOT = Path(__file__).resolve().parents[3]
QUARTER = timedelta(minutes=15)
Story = Callable[[AlertWorld], None]


GONE = "http://127.0.0.1:1/hook?sig=SECRET1"
"""A webhook that nobody listens at."""


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[AlertWorld]:
    is_about_webhooks = "name" in request.fixturenames and request.getfixturevalue("name") == "alert_targets"
    world = AlertWorld(tmp_path, *([GONE] if is_about_webhooks else []))
    yield world
    world.close()


def failed(world: AlertWorld) -> None:
    world.ran("budget", hours_ago=25)
    world.ran("budget", "failed", error_code="SOURCE_TIMEOUT")


def failed_and_succeeded_since(world: AlertWorld) -> None:
    world.ran("budget", "failed", hours_ago=25, error_code="SOURCE_TIMEOUT")
    world.ran("budget")
    world.ran("budget", "skipped", hours_ago=0.1, error_code="LEASE_HELD")


def no_rates_for_eight_hours(world: AlertWorld) -> None:
    world.ran("job_code_rates", hours_ago=8.01)
    world.ran("job_code_rates", "failed", hours_ago=4, error_code="SOURCE_TIMEOUT")
    world.ran("job_code_rates", hours_ago=1, slice_="trailing-14 of sites")


def rates_of_eight_hours_ago(world: AlertWorld) -> None:
    world.ran("job_code_rates", "unchanged", hours_ago=8)


def not_read_for_a_day(world: AlertWorld) -> None:
    world.ran("sites", hours_ago=25.1)


def read_a_day_ago(world: AlertWorld) -> None:
    world.ran("sites", hours_ago=25)
    world.ran("daily_revenue", through=date(2025, 6, 8))


def schema_changed(world: AlertWorld) -> None:
    world.ran("ledger", "failed", error_code="SOURCE_SCHEMA_MISMATCH")


def schema_was_changed_back(world: AlertWorld) -> None:
    world.ran("ledger", "failed", hours_ago=25, error_code="SOURCE_SCHEMA_MISMATCH")
    world.ran("ledger")


def feed_that_takes_most_of_its_limit(world: AlertWorld) -> None:
    world.ran("paid_hours", minutes=32.01)


def feed_that_takes_no_more_than_it_may(world: AlertWorld) -> None:
    world.ran("paid_hours", minutes=32, slowest_ms=240_000)


def fifteen_minutes_of_poison(world: AlertWorld) -> None:
    world.poisoned(1)
    assert world.evaluate() == {}
    world.clock.moment += QUARTER


def poison_of_this_minute(world: AlertWorld) -> None:
    world.poisoned(1)


def queue_of_a_quarter_of_an_hour(world: AlertWorld) -> None:
    world.queued(15.1)


def queue_that_moves(world: AlertWorld) -> None:
    world.queued(15)
    world.queued(30, dead=True)


def outbox_of_a_quarter_of_an_hour(world: AlertWorld) -> None:
    world.wrote(15.1)


def outbox_that_moves(world: AlertWorld) -> None:
    world.wrote(15)


def instance_that_fails(world: AlertWorld) -> None:
    world.entered("api_errors", "instance a", {"requests": 50, "errors": 4, "measuredAt": ago(minutes=10)})


def instance_that_is_gone(world: AlertWorld) -> None:
    world.entered("api_errors", "instance a", {"requests": 50, "errors": 4, "measuredAt": ago(minutes=10.1)})


def far_from_budget(world: AlertWorld) -> None:
    world.flc("0001", "2025-06", "92500", "100000")
    world.entered("flc_variance", "0001 2025-06", {"period": "2025-06"})


def near_the_budget_again(world: AlertWorld) -> None:
    world.flc("0001", "2025-06", "92501", "100000")
    world.entered("flc_variance", "0001 2025-06", {"period": "2025-06"})


def webhook_that_is_gone(world: AlertWorld) -> None:
    world.wrote(16)
    for _ in range(3):
        world.evaluate(timedelta(minutes=5))
    world.clock.moment += timedelta(minutes=5)


def webhook_that_missed_a_notice(world: AlertWorld) -> None:
    world.wrote(16)
    world.evaluate(timedelta(minutes=5))


PAIRS: dict[str, tuple[Story, str, Story]] = {
    "feed_failed": (failed, "budget", failed_and_succeeded_since),
    "rate_run_missing": (no_rates_for_eight_hours, "job_code_rates", rates_of_eight_hours_ago),
    "stale_data": (not_read_for_a_day, "sites", read_a_day_ago),
    "source_changed": (schema_changed, "ledger", schema_was_changed_back),
    "warehouse_slow": (feed_that_takes_most_of_its_limit, "paid_hours", feed_that_takes_no_more_than_it_may),
    "dead_letters": (fifteen_minutes_of_poison, "forecasting.pl.refresh", poison_of_this_minute),
    "queue_age": (queue_of_a_quarter_of_an_hour, "forecasting.jobs", queue_that_moves),
    "outbox": (outbox_of_a_quarter_of_an_hour, "outbox", outbox_that_moves),
    "api_errors": (instance_that_fails, "instance a", instance_that_is_gone),
    "flc_variance": (far_from_budget, "0001 2025-06", near_the_budget_again),
    "alert_targets": (webhook_that_is_gone, f"webhook {name_of_target(GONE)}", webhook_that_missed_a_notice),
}
"""What makes a rule raise an alert, for which subject, and what is not enough."""


def test_every_rule_has_a_world_in_which_it_fires_and_one_in_which_it_is_quiet() -> None:
    assert set(PAIRS) == {rule.name for rule in RULES}


@pytest.mark.parametrize("name", PAIRS)
def test_it_fires(name: str, world: AlertWorld) -> None:
    fires, subject, _ = PAIRS[name]
    fires(world)
    world.evaluate()
    raised = {state.subject: severity for state, severity in current_alerts(world.runtime) if state.rule == name}
    assert raised == {subject: RULE_OF[name].severity}


@pytest.mark.parametrize("name", PAIRS)
def test_it_keeps_quiet(name: str, world: AlertWorld) -> None:
    PAIRS[name][2](world)
    assert not {state.subject for state in world.evaluate().values() if state.rule == name}


@pytest.mark.parametrize("name", PAIRS)
def test_it_is_cleared_when_its_condition_ends(name: str, world: AlertWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    PAIRS[name][0](world)
    world.evaluate()
    monkeypatch.setattr("shared_code.services.alerting.evaluate.RULES", [replace(RULE_OF[name], find=lambda sight: [])])
    assert f"{name} {PAIRS[name][1]}" not in world.evaluate(timedelta(minutes=5))
    state = world.states()[f"{name} {PAIRS[name][1]}"]
    assert (state.state, state.since) == ("cleared", world.clock.now())


def test_an_installation_in_which_nothing_has_happened_yet_has_no_alert(world: AlertWorld) -> None:
    assert world.evaluate() == {}
    assert world.states() == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_says_what_users_notice_and_what_to_do(rule: Rule) -> None:
    assert rule.effect.endswith(".")
    assert rule.next_step.endswith(".")
    assert len(rule.name) <= 40


def severity(world: AlertWorld, name: str) -> Severity | None:
    return next((how for state, how in current_alerts(world.runtime) if f"{state.rule} {state.subject}" == name), None)


def test_a_feed_that_fails_twice_in_a_row_is_worse(world: AlertWorld) -> None:
    world.ran("budget", "failed", hours_ago=25, error_code="SOURCE_TIMEOUT")
    world.ran("budget", "aborted", error_code="EMPTY_FEED", rows_read=10)
    world.evaluate()
    assert severity(world, "feed_failed budget") is Severity.HIGH
    assert world.states()["feed_failed budget"].details["errorCode"] == "EMPTY_FEED"


def test_a_slice_that_failed_is_not_hidden_by_another_that_succeeded(world: AlertWorld) -> None:
    world.ran("budget", "failed", hours_ago=2, slice_="year-2025", error_code="INCOMPLETE_READ")
    world.ran("budget", hours_ago=1, slice_="year-2026")
    assert "feed_failed budget" in world.evaluate()


def test_a_feed_that_never_had_a_row_is_no_fault(world: AlertWorld) -> None:
    world.ran("budget", "aborted", error_code="EMPTY_FEED", rows_read=0)
    assert world.evaluate() == {}
    world.ran("ledger", hours_ago=5)
    world.ran("ledger", "aborted", error_code="EMPTY_FEED", rows_read=0)
    assert set(world.evaluate()) == {"feed_failed ledger"}


def test_a_failure_of_last_week_that_nobody_repeated_is_forgotten(world: AlertWorld) -> None:
    world.ran("ledger", "failed", hours_ago=73, slice_="2025-01..2025-03", error_code="SOURCE_TIMEOUT")
    world.ran("ledger")
    assert world.evaluate() == {}


def test_rates_are_missed_from_the_first_slot_on(world: AlertWorld) -> None:
    world.was_due("sync_job_code_rates", hours_ago=8.5)
    assert set(world.evaluate()) == {"rate_run_missing job_code_rates"}


def test_rates_are_not_missed_where_their_timer_is_switched_off(
    world: AlertWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ran("job_code_rates", hours_ago=30)
    monkeypatch.setenv("SCHEDULE_SYNC_JOB_CODE_RATES", "")
    assert world.evaluate() == {}


def test_a_feed_that_never_succeeded_is_stale_a_day_after_its_first_try(world: AlertWorld) -> None:
    world.ran("ledger", "failed", hours_ago=25.1, error_code="SOURCE_TIMEOUT")
    world.ran("ledger", "failed", hours_ago=1, error_code="SOURCE_TIMEOUT")
    assert set(world.evaluate()) == {"feed_failed ledger", "stale_data ledger"}


def test_daily_content_that_is_a_day_older_than_usual_is_stale(world: AlertWorld) -> None:
    world.ran("daily_revenue", through=date(2025, 6, 7))
    assert world.evaluate()["stale_data daily_revenue"].details["contentThrough"] == "2025-06-07"


def test_a_feed_that_the_settings_do_not_call_for_is_never_stale(tmp_path: Path) -> None:
    world = AlertWorld(tmp_path, budget_source="api")
    world.ran("budget", hours_ago=48)
    assert world.evaluate() == {}
    world.close()


@pytest.mark.parametrize(
    ("slice_", "slowest_ms", "is_slow"),
    [
        ("trailing-14 of sites", 10_001, True),
        ("trailing-14 of sites", 10_000, False),
        ("trailing-14", 10_001, False),
        ("trailing-14", 240_001, True),
    ],
)
def test_a_query_of_named_sites_may_take_ten_seconds_and_others_most_of_their_limit(
    slice_: str, slowest_ms: int, is_slow: bool, world: AlertWorld
) -> None:
    world.ran("job_code_rates", slice_="trailing-14")
    world.ran("job_code_rates", slice_=slice_, slowest_ms=slowest_ms, hours_ago=0.5)
    assert ("warehouse_slow job_code_rates" in world.evaluate()) is is_slow


def test_more_than_fifty_dead_letters_are_worse_and_do_not_wait(world: AlertWorld) -> None:
    world.poisoned(49)
    world.queued(0, dead=True, queue="forecasting.pl.refresh")
    assert world.evaluate() == {}
    world.poisoned(1)
    assert world.evaluate()["dead_letters forecasting.pl.refresh"].details["messages"] == 51
    assert severity(world, "dead_letters forecasting.pl.refresh") is Severity.HIGH


def test_dead_letters_that_go_and_come_begin_to_count_anew(world: AlertWorld) -> None:
    world.queued(0, dead=True)
    world.evaluate()
    world.sends()
    world.evaluate(timedelta(minutes=10))
    world.queued(0, dead=True)
    assert world.evaluate(timedelta(minutes=5)) == {}
    assert set(world.evaluate(QUARTER)) == {"dead_letters forecasting.jobs"}


@pytest.mark.parametrize(("trend", "budget"), [(None, "100000"), ("50000", None), ("50000", "0"), ("108000", "101000")])
def test_an_flc_alert_is_cleared_unless_the_stored_month_is_still_far_from_its_budget(
    trend: str | None, budget: str | None, world: AlertWorld
) -> None:
    far_from_budget(world)
    world.evaluate()
    world.flc("0001", "2025-06", trend, budget)
    assert world.evaluate() == {}


def test_any_number_of_feeds_and_sites_takes_the_same_statements(world: AlertWorld) -> None:
    def statements() -> int:
        with executed_statements(world.runtime.database) as executed:
            world.evaluate(timedelta(minutes=5))
        return len(executed)

    for site in ("0001", "0002"):
        world.flc(site, "2025-06", "50000", "100000")
        world.entered("flc_variance", f"{site} 2025-06", {})
        world.ran("ledger", "failed", slice_=site, error_code="SOURCE_TIMEOUT")
    world.evaluate()
    few = statements()
    for number in range(3, 23):
        world.flc(f"{number:04}", "2025-06", "50000", "100000")
        world.entered("flc_variance", f"{number:04} 2025-06", {})
        world.ran("ledger", "failed", slice_=f"{number:04}", error_code="SOURCE_TIMEOUT")
    world.evaluate(timedelta(minutes=60))
    assert statements() == few


def test_what_the_rules_ask_is_t_sql(world: AlertWorld) -> None:
    far_from_budget(world)
    with executed_statements(world.runtime.database) as executed, judged_statements(world.runtime.database) as found:
        world.evaluate()
    assert found == {}
    texts = [t_sql(statement) for statement in executed if not isinstance(statement, str)]
    [newest] = [text for text in texts if "row_number() OVER" in text]
    assert "PARTITION BY integration.sync_runs.feed, integration.sync_runs.slice" in newest


def test_the_list_for_people_names_every_rule_with_its_severities() -> None:
    lines = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8").splitlines()
    listed = {cells[1].strip("` "): cells[-2].strip() for line in lines if (cells := line.split("|"))[1:2]}
    for rule in RULES:
        worse = f"; {rule.worse}" if rule.worse else ""
        assert listed[rule.name] == f"{rule.severity}{worse}"
