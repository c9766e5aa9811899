"""The timers. A timer can fire twice, late or not at all: it only proposes the slot that is due.

Schedules: `shared_code/timetable.py`, in UTC; the times below are the delivered ones. An environment sets others with
`SCHEDULE_<FUNCTION>`; an empty value leaves the timer out. What is no schedule, or names no timer, stops the start: the
platform would leave that timer in error, or on, while everything else seems well.

Source: Operations, "Schedules"; Azure Functions, "Timers".
"""

# ruff: noqa: ARG001 - the platform hands every timer its request, wanted or not

from collections.abc import Callable

import azure.functions as func

from functions.invocation import in_invocation, named_like
from shared_code.clock import SystemClock
from shared_code.timetable import check_settings, latest_slot, schedule_text

check_settings()

blueprint = func.Blueprint()  # type: ignore[no-untyped-call] # the SDK leaves this one untyped

_TimerFunction = Callable[[func.TimerRequest], None]


def _timer(run: _TimerFunction) -> _TimerFunction:
    """Registers `run` as a timer under its own name, unless the environment switches it off."""

    def fired(timer: func.TimerRequest, context: func.Context) -> None:
        in_invocation(run, context, timer)

    if schedule := schedule_text(run.__name__):
        blueprint.timer_trigger(arg_name="timer", schedule=schedule, run_on_startup=False)(named_like(run, fired))
    return run


def _propose(job: str) -> None:
    from shared_code.services import schedules  # noqa: PLC0415 - on first use: a database driver is slow to import

    if slot := latest_slot(job, SystemClock().now()):
        schedules.propose(job, slot)


@_timer
def sync_job_code_rates(timer: func.TimerRequest) -> None:
    """Every four hours: the hourly rates of job codes."""
    _propose("sync_job_code_rates")


@_timer
def sync_payroll(timer: func.TimerRequest) -> None:
    """Every four hours at half past: paid hours, shifts and schedule cost."""
    _propose("sync_payroll")


@_timer
def sync_sites(timer: func.TimerRequest) -> None:
    """03:00: sites and the chart of accounts."""
    _propose("sync_sites")


@_timer
def sync_users_roles(timer: func.TimerRequest) -> None:
    """09:30, after the nightly load of personnel data: salaries, jobs and scopes of users."""
    _propose("sync_users_roles")


@_timer
def sync_budget(timer: func.TimerRequest) -> None:
    """05:00: the budget and its payroll."""
    _propose("sync_budget")


@_timer
def sync_ledger(timer: func.TimerRequest) -> None:
    """05:30: posted balances, parking rates and ledger accounts of the current and two prior periods."""
    _propose("sync_ledger")


@_timer
def sync_daily(timer: func.TimerRequest) -> None:
    """10:00 and 16:00: daily statistics and revenue."""
    _propose("sync_daily")


@_timer
def refresh_pnl_all(timer: func.TimerRequest) -> None:
    """11:00: every site-year whose stored P&L is behind."""
    _propose("refresh_pnl_all")


@_timer
def trend_analysis(timer: func.TimerRequest) -> None:
    """02:00: the trends of every site in every time frame."""
    _propose("trend_analysis")


@_timer
def data_validation(timer: func.TimerRequest) -> None:
    """Every six hours: the quality of what is published, and whether our own figures agree with one another."""
    _propose("data_validation")


@_timer
def month_close_snapshot(timer: func.TimerRequest) -> None:
    """The tenth of a month at 12:00: freezes the P&L of the month before."""
    _propose("month_close_snapshot")


@_timer
def retention(timer: func.TimerRequest) -> None:
    """01:00: deletes what is due."""
    _propose("retention")


@_timer
def archive(timer: func.TimerRequest) -> None:
    """The second of a month at 01:30: moves closed years to the archive."""
    _propose("archive")


@_timer
def outbox_relay(timer: func.TimerRequest) -> None:
    """Every ten seconds: sends the messages that are due."""
    from shared_code.services import schedules  # noqa: PLC0415 - on first use: a database driver is slow to import

    schedules.relay_outbox()


@_timer
def reaper(timer: func.TimerRequest) -> None:
    """Every five minutes: closes orphaned runs and proposes slots that were missed."""
    from shared_code.services import schedules  # noqa: PLC0415 - on first use: a database driver is slow to import

    schedules.reap()


@_timer
def dead_letter_monitor(timer: func.TimerRequest) -> None:
    """Every quarter of an hour: counts dead letters, and keeps those that have lain for two weeks."""
    from shared_code.services import schedules  # noqa: PLC0415 - on first use: a database driver is slow to import

    schedules.monitor_dead_letters()
