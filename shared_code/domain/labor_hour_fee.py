"""The fee per labor hour of a contract in one month.

Source: Calculations, "Per labor hour".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.contract import Contract, ContractType, LaborJob, is_active
from shared_code.domain.escalation import Increment, apply_increment, percent_of_step
from shared_code.domain.labor_hours import HoursSource, JobHours, hours_of
from shared_code.domain.rounding import ZERO


@dataclass(frozen=True, slots=True)
class LaborJobFee:
    """What one job row gives: hours, dollars per hour as agreed, increments so far, and the amount with them.

    An increment adds `step_percent` points.
    """

    job_code: str
    regular_hours: Decimal
    overtime_hours: Decimal
    hours_source: HoursSource
    rate: Decimal
    overtime_rate: Decimal
    steps: int
    base: Decimal
    amount: Decimal
    step_percent: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class LaborHourFee:
    """The fee of the active job rows in unrounded dollars."""

    jobs: tuple[LaborJobFee, ...]
    total: Decimal


def labor_hour_fee(contract: Contract, period: str, hours: Mapping[str, JobHours]) -> LaborHourFee:
    """The fee for the `hours` of `period`, keyed by `job_code_key`; hours without an active row earn nothing."""
    if not contract.pays_for(ContractType.PER_LABOR_HOUR):
        return LaborHourFee((), ZERO)
    jobs = tuple(
        _price(job, hours_of(hours, job.job_code), contract.increment, period)
        for job in contract.labor_jobs
        if is_active(job.start, job.end, period)
    )
    return LaborHourFee(jobs, sum((job.amount for job in jobs), ZERO))


def _price(job: LaborJob, hours: JobHours, increment: Increment | None, period: str) -> LaborJobFee:
    """The fee of one active job row."""
    overtime_rate = job.rate if job.overtime_rate is None else job.overtime_rate
    base = hours.regular * job.rate + hours.overtime * overtime_rate
    escalated = apply_increment(base, job.start, increment, period)
    return LaborJobFee(
        job_code=job.job_code,
        regular_hours=hours.regular,
        overtime_hours=hours.overtime,
        hours_source=hours.source,
        rate=job.rate,
        overtime_rate=overtime_rate,
        steps=escalated.steps,
        base=base,
        amount=escalated.value,
        step_percent=percent_of_step(increment),
    )
