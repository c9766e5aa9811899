"""Scheduled jobs: a slot is proposed once, worked off in slices, one job at a time.

A timer and a message may come twice, late or not at all; the slot's row decides what is still to be done.

Source: Operations, "Schedules".
"""

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared_code.clock import business_date
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ForecastError, LastingError
from shared_code.messaging.events import job_slice, refresh_anyway
from shared_code.messaging.message import Message
from shared_code.services.calculate_rates import calculate_rates_under
from shared_code.services.extraction.extract import extract
from shared_code.services.extraction.feed import SliceRequest
from shared_code.services.extraction.run import Order
from shared_code.services.held_lease import HeldLease, LeaseLostError, held
from shared_code.services.quality.validation import RUN_LIMIT_S, VALIDATION_STEPS
from shared_code.services.rate_request import RateRequest
from shared_code.services.refresh_pnl import behind
from shared_code.services.retention import ARCHIVE_SLICES, RETENTION_SLICES, archive_closed, delete_due
from shared_code.services.runtime import Runtime
from shared_code.services.snapshots import close_month
from shared_code.services.trend_analysis import analyse_trends
from shared_code.storage import inbox, job_slots, outbox, versions

_log = logging.getLogger(__name__)

Step = Callable[[Runtime, HeldLease], bool | None]
"""One slice of a job, under the job's lease. True: nothing is left for the slices after it."""


def _extract_feed(feed: str) -> Step:
    def step(runtime: Runtime, lease: HeldLease) -> None:
        def renew(*_: object) -> None:
            # What is published is guarded by the feed's own lease: a job that was taken over still ends its run.
            with suppress(LeaseLostError):
                lease.renew_when_due()

        as_of = business_date(runtime.clock, runtime.settings.source_time_zone)
        extract(runtime, SliceRequest(as_of), feeds=[feed], order=Order("timer", progress=renew))

    return step


def _calculate_rates(runtime: Runtime, lease: HeldLease) -> None:
    calculate_rates_under(runtime, RateRequest(trigger="scheduled"), lease)


def _request_refreshes(runtime: Runtime, lease: HeldLease) -> None:  # noqa: ARG001 - short enough for its lease
    """Ask for every site-year of this year and the next whose stored P&L is behind."""
    year = business_date(runtime.clock, runtime.settings.business_time_zone).year
    everything = SiteScope.all_sites()
    late = behind(runtime, everything, [year, year + 1])
    with runtime.database.writing() as connection:
        now = runtime.clock.now()
        current = versions.inputs_versions(connection, everything, late)
        messages = [
            refresh_anyway(site_id, year, current[site_id, year], now, f"refresh:{now:%Y-%m-%d}")
            for site_id, year in sorted(late)
        ]
        outbox.append(connection, messages, now)


TREND_SLICES: Final = 7
"""Each takes up what the ones before it have left over; together they fill the time that the job may take."""

STEPS: Final[Mapping[str, tuple[Step, ...]]] = {
    "sync_job_code_rates": (_calculate_rates,),
    "sync_payroll": (_extract_feed("paid_hours"), _extract_feed("shifts"), _extract_feed("schedule_cost")),
    "sync_sites": (_extract_feed("sites"), _extract_feed("chart_of_accounts")),
    "sync_users_roles": (
        _extract_feed("salaries"),
        _extract_feed("wage_rates"),
        _extract_feed("user_scopes"),
        _extract_feed("workday_api"),
    ),
    "sync_budget": (_extract_feed("budget"), _extract_feed("budget_payroll"), _extract_feed("budget_api")),
    "sync_ledger": (_extract_feed("ledger"), _extract_feed("parking_rates_actual"), _extract_feed("gl_accounts")),
    "sync_daily": (_extract_feed("daily_revenue"),),
    "refresh_pnl_all": (_request_refreshes,),
    "trend_analysis": (analyse_trends,) * TREND_SLICES,
    "data_validation": VALIDATION_STEPS,
    "month_close_snapshot": (close_month,),
    "retention": (delete_due,) * RETENTION_SLICES,
    "archive": (archive_closed,) * ARCHIVE_SLICES,
}
"""The slices of each job, in order; each is one message, so that none outlives the message's lock."""

LIMITS: Final[Mapping[str, timedelta]] = {
    "sync_job_code_rates": timedelta(minutes=30),
    "sync_payroll": timedelta(minutes=40),
    "sync_sites": timedelta(minutes=10),
    "sync_users_roles": timedelta(minutes=30),
    "sync_budget": timedelta(minutes=30),
    "sync_ledger": timedelta(minutes=30),
    "sync_daily": timedelta(minutes=30),
    "refresh_pnl_all": timedelta(minutes=60),
    "trend_analysis": timedelta(minutes=30),
    "data_validation": timedelta(seconds=RUN_LIMIT_S),
    "month_close_snapshot": timedelta(minutes=20),
    "retention": timedelta(minutes=30),
    "archive": timedelta(hours=2),
}
"""How long a slot may take as a whole; after that it counts as failed."""

