"""Hourly rates of job codes: how a run calculates them and what becomes of each.

Rates are dollars per hour with 6 decimals. A run works on sums per site and job title, never on single records.

Source: Calculations, "Job-code rates"; Source side, "Extraction queries".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.job_titles import normalise_title
from shared_code.domain.rates_in_force import DatedRate, RateMethod
from shared_code.domain.rounding import ZERO, hourly_rate
from shared_code.domain.site_codes import normalise_site

PREMIUM_PAY_TYPES = frozenset({"DIFFERENTIAL", "MEAL PREMIUM"})
"""Pay types whose dollars count in a rate and whose hours do not."""

DEFAULT_WINDOW_DAYS = 14


class RateOutcome(StrEnum):
    """What a run decided about one site and job code."""

    EXCLUDED_SALARIED = "excluded_salaried"
    PROTECTED = "protected"
    CALCULATED = "calculated"
    KEPT = "kept"
    DEFAULT = "default"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class LaborSums:
    """Paid labor of one site and job title over a window.

    `dollars` are those of all pay types, `rate_hours` the hours of all but the premium ones, `row_count` the number
    of time records behind them.
    """

    site: str
    job_title: str
    dollars: Decimal
    rate_hours: Decimal
    row_count: int


@dataclass(frozen=True, slots=True)
class GroupedLabor:
    """Sums by (site, job code) as a run needs them, and the rows whose site code is not acceptable."""

    sums: Mapping[tuple[str, str], LaborSums]
    rejected: tuple[LaborSums, ...]


@dataclass(frozen=True, slots=True)
class RateCandidate:
    """A site and job code for which a run decides.

    `entered` is the manual, fixed or contract rate in force on the as-of date; `last_good` the latest rate that an
    earlier run calculated, with its own date and method; `default_rate` that of the job code.
    """

    site: str
    job_code: str
    is_salaried: bool = False
    entered: DatedRate | None = None
    last_good: DatedRate | None = None
    default_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RateResult:
    """The outcome of a run for one site and job code; no rate for a salaried code and for an error."""

    site: str
    job_code: str
    outcome: RateOutcome
    rate: Decimal | None
    method: RateMethod | None
    rate_date: date | None


@dataclass(frozen=True, slots=True)
class RateOutOfRange:
    """Finding: a calculated rate that is not plausible and was taken as no rate.

    Source: Source side, "Data-quality rules".
    """

    site: str
    job_code: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class RateRun:
    """One result per candidate, in their order, and the implausible rates that were met."""

    results: tuple[RateResult, ...]
    findings: tuple[RateOutOfRange, ...]


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The plausible range of a calculated rate, both ends included.

    Source: Calculations, "Settings".
    """

    lowest: Decimal = Decimal(5)
    highest: Decimal = Decimal(200)


DEFAULT_LIMITS = RateLimits()


def default_as_of(business_date: date) -> date:
    """The as-of date of a run that names none: the day before the business date."""
    return business_date - timedelta(days=1)


def rate_window(as_of: date, window_days: int = DEFAULT_WINDOW_DAYS) -> tuple[date, date]:
    """First and last day of the window, both included, the as-of date being the last.

    Source: Calculations, "Method weighted_average (default)".
    """
    return as_of - timedelta(days=window_days - 1), as_of


def counts_in_rate_hours(pay_type: str | None, premium: frozenset[str] = PREMIUM_PAY_TYPES) -> bool:
    """Whether the hours of a pay type (any case, None included) are hours of the rate."""
    return (pay_type or "").strip().upper() not in premium


def group_labor(rows: Iterable[LaborSums], code_of_title: Callable[[str], str] = normalise_title) -> GroupedLabor:
    """Adds the rows of all spellings of a site and title; rows without site or title are ignored.

    `code_of_title` gives the job code of a normalised title.

    Source: Calculations, "Job-code rates".
    """
    sums: dict[tuple[str, str], LaborSums] = {}
    rejected: list[LaborSums] = []
    for row in rows:
        title = normalise_title(row.job_title)
        if not title or not row.site.strip():
            continue
        site = normalise_site(row.site)
        if site is None:
            rejected.append(row)
            continue
        key = (site, code_of_title(title))
        known = sums.get(key)
        dollars, hours, count = (known.dollars, known.rate_hours, known.row_count) if known else (ZERO, ZERO, 0)
        sums[key] = LaborSums(*key, dollars + row.dollars, hours + row.rate_hours, count + row.row_count)
    return GroupedLabor(sums, tuple(rejected))


