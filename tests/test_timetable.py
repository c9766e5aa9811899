"""Which timers there are, when they fire, and which slot they propose."""

from datetime import UTC, datetime

import pytest

from shared_code.errors import ConfigurationError
from shared_code.ncrontab import Schedule
from shared_code.timetable import CHORES, JOBS, check_settings, latest_slot, schedule_of, schedule_text


def test_every_delivered_schedule_can_be_read() -> None:
    for text in {**JOBS, **CHORES}.values():
        assert Schedule.parse(text).text == text


def test_the_environment_sets_another_schedule() -> None:
    assert schedule_text("sync_sites", {}) == "0 0 3 * * *"
    assert schedule_text("sync_sites", {"SCHEDULE_SYNC_SITES": "0 15 4 * * *"}) == "0 15 4 * * *"


def test_an_empty_setting_switches_a_timer_off() -> None:
    environment = {"SCHEDULE_SYNC_SITES": " "}
    assert schedule_of("sync_sites", environment) is None
    assert latest_slot("sync_sites", datetime(2025, 6, 10, tzinfo=UTC), environment) is None


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"Setting SCHEDULE_REAPER: .* second: 99 is outside 0-59"):
        schedule_of("reaper", {"SCHEDULE_REAPER": "99 * * * * *"})


def test_settings_that_name_timers_and_schedules_are_accepted() -> None:
    check_settings({"SCHEDULE_REAPER": "0 */10 * * * *", "SCHEDULE_ARCHIVE": "", "SCHEDULER": "x", "PATH": "/bin"})


@pytest.mark.parametrize("name", ["SCHEDULE_REPAER", "SCHEDULE_", "SCHEDULE_API", "SCHEDULE_reaper"])
def test_a_setting_that_names_no_timer_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"Setting {name} names no timer; accepted are .*SCHEDULE_REAPER, "):
        check_settings({name: ""})


def test_of_all_settings_the_wrong_one_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"Setting SCHEDULE_ARCHIVE: '0 0 1 31 2 \*' never comes"):
        check_settings({"SCHEDULE_REAPER": "", "SCHEDULE_ARCHIVE": "0 0 1 31 2 *"})


@pytest.mark.parametrize(
    "fired_at",
    [
        datetime(2025, 6, 10, 2, 59, 59, 200_000, tzinfo=UTC),
        datetime(2025, 6, 10, 3, 0, 0, tzinfo=UTC),
        datetime(2025, 6, 10, 3, 0, 4, tzinfo=UTC),
        datetime(2025, 6, 10, 19, 30, 0, tzinfo=UTC),
    ],
)
def test_a_timer_that_fires_twice_early_or_late_proposes_one_slot(fired_at: datetime) -> None:
    assert latest_slot("sync_sites", fired_at, {}) == datetime(2025, 6, 10, 3, tzinfo=UTC)
