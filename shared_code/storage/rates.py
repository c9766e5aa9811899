"""Hourly rates of job codes as they are kept: what is in force on a day, and the history.

Rates are dollars per hour with 6 decimals. A row that another one of its date replaced (`superseded_at`) is kept for
the record and read by nobody.

Source: Data model, "Job codes and rates"; Calculations, "Job-code rates".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, ScalarSelect, Select, func, or_, select

from shared_code.domain.rates_in_force import DatedRate, RateMethod
from shared_code.domain.salaries import is_salaried_code
from shared_code.domain.site_scope import SiteScope
from shared_code.sql.lists import in_list
from shared_code.storage.database import within
from shared_code.storage.tables.job_codes import job_codes, site_job_code_rates, site_job_codes

Pair = tuple[str, str]
"""A site and a job code."""

ENTERED = "E"
CALCULATED = "C"
"""The two classes of rates; each has a history of its own."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A row of the rate history that covers a day; `rate` with its method and effective date."""

    rate_id: int
    rate: DatedRate
    effective_date: date
    end_date: date | None
    as_of_date: date
    sample_size: int | None


@dataclass(frozen=True, slots=True)
class PairRates:
    """What is known of a site's job code on a day: the row in force of either class, and the default rate.

    `next_entered` and `next_calculated` are the effective dates of the first later row of the class.
    """

    site_id: str
    job_code_id: str
    is_active: bool
    is_salaried: bool
    default_rate: Decimal | None
    entered: HistoryRow | None
    next_entered: date | None
    calculated: HistoryRow | None
    next_calculated: date | None


@dataclass(frozen=True, slots=True)
class RateView:
    """A rate as it is shown; a default rate has no dates of its own. `sample_size` counts payroll rows."""

    site_id: str
    job_code_id: str
    job_title: str
    hourly_rate: Decimal
    effective_date: date | None
    end_date: date | None
    calculation_method: RateMethod
    sample_size: int
    updated_at: datetime
    updated_by: str
    is_salaried: bool

    @property
    def source(self) -> str:
        """Where the rate comes from: `warehouse`, `user` or `default`."""
        if self.calculation_method is RateMethod.DEFAULT:
            return "default"
        calculated = {RateMethod.WEIGHTED_AVERAGE, RateMethod.AVERAGE}
        return "warehouse" if self.calculation_method in calculated else "user"


def pair_rates(
    connection: Connection, scope: SiteScope, day: date, codes: Iterable[str] | None = None
) -> list[PairRates]:
    """The job codes of the sites in `scope` with what is in force on `day`, by site and job code.

    `codes` None means all. One statement, which looks rows up by key: its cost follows the number of job codes, not
    the length of their histories.

    Source: Calculations, "Rate in force".
    """
    return [_pair_rates(row) for row in connection.execute(select_pairs(scope, day, codes))]


def select_pairs(scope: SiteScope, day: date, codes: Iterable[str] | None = None) -> Select[*tuple[Any, ...]]:
    """The statement of `pair_rates`."""
    entered, calculated = site_job_code_rates.alias("entered"), site_job_code_rates.alias("calculated")
    query = (
        select(
            site_job_codes.c.site_id,
            site_job_codes.c.job_code_id,
            site_job_codes.c.is_active,
            site_job_codes.c.is_salaried,
            site_job_codes.c.allocated_annual_salary,
            job_codes.c.default_hourly_rate,
            _next_date(ENTERED, day).label("next_entered"),
            _next_date(CALCULATED, day).label("next_calculated"),
            *_history_columns(entered, "entered"),
            *_history_columns(calculated, "calculated"),
        )
        .join(job_codes, job_codes.c.job_code_id == site_job_codes.c.job_code_id)
        .outerjoin(entered, entered.c.rate_id == _in_force(ENTERED, day))
        .outerjoin(calculated, calculated.c.rate_id == _in_force(CALCULATED, day))
        .where(within(scope, site_job_codes.c.site_id))
        .order_by(site_job_codes.c.site_id, site_job_codes.c.job_code_id)
    )
    return query if codes is None else query.where(in_list(site_job_codes.c.job_code_id, codes))


def known_codes(connection: Connection, codes: Iterable[str]) -> set[str]:
    """Which of `codes` are job codes."""
    return set(connection.scalars(select(job_codes.c.job_code_id).where(in_list(job_codes.c.job_code_id, codes))))


def rates_in_force(
    connection: Connection, scope: SiteScope, day: date, *, job_code_id: str | None, limit: int, offset: int
) -> list[RateView]:
    """The rate in force on `day` of every job code in `scope` that has one, by site and job code.

    Source: Calculations, "Rate in force"; REST API, "Job-code rates".
    """
    query = (
        _select_in_force(scope, day, job_code_id)
        .order_by(site_job_codes.c.site_id, site_job_codes.c.job_code_id)
        .limit(limit)
        .offset(offset)
    )
    return [_view(row) for row in connection.execute(query)]


def count_in_force(connection: Connection, scope: SiteScope, day: date, *, job_code_id: str | None) -> int:
    """How many job codes in `scope` have a rate on `day`."""
    rows = _select_in_force(scope, day, job_code_id).subquery()
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def rate_history(
    connection: Connection, scope: SiteScope, *, job_code_id: str | None, limit: int, offset: int
) -> list[RateView]:
    """Every rate of the job codes in `scope`, by site and job code, the newest first.

    Source: REST API, "Job-code rates".
    """
    rates = site_job_code_rates
    query = (
        _select_history(scope, job_code_id)
        .order_by(rates.c.site_id, rates.c.job_code_id, rates.c.effective_date.desc(), rates.c.rate_class.desc())
        .limit(limit)
        .offset(offset)
    )
    return [_view(row) for row in connection.execute(query)]


