"""What a rate run reports: an item for every site and job code, counts of them, and findings.

Source: REST API, "Job-code rates".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.job_code_rates import RateOutcome
from shared_code.domain.rates_in_force import RateMethod


@dataclass(frozen=True, slots=True)
class RateItem:
    """What a run did about one site and job code. Rates are dollars per hour with 6 decimals.

    `old_rate` is what was in force on the run's date before it (of an entered rate that one, else the calculated one);
    `new_rate` what the outcome says, with its own `effective_date` and `calculation_method`. `sample_size` counts the
    payroll rows that `new_rate` is made of. `total_dollars` and `rate_hours` are the labor found in the window, None
    where there was none and for salaried codes. `error` is a sentence, with outcome `error` alone.
    """

    site_id: str
    job_code: str
    old_rate: Decimal | None
    new_rate: Decimal | None
    effective_date: date | None
    calculation_method: RateMethod | None
    sample_size: int
    outcome: RateOutcome
    changed: bool
    error: str | None
    total_dollars: Decimal | None
    rate_hours: Decimal | None


@dataclass(frozen=True, slots=True)
class RateFinding:
    """A calculated rate outside the plausible limits, which counted as no rate.

    Source: Source side, "Data-quality rules".
    """

    site_id: str
    job_code: str
    hourly_rate: Decimal
    lowest: Decimal
    highest: Decimal


@dataclass(frozen=True, slots=True)
class RateCounts:
    """Items by what became of them; `processed` is all of them.

    `updated` have a new row, `unchanged` an equal one, `kept` an earlier one; `skipped` are entered rates and salaried
    codes, `failed` have no rate at all.
    """

    processed: int
    updated: int
    unchanged: int
    kept: int
    skipped: int
    failed: int


@dataclass(frozen=True, slots=True)
class RateRunReport:
    """The result of a rate run; `sync_run_id` is None when it was only tried out.

    `state` is `succeeded`, or `unchanged` when nothing was written. `rows_ignored` counts rows of sites that the
    product does not have, `rows_rejected` unusable ones, `new_job_codes` titles seen for the first time. `duration_s`
    is in seconds.
    """

    sync_run_id: str | None
    state: str
    method: RateMethod
    as_of: date
    date_from: date
    date_to: date
    dry_run: bool
    counts: RateCounts
    rows_read: int
    rows_ignored: int
    rows_rejected: int
    new_job_codes: int
    duration_s: float
    results: tuple[RateItem, ...]
    findings: tuple[RateFinding, ...]


def count_items(items: Sequence[RateItem]) -> RateCounts:
    """The counts of a run's items."""
    by_outcome = dict.fromkeys(RateOutcome, 0)
    for item in items:
        by_outcome[item.outcome] += 1
    updated = sum(item.changed for item in items)
    return RateCounts(
        processed=len(items),
        updated=updated,
        unchanged=by_outcome[RateOutcome.CALCULATED] + by_outcome[RateOutcome.DEFAULT] - updated,
        kept=by_outcome[RateOutcome.KEPT],
        skipped=by_outcome[RateOutcome.PROTECTED] + by_outcome[RateOutcome.EXCLUDED_SALARIED],
        failed=by_outcome[RateOutcome.ERROR],
    )
