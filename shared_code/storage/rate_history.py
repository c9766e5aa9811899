"""Writing rates: effective dating of the history, for any number of job codes by a handful of statements.

Each class of rates, entered and calculated, has a history of its own for every site and job code, in which no day is
covered twice. A new value begins on its effective date and ends on the day before the next one; what it follows ends
on the day before. A row replaced by another one of its date stays with `superseded_at`.

Source: Data model, "Job codes and rates" (history and effective dating).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, select, update

from shared_code.domain.rates_in_force import ENTERED_METHODS, RateMethod
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.rates import HistoryRow
from shared_code.storage.tables.job_codes import site_job_code_rates, site_job_codes

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewRate:
    """A rate to be entered in the history, in dollars per hour, and what it was made of.

    `total_dollars` and `rate_hours` are those of the days from `window_start` to `window_end`, `sample_size` the
    payroll rows behind them; all five are None for a rate that nobody calculated.
    """

    site_id: str
    job_code_id: str
    hourly_rate: Decimal
    method: RateMethod
    window_start: date | None = None
    window_end: date | None = None
    total_dollars: Decimal | None = None
    rate_hours: Decimal | None = None
    sample_size: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RatesWritten:
    """Rows written: new ones, and earlier ones that were ended, replaced or confirmed."""

    inserted: int
    updated: int


@dataclass(slots=True)
class RatePlan:
    """What a set of rates with one effective date does to the history, before anything is written."""

    effective_date: date
    _new: list[tuple[NewRate, date | None]] = field(default_factory=list)
    _replaced: list[int] = field(default_factory=list)
    _ended: list[int] = field(default_factory=list)
    _confirmed: list[int] = field(default_factory=list)

    def place(self, rate: NewRate, current: HistoryRow | None, next_date: date | None) -> bool:
        """Take `rate` into the plan; whether it changes anything.

        `current` is the row of its class in force on the effective date, `next_date` where the first later one
        begins. An equal value adds nothing and only confirms the row as of the effective date.
        """
        end_date = None if next_date is None else next_date - _DAY
        if current is not None and current.end_date == end_date and _is_same(current, rate):
            if current.as_of_date < self.effective_date:
                self._confirmed.append(current.rate_id)
            return False
        if current is not None:
            on_same_date = current.effective_date == self.effective_date
            (self._replaced if on_same_date else self._ended).append(current.rate_id)
        self._new.append((rate, end_date))
        return True

    def write(self, connection: Connection, sync_run_id: str | None, user_id: str, now: datetime) -> RatesWritten:
        """Carry the plan out; belongs into the transaction in which the rows in force were read."""
        updated = 0
        for rate_ids, values in (
            (self._confirmed, {"as_of_date": self.effective_date}),
            (self._replaced, {"superseded_at": now}),
            (self._ended, {"end_date": self.effective_date - _DAY}),
        ):
            updated += _update(connection, rate_ids, values, user_id, now)
        inserted = insert_rows(connection, site_job_code_rates, _COLUMNS, self._rows(sync_run_id, user_id, now))
        return RatesWritten(inserted, updated)

    def _rows(self, sync_run_id: str | None, user_id: str, now: datetime) -> Iterable[tuple[Any, ...]]:
        stamp = tuple(stamps.inserted(user_id, now).values())
        day = self.effective_date
        for rate, end_date in self._new:
            values = [getattr(rate, name) for name in _OF_RATE]
            yield (*values, rate.method.value, day, end_date, day, sync_run_id, *stamp)


def enter_pair(connection: Connection, site_id: str, job_code_id: str, user_id: str, now: datetime) -> None:
    """Note that a job code is used at a site, where that is not known yet: a rate needs it."""
    known = select(site_job_codes.c.site_id).where(
        site_job_codes.c.site_id == site_id, site_job_codes.c.job_code_id == job_code_id
    )
    if connection.execute(known).first() is None:
        pair = {"site_id": site_id, "job_code_id": job_code_id}
        connection.execute(insert(site_job_codes).values(**pair, **stamps.inserted(user_id, now)))


_OF_RATE = (
    "site_id",
    "job_code_id",
    "hourly_rate",
    "window_start",
    "window_end",
    "total_dollars",
    "rate_hours",
    "sample_size",
    "reason",
)
_COLUMNS = (
    *_OF_RATE,
    "calculation_method",
    "effective_date",
    "end_date",
    "as_of_date",
    "sync_run_id",
    *("created_at", "created_by", "updated_at", "updated_by", "version"),
)


def _is_same(current: HistoryRow, rate: NewRate) -> bool:
    """Whether `rate` says what the row says; of rates that people entered the method is part of what they say."""
    return current.rate.rate == rate.hourly_rate and (
        rate.method not in ENTERED_METHODS or rate.method is current.rate.method
    )


def _update(connection: Connection, rate_ids: list[int], values: dict[str, Any], user_id: str, now: datetime) -> int:
    if not rate_ids:
        return 0
    return connection.execute(
        update(site_job_code_rates)
        .where(in_list(site_job_code_rates.c.rate_id, map(str, rate_ids)))
        .values(**values, **stamps.updated(site_job_code_rates, user_id, now))
    ).rowcount
