"""Scheduled jobs: a slot is proposed once, worked off in slices, one job at a time.

A timer and a message may come twice, late or not at all; the slot's row decides what is still to be done.

Source: Operations, "Schedules".
"""

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from shared_code.clock import business_date
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ForecastError, LastingError, SourceError
from shared_code.messaging.events import job_slice, refresh_anyway
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
from shared_code.services.snapshots import close_month, prepare_closing
from shared_code.services.trend_analysis import analyse_trends
from shared_code.storage import inbox, job_slots, outbox, versions

_log = logging.getLogger(__name__)

Step = Callable[[Runtime, HeldLease], bool | None]
"""One slice of a job, under the job's lease. True: nothing is left for the slices after it."""


class _Reading:
    """Watches over the read of a feed that a message has asked for: it renews the job's lease and ends what takes long.

    A read is one state of the source and one publication, so it cannot be put off to the next message half done. It
    must end before the platform ends the process (10 minutes) and before the message's lock does: no rows are asked for
    after `JOB_SLICE_S`, which leaves the warehouse its `EDW_FEED_TIMEOUT_S`, and none are taken after twice as long.
    """

    def __init__(self, runtime: Runtime, lease: HeldLease) -> None:
        self._clock = runtime.clock
        self._slice_s = runtime.settings.job_slice_s
        self._lease = lease
        self._began_at = self._clock.now()

    def __call__(self, feed: str, done: int, total: int | None) -> None:
        """Called before and after each batch; raises `SourceError` (`SOURCE_TIMEOUT`), which fails the run."""
        with suppress(LeaseLostError):
            # What is published is guarded by the feed's own lease: a job that was taken over still ends its run.
            self._lease.renew_when_due()
        limit_s = 2 * self._slice_s if done else self._slice_s
        if (self._clock.now() - self._began_at).total_seconds() >= limit_s:
            expected = "?" if total is None else f"{total:,}"
            raise SourceError(
                f"After {limit_s} s, {done:,} of {expected} rows of {feed} had been read: "
                f"a job may not take longer (JOB_SLICE_S is {self._slice_s}). Nothing is published; the next slot "
                "reads them anew.",
                code="SOURCE_TIMEOUT",
            )


def _extract_feed(feed: str, part: int = 0) -> Step:
    """A feed, or the slice number `part` of one that is read in several."""

    def step(runtime: Runtime, lease: HeldLease) -> None:
        as_of = business_date(runtime.clock, runtime.settings.source_time_zone)
        order = Order("timer", progress=_Reading(runtime, lease))
        extract(runtime, SliceRequest(as_of), feeds=[feed], part=part, order=order)

    return step


def _extract_years(feed: str) -> tuple[Step, Step]:
    """A budget: its current year, and the next one."""
    return _extract_feed(feed, 0), _extract_feed(feed, 1)


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

CLOSING_SLICES: Final = 4
"""Slices that compute what lags before a month is closed; with the closing itself they fill the job's 20 minutes."""

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
    "sync_budget": (*_extract_years("budget"), *_extract_years("budget_payroll"), *_extract_years("budget_api")),
    "sync_ledger": (_extract_feed("ledger"), _extract_feed("parking_rates_actual"), _extract_feed("gl_accounts")),
    "sync_daily": (_extract_feed("daily_revenue"),),
    "refresh_pnl_all": (_request_refreshes,),
    "trend_analysis": (analyse_trends,) * TREND_SLICES,
    "data_validation": VALIDATION_STEPS,
    "month_close_snapshot": (*(prepare_closing,) * CLOSING_SLICES, close_month),
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
    delivered = _Slice(runtime, queue, message_id, job, slot, slice_no)
    with held(runtime.database, f"job:{job}", runtime.settings.lease_ttl_s) as lease:
        if lease is None:
            delivered.stand_back()
        elif delivered.begin(lease):
            delivered.work(lease)