def count_history(connection: Connection, scope: SiteScope, *, job_code_id: str | None) -> int:
    """How many rates the job codes in `scope` have and had."""
    rows = _select_history(scope, job_code_id).subquery()
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def _of_pair(rates: FromClause, rate_class: str) -> tuple[ColumnElement[bool], ...]:
    """The rows of `rates` that the statement's site and job code has in a class."""
    return (
        rates.c.site_id == site_job_codes.c.site_id,
        rates.c.job_code_id == site_job_codes.c.job_code_id,
        rates.c.rate_class == rate_class,
        rates.c.superseded_at.is_(None),
    )


def _in_force(rate_class: str, day: date) -> ScalarSelect[Any]:
    """The row of a class that is in force on `day`: the latest that covers it."""
    rates = site_job_code_rates.alias(f"in_force_{rate_class.lower()}")
    return (
        select(rates.c.rate_id)
        .where(*_of_pair(rates, rate_class), rates.c.effective_date <= day)
        .where(or_(rates.c.end_date.is_(None), rates.c.end_date >= day))
        .order_by(rates.c.effective_date.desc())
        .limit(1)
        .correlate(site_job_codes)
        .scalar_subquery()
    )


def _next_date(rate_class: str, day: date) -> ScalarSelect[Any]:
    rates = site_job_code_rates.alias(f"next_{rate_class.lower()}")
    return (
        select(func.min(rates.c.effective_date))
        .where(*_of_pair(rates, rate_class), rates.c.effective_date > day)
        .correlate(site_job_codes)
        .scalar_subquery()
    )


_HISTORY = ("rate_id", "hourly_rate", "calculation_method", "effective_date", "end_date", "as_of_date", "sample_size")


def _history_columns(rates: FromClause, prefix: str) -> list[ColumnElement[Any]]:
    return [rates.c[name].label(f"{prefix}_{name}") for name in _HISTORY]


def _pair_rates(row: Row[Any]) -> PairRates:
    return PairRates(
        row.site_id,
        row.job_code_id,
        row.is_active,
        is_salaried_code(row.is_salaried, row.allocated_annual_salary),
        row.default_hourly_rate,
        _history_row(row, "entered"),
        row.next_entered,
        _history_row(row, "calculated"),
        row.next_calculated,
    )


def _history_row(row: Row[Any], prefix: str) -> HistoryRow | None:
    if getattr(row, f"{prefix}_rate_id") is None:
        return None
    rate_id, hourly_rate, method, effective_date, end_date, as_of_date, sample_size = (
        getattr(row, f"{prefix}_{name}") for name in _HISTORY
    )
    rate = DatedRate(hourly_rate, RateMethod(method), effective_date)
    return HistoryRow(rate_id, rate, effective_date, end_date, as_of_date, sample_size)


_SHOWN = ("hourly_rate", "effective_date", "end_date", "calculation_method", "sample_size", "updated_at", "updated_by")


def _select_shown() -> Select[*tuple[Any, ...]]:
    return select(
        site_job_codes.c.site_id,
        site_job_codes.c.job_code_id,
        job_codes.c.title,
        *[site_job_code_rates.c[name] for name in _SHOWN],
        site_job_codes.c.is_salaried,
        site_job_codes.c.allocated_annual_salary,
        job_codes.c.default_hourly_rate,
        job_codes.c.updated_at.label("default_updated_at"),
        job_codes.c.updated_by.label("default_updated_by"),
    )


def _select_in_force(scope: SiteScope, day: date, job_code_id: str | None) -> Select[*tuple[Any, ...]]:
    in_force = func.coalesce(_in_force(ENTERED, day), _in_force(CALCULATED, day))
    query = (
        _select_shown()
        .join(job_codes, job_codes.c.job_code_id == site_job_codes.c.job_code_id)
        .outerjoin(site_job_code_rates, site_job_code_rates.c.rate_id == in_force)
        .where(within(scope, site_job_codes.c.site_id))
        .where(or_(site_job_code_rates.c.rate_id.is_not(None), job_codes.c.default_hourly_rate.is_not(None)))
    )
    return query if job_code_id is None else query.where(site_job_codes.c.job_code_id == job_code_id)


def _select_history(scope: SiteScope, job_code_id: str | None) -> Select[*tuple[Any, ...]]:
    rates = site_job_code_rates
    query = (
        _select_shown()
        .join(job_codes, job_codes.c.job_code_id == site_job_codes.c.job_code_id)
        .join(
            rates, (rates.c.site_id == site_job_codes.c.site_id) & (rates.c.job_code_id == site_job_codes.c.job_code_id)
        )
        .where(within(scope, rates.c.site_id), rates.c.superseded_at.is_(None))
    )
    return query if job_code_id is None else query.where(rates.c.job_code_id == job_code_id)


def _view(row: Row[Any]) -> RateView:
    is_default = row.hourly_rate is None
    return RateView(
        row.site_id,
        row.job_code_id,
        row.title,
        row.default_hourly_rate if is_default else row.hourly_rate,
        row.effective_date,
        row.end_date,
        RateMethod.DEFAULT if is_default else RateMethod(row.calculation_method),
        row.sample_size or 0,
        row.default_updated_at if is_default else row.updated_at,
        row.default_updated_by if is_default else row.updated_by,
        is_salaried_code(row.is_salaried, row.allocated_annual_salary),
    )