RETRIES: Final[Mapping[str, tuple[timedelta, ...]]] = {
    "trend_analysis": (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5)),
    "data_validation": (timedelta(seconds=30), timedelta(minutes=2)),
}
"""After how long a slice of a job that failed is tried again; of other jobs the next slot tries again.

Source: Operations, "Retries and dead letters".
"""

_TRY = re.compile(r":t(\d)(?::r\d)?$")
"""What the id of a slice that is tried again ends with."""


def propose(runtime: Runtime, job: str, slot: datetime) -> bool:
    """Enter the slot and ask for its first slice; False when that has been done before."""
    with runtime.database.writing() as connection:
        now = runtime.clock.now()
        if not job_slots.propose(connection, job, slot, now):
            return False
        outbox.append(connection, [job_slice(job, slot, 1)], now)
    return True


def work_slice(runtime: Runtime, queue: str, message_id: str, job: str, slot: datetime, slice_no: int) -> None:
    """Do one slice of the job and ask for the next; a slot whose job is still busy with an earlier one is skipped.

    Raises `LastingError` while another process works on this very slot: its message was delivered again; and
    `LeaseLostError` when another one took over, which then has the last word on the slot.
    """
    steps = STEPS[job]
    with held(runtime.database, f"job:{job}", runtime.settings.lease_ttl_s) as lease:
        if lease is None:
            _stand_back(runtime, queue, message_id, job, slot)
            return
        with runtime.database.writing() as connection:
            now = began_at = runtime.clock.now()
            state = job_slots.state_of(connection, job, slot)
            busy = job_slots.running_since(connection, job)
            if state not in {"proposed", "running"}:
                inbox.record(connection, queue, message_id, "skipped", now)
            elif busy is None or busy == slot:
                progress = {"slice": slice_no, "of": len(steps)}
                began_at = job_slots.begin_slice(connection, job, slot, progress, now)
        if state not in {"proposed", "running"}:
            return
        if busy is not None and busy != slot:
            _finish(runtime, queue, message_id, job, slot, "skipped")
            return
        if now - began_at >= LIMITS[job]:
            _log.error("Job %s, slot %s has taken longer than it may: closed before slice %s", job, slot, slice_no)
            _finish(runtime, queue, message_id, job, slot, "failed", lease)
            return
        try:
            is_finished = steps[slice_no - 1](runtime, lease)
        except LeaseLostError:
            raise
        except ForecastError as error:
            # The next slot tries again and catches up; a redelivery would only repeat the failure at once.
            _log.error("Job %s, slot %s, slice %s failed: %s", job, slot, slice_no, error.code)
            if not _try_later(runtime, queue, message_id, job_slice(job, slot, slice_no), job):
                _finish(runtime, queue, message_id, job, slot, "failed", lease)
            return
        if is_finished or slice_no == len(steps):
            _finish(runtime, queue, message_id, job, slot, "done", lease)
            return
        with runtime.database.writing() as connection:
            now = runtime.clock.now()
            outbox.append(connection, [job_slice(job, slot, slice_no + 1)], now)
            inbox.record(connection, queue, message_id, "done", now)
            lease.confirm(connection)


def _try_later(runtime: Runtime, queue: str, message_id: str, failed: Message, job: str) -> bool:
    """Leave a copy of a slice that failed, to come after a while; False when it has been tried often enough."""
    delays, tried = RETRIES.get(job, ()), _TRY.search(message_id)
    tries = int(tried[1]) if tried else 0
    if tries >= len(delays):
        return False
    with runtime.database.writing() as connection:
        now = runtime.clock.now()
        copy = replace(failed, dedup_id=f"{failed.dedup_id}:t{tries + 1}", not_before=now + delays[tries])
        outbox.append(connection, [copy], now)
        inbox.record(connection, queue, message_id, "delayed", now)
    return True


def _stand_back(runtime: Runtime, queue: str, message_id: str, job: str, slot: datetime) -> None:
    with runtime.database.reading() as connection:
        state = job_slots.state_of(connection, job, slot)
    if state == "running":
        raise LastingError(f"Another process works on job {job}, slot {slot:%Y-%m-%d %H:%M}")
    if state == "proposed":
        _finish(runtime, queue, message_id, job, slot, "skipped")
        return
    with runtime.database.writing() as connection:
        inbox.record(connection, queue, message_id, "skipped", runtime.clock.now())


def _finish(
    runtime: Runtime,
    queue: str,
    message_id: str,
    job: str,
    slot: datetime,
    state: str,
    lease: HeldLease | None = None,
) -> None:
    """The slot has ended; under a lease only while it is still held."""
    with runtime.database.writing() as connection:
        now = runtime.clock.now()
        job_slots.finish(connection, job, slot, state, now)
        inbox.record(connection, queue, message_id, "done" if state == "done" else "skipped", now)
        if lease is not None:
            lease.confirm(connection)