@dataclass(frozen=True, slots=True)
class _Slice:
    """A slice that a message asks for. The message may be delivered again while it is worked on."""

    runtime: Runtime
    queue: str
    message_id: str
    job: str
    slot: datetime
    slice_no: int

    def stand_back(self) -> None:
        """Somebody else works on the job. Raises `LastingError` where that is on this slot."""
        with self.runtime.database.reading() as connection:
            state = job_slots.state_of(connection, self.job, self.slot)
        if state == "running":
            raise LastingError(f"Another process works on job {self.job}, slot {self.slot:%Y-%m-%d %H:%M}")
        if state == "proposed":
            self._finish("skipped")
        else:
            self._leave()

    def begin(self, lease: HeldLease) -> bool:
        """Note that the slot has come so far; False where there is nothing to do, or no longer."""
        with self.runtime.database.writing() as connection:
            now = began_at = self.runtime.clock.now()
            state = job_slots.state_of(connection, self.job, self.slot)
            is_open = state in {"proposed", "running"}
            is_overtaken = job_slots.slice_under_way(connection, self.job, self.slot) > self.slice_no
            busy = job_slots.running_since(connection, self.job)
            is_next = is_open and not is_overtaken and busy in {None, self.slot}
            if is_next:
                progress = {job_slots.SLICE: self.slice_no, "of": len(STEPS[self.job])}
                began_at = job_slots.begin_slice(connection, self.job, self.slot, progress, now)
        if not is_open or is_overtaken:
            self._leave()
        elif not is_next:
            self._finish("skipped")
        elif now - began_at >= LIMITS[self.job]:
            _log.error("%s has taken longer than it may: closed before this slice", self)
            self._finish("failed", lease)
        else:
            return True
        return False

    def work(self, lease: HeldLease) -> None:
        """Do the slice; then the next one is asked for, or the slot has ended. Raises `LeaseLostError`."""
        steps = STEPS[self.job]
        try:
            is_finished = steps[self.slice_no - 1](self.runtime, lease)
        except LeaseLostError:
            raise
        except ForecastError as error:
            # The next slot tries again and catches up; a redelivery would only repeat the failure at once.
            _log.error("%s failed: %s", self, error.code)
            if not self._try_later():
                self._finish("failed", lease)
            return
        if is_finished or self.slice_no == len(steps):
            self._finish("done", lease)
            return
        with self.runtime.database.writing() as connection:
            now = self.runtime.clock.now()
            outbox.append(connection, [job_slice(self.job, self.slot, self.slice_no + 1)], now)
            self._record(connection, "done", now)
            lease.confirm(connection)

    def _try_later(self) -> bool:
        """Leave a copy of a slice that failed, to come after a while; False when it has been tried often enough."""
        delays, tried = RETRIES.get(self.job, ()), _TRY.search(self.message_id)
        tries = int(tried[1]) if tried else 0
        if tries >= len(delays):
            return False
        failed = job_slice(self.job, self.slot, self.slice_no)
        with self.runtime.database.writing() as connection:
            now = self.runtime.clock.now()
            copy = replace(failed, dedup_id=f"{failed.dedup_id}:t{tries + 1}", not_before=now + delays[tries])
            outbox.append(connection, [copy], now)
            self._record(connection, "delayed", now)
        return True

    def _leave(self) -> None:
        """The message has nothing to say any more."""
        with self.runtime.database.writing() as connection:
            self._record(connection, "skipped", self.runtime.clock.now())

    def _finish(self, state: str, lease: HeldLease | None = None) -> None:
        """The slot has ended; under a lease only while it is still held."""
        with self.runtime.database.writing() as connection:
            now = self.runtime.clock.now()
            job_slots.finish(connection, self.job, self.slot, state, now)
            self._record(connection, "done" if state == "done" else "skipped", now)
            if lease is not None:
                lease.confirm(connection)

    def _record(self, connection: Connection, outcome: str, now: datetime) -> None:
        """A slice may outlast the lock of its message, whose second delivery was then handed on, and written down."""
        if not inbox.is_processed(connection, self.queue, self.message_id):
            inbox.record(connection, self.queue, self.message_id, outcome, now)

    def __str__(self) -> str:
        return f"Job {self.job}, slot {self.slot}, slice {self.slice_no}"