def weighted_average_rate(dollars: Decimal, rate_hours: Decimal) -> Decimal | None:
    """Dollars ÷ hours, 6 decimals; None when the hours are 0 or less.

    Source: Calculations, "Method weighted_average (default)".
    """
    return hourly_rate(dollars / rate_hours) if rate_hours > 0 else None


def weighted_average_rates(labor: GroupedLabor) -> dict[tuple[str, str], Decimal | None]:
    """The weighted average rate of every site and job code of `labor`.

    Source: Calculations, "Method weighted_average (default)".
    """
    return {key: weighted_average_rate(sums.dollars, sums.rate_hours) for key, sums in labor.sums.items()}


def average_rate(days: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """The unweighted mean of the daily rates, 6 decimals, from (dollars, rate hours) of each day.

    Days without positive hours have no rate; None when no day has one.

    Source: Calculations, "Method average".
    """
    rates = [dollars / hours for dollars, hours in days if hours > 0]
    return hourly_rate(sum(rates, ZERO) / len(rates)) if rates else None


def decide_rates(
    candidates: Iterable[RateCandidate],
    calculated: Mapping[tuple[str, str], Decimal | None],
    as_of: date,
    method: RateMethod = RateMethod.WEIGHTED_AVERAGE,
    limits: RateLimits = DEFAULT_LIMITS,
) -> RateRun:
    """The outcome of a run for every candidate. `calculated` holds the method's rate by (site, job code).

    A calculated rate outside `limits` counts as none and is reported. `as_of` of method `average` is the run date.

    Source: Calculations, "Outcome of a run".
    """
    results: list[RateResult] = []
    findings: list[RateOutOfRange] = []
    keeps_earlier = method is RateMethod.WEIGHTED_AVERAGE
    for candidate in candidates:
        rate = calculated.get((candidate.site, candidate.job_code))
        if candidate.is_salaried or candidate.entered is not None:
            results.append(_decide_without_calculation(candidate))
            continue
        if rate is not None and not limits.lowest <= rate <= limits.highest:
            findings.append(RateOutOfRange(candidate.site, candidate.job_code, rate))
            rate = None
        if rate is not None:
            results.append(RateResult(candidate.site, candidate.job_code, RateOutcome.CALCULATED, rate, method, as_of))
        else:
            results.append(_decide_without_rate(candidate, as_of, keeps_earlier))
    return RateRun(tuple(results), tuple(findings))


def _decide_without_calculation(candidate: RateCandidate) -> RateResult:
    """A salaried code has no rate; an entered rate stays."""
    site, job_code, entered = candidate.site, candidate.job_code, candidate.entered
    if candidate.is_salaried or entered is None:
        return RateResult(site, job_code, RateOutcome.EXCLUDED_SALARIED, None, None, None)
    return RateResult(site, job_code, RateOutcome.PROTECTED, entered.rate, entered.method, entered.rate_date)


def _decide_without_rate(candidate: RateCandidate, as_of: date, keeps_earlier: bool) -> RateResult:
    """What follows when the method gives no rate: the earlier one, the default, or an error of this item."""
    site, job_code, good = candidate.site, candidate.job_code, candidate.last_good
    if keeps_earlier and good is not None:
        return RateResult(site, job_code, RateOutcome.KEPT, good.rate, good.method, good.rate_date)
    if candidate.default_rate is not None:
        return RateResult(site, job_code, RateOutcome.DEFAULT, candidate.default_rate, RateMethod.DEFAULT, as_of)
    return RateResult(site, job_code, RateOutcome.ERROR, None, None, None)
