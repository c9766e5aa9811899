"""The two methods of a rate run: what each reads and which rate it gives per site and job code.

Source: Calculations, "Method weighted_average (default)" and "Method average".
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from time import perf_counter

from sqlalchemy import Connection

from shared_code.domain.job_code_rates import LaborSums, average_rate, group_labor, weighted_average_rates
from shared_code.services.rate_request import RateTerms
from shared_code.storage import job_codes, rate_labor
from shared_code.storage.rates import Pair
from shared_code.storage.runs import RunSource


@dataclass(frozen=True, slots=True)
class MethodRates:
    """The method's rate by site and job code, None where it gives none, and the labor it was calculated from."""

    rates: Mapping[Pair, Decimal | None]
    labor: Mapping[Pair, LaborSums]


def weighted_average(connection: Connection, sync_run_id: str) -> MethodRates:
    """Dollars ÷ rate hours of what the run has staged, all spellings of a site and job code together."""
    codes = job_codes.codes_by_title(connection)
    labor = group_labor(rate_labor.staged_labor(connection, sync_run_id), codes.__getitem__)
    return MethodRates(weighted_average_rates(labor), labor.sums)


def average(connection: Connection, terms: RateTerms) -> tuple[MethodRates, RunSource]:
    """The mean of the daily rates over the window of `terms`, from the actual days, and how they were read."""
    started = perf_counter()
    query = rate_labor.select_paid_days(terms.scope, terms.first, terms.last, terms.codes)
    rates: dict[Pair, Decimal | None] = {}
    labor: dict[Pair, LaborSums] = {}
    days_read = 0
    for sums, days in _by_pair(rate_labor.paid_days(connection, query)):
        key = (sums.site, sums.job_title)
        rates[key] = average_rate(days)
        labor[key] = sums
        days_read += len(days)
    parameters = {"date_from": terms.first, "date_to": terms.last, "sites": sorted(terms.scope.site_ids or ())}
    source = RunSource(
        "AVERAGE",
        hashlib.sha256(str(query).encode()).digest(),
        "operational",
        "actual_payroll_days",
        parameters,
        days_read,
        int((perf_counter() - started) * 1000),
        None,
    )
    return MethodRates(rates, labor), source


def _by_pair(days: Iterable[LaborSums]) -> Iterator[tuple[LaborSums, list[tuple[Decimal, Decimal]]]]:
    """The sums of each site and job code with (dollars, rate hours) of its days; one of them in memory at a time."""
    for (site_id, job_code_id), group in groupby(days, key=lambda day: (day.site, day.job_title)):
        records = list(group)
        dollars = sum((day.dollars for day in records), Decimal(0))
        hours = sum((day.rate_hours for day in records), Decimal(0))
        rows = sum(day.row_count for day in records)
        yield LaborSums(site_id, job_code_id, dollars, hours, rows), [(day.dollars, day.rate_hours) for day in records]
