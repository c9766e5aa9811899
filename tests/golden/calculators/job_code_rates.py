"""Cases of job-code rates."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from shared_code.domain.job_code_rates import (
    DEFAULT_WINDOW_DAYS,
    LaborSums,
    RateCandidate,
    average_rate,
    counts_in_rate_hours,
    decide_rates,
    group_labor,
    rate_window,
    weighted_average_rates,
)
from shared_code.domain.job_titles import normalise_title
from shared_code.domain.rates_in_force import DatedRate, RateMethod, entered_rate_in_force, rate_in_force
from shared_code.domain.rounding import ZERO
from shared_code.domain.salaries import is_salaried_code
from shared_code.domain.site_codes import normalise_site
from tests.golden.calculators.payroll import read_rate_rows
from tests.golden.case_values import Given, read_amount, read_as, read_number, read_rows


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of three tasks."""
    return {"run": _run, "rate_in_force": _rate_in_force, "site_codes": _site_codes}[given["task"]](given)


def _run(given: Given) -> dict[str, Any]:
    as_of = date.fromisoformat(given["as_of"])
    method = read_as(RateMethod, given, "method") or RateMethod.WEIGHTED_AVERAGE
    job_codes = given["job_codes"]
    calculated = _average(given) if method is RateMethod.AVERAGE else _weighted_average(given, as_of)
    run = decide_rates([_read_candidate(row, as_of) for row in job_codes], calculated, as_of, method)
    return {
        "results": [
            {
                "site": row["site"],
                "job_code": row["job_code"],
                "outcome": result.outcome,
                "rate": result.rate,
                "method": result.method,
                "rate_date": result.rate_date,
            }
            for row, result in zip(job_codes, run.results, strict=True)
        ]
    }


def _weighted_average(given: Given, as_of: date) -> dict[tuple[str, str], Decimal | None]:
    first, last = rate_window(as_of, read_as(int, given, "window_days") or DEFAULT_WINDOW_DAYS)
    records = (row for row in read_rows(given, "time_records") if first <= date.fromisoformat(row["date"]) <= last)
    return weighted_average_rates(group_labor(_read_records(records)))


def _average(given: Given) -> dict[tuple[str, str], Decimal | None]:
    """The mean of the daily rates, from records that are grouped by day first."""
    by_day: dict[str, list[Given]] = {}
    for row in read_rows(given, "time_records"):
        if given["date_from"] <= row["date"] <= given["date_to"]:
            by_day.setdefault(row["date"], []).append(row)
    days: dict[tuple[str, str], list[tuple[Decimal, Decimal]]] = {}
    for rows in by_day.values():
        for key, sums in group_labor(_read_records(rows)).sums.items():
            days.setdefault(key, []).append((sums.dollars, sums.rate_hours))
    return {key: average_rate(rates) for key, rates in days.items()}


def _read_records(rows: Iterable[Given]) -> list[LaborSums]:
    return [
        LaborSums(
            row.get("site") or "",
            row.get("job_title") or "",
            read_amount(row, "dollars"),
            read_amount(row, "hours") if counts_in_rate_hours(row.get("pay_type")) else ZERO,
            1,
        )
        for row in rows
    ]


def _read_candidate(row: Given, as_of: date) -> RateCandidate:
    last_good = row.get("last_good")
    return RateCandidate(
        site=row["site"].strip().upper(),
        job_code=normalise_title(row["job_code"]),
        is_salaried=is_salaried_code(bool(row.get("salaried")), read_number(row, "allocated_salary")),
        entered=entered_rate_in_force(read_rate_rows(row), as_of),
        last_good=last_good
        and DatedRate(
            Decimal(last_good["rate"]),
            read_as(RateMethod, last_good, "method") or RateMethod.WEIGHTED_AVERAGE,
            date.fromisoformat(last_good["date"]),
        ),
        default_rate=read_number(row, "default_rate"),
    )


def _rate_in_force(given: Given) -> dict[str, Any]:
    rows, default = read_rate_rows(given), read_number(given, "default_rate")
    answers = []
    for day in given["dates"]:
        dated = rate_in_force(rows, default, date.fromisoformat(day))
        answers.append({"date": day, "rate": dated and dated.rate, "method": dated and dated.method})
    return {"rates": answers}


def _site_codes(given: Given) -> dict[str, Any]:
    return {"sites": [normalise_site(site) for site in given["sites"]]}
