"""Which timers there are and when each fires: the delivered schedules and what an environment sets in their place.

A timer that proposes a job bears the job's name.

Source: Operations, "Schedules" and "Settings".
"""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from shared_code.errors import ConfigurationError
from shared_code.ncrontab import Schedule

JOBS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sync_job_code_rates": "0 0 */4 * * *",
        "sync_payroll": "0 30 */4 * * *",
        "sync_sites": "0 0 3 * * *",
        "sync_users_roles": "0 30 9 * * *",
        "sync_budget": "0 0 5 * * *",
        "sync_ledger": "0 30 5 * * *",
        "sync_daily": "0 0 10,16 * * *",
        "refresh_pnl_all": "0 0 11 * * *",
        "trend_analysis": "0 0 2 * * *",
        "data_validation": "0 0 */6 * * *",
        "month_close_snapshot": "0 0 12 10 * *",
        "retention": "0 0 1 * * *",
        "archive": "0 30 1 2 * *",
    }
)
"""Jobs of which a timer proposes slots, with their delivered schedules (NCRONTAB, UTC)."""

CHORES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "outbox_relay": "*/10 * * * * *",
        "reaper": "0 */5 * * * *",
        "dead_letter_monitor": "0 */15 * * * *",
    }
)
"""Timers that do their work themselves, with their delivered schedules (NCRONTAB, UTC)."""

SETTING: Final = "SCHEDULE_"
"""What the name of a setting begins with that sets the schedule of the timer after it."""

_EARLIEST = timedelta(seconds=1)
"""How long before its moment the platform may fire a timer, by the difference of two clocks."""


def schedule_text(timer: str, environment: Mapping[str, str] = os.environ) -> str:
    """The NCRONTAB of `timer`: setting `SCHEDULE_<TIMER>`, else the delivered one. Empty = switched off."""
    delivered = JOBS[timer] if timer in JOBS else CHORES[timer]
    return environment.get(f"{SETTING}{timer.upper()}", delivered).strip()


def schedule_of(timer: str, environment: Mapping[str, str] = os.environ) -> Schedule | None:
    """The schedule of `timer`; None when it is switched off.

    Raises `ConfigurationError` that names the setting when it is not a schedule.
    """
    text = schedule_text(timer, environment)
    try:
        return Schedule.parse(text) if text else None
    except ConfigurationError as error:
        raise ConfigurationError(f"Setting {SETTING}{timer.upper()}: {error.message}") from None


def check_settings(environment: Mapping[str, str] = os.environ) -> None:
    """Raises `ConfigurationError` for a setting that names no timer, and for one that is no schedule, by its name.

    A misspelt name would leave a timer on that was to be switched off, and nobody would know.
    """
    timers = {**JOBS, **CHORES}
    known = {f"{SETTING}{timer.upper()}" for timer in timers}
    for name in sorted(environment):
        if name.startswith(SETTING) and name not in known:
            raise ConfigurationError(f"Setting {name} names no timer; accepted are {', '.join(sorted(known))}.")
    for timer in timers:
        schedule_of(timer, environment)


def latest_slot(job: str, moment: datetime, environment: Mapping[str, str] = os.environ) -> datetime | None:
    """The slot of `job` that is due at `moment` (UTC, to the second); None when its timer is switched off.

    A timer that fires twice, late, or up to a second early therefore proposes the same slot.
    """
    schedule = schedule_of(job, environment)
    return schedule.latest_at(moment + _EARLIEST) if schedule else None
