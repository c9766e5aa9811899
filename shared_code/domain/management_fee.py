"""The fee of a management agreement: fixed, per labor hour, or a percentage of external revenue.

Source: Calculations, "Management agreement".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from shared_code.domain.contract import FeeType, ManagementFeeTerm, ManagementJob, is_active
from shared_code.domain.escalation import Escalated, Escalator, apply_escalator
from shared_code.domain.labor_hours import JobHours, hours_of
from shared_code.domain.rounding import ZERO


@dataclass(frozen=True, slots=True)
class ManagementJobFee:
    """What one job gives: its hours, both rates escalated (dollars per hour), and the product in dollars."""

    job_code: str
    hours: JobHours
    rate: Escalated
    overtime_rate: Escalated
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ManagementFee:
    """The fee in unrounded dollars.

    `agreed` is the escalated amount (dollars) or percentage (percent points of `net_external_revenue`); it is None for
    a fee per labor hour, which is made of `jobs`.
    """

    type: FeeType | None
    agreed: Escalated | None
    net_external_revenue: Decimal
    jobs: tuple[ManagementJobFee, ...]
    total: Decimal


def management_fee(
    term: ManagementFeeTerm | None,
    contract_start: date,
    period: str,
    net_external_revenue: Decimal,
    hours: Mapping[str, JobHours],
) -> ManagementFee:
    """The fee of `period`; `hours` are keyed by `job_code_key`. An agreement without a fee term gives 0."""
    if term is None:
        return ManagementFee(None, None, net_external_revenue, (), ZERO)
    start = term.start or contract_start
    if term.type is FeeType.PER_LABOR_HOUR:
        jobs = tuple(
            _price(job, hours_of(hours, job.job_code), start, term.escalator, period)
            for job in term.jobs
            if is_active(job.start, job.end, period)
        )
        return ManagementFee(term.type, None, net_external_revenue, jobs, sum((job.amount for job in jobs), ZERO))
    if term.type is FeeType.FIXED:
        amount = apply_escalator(term.amount or ZERO, start, term.escalator, period)
        return ManagementFee(term.type, amount, net_external_revenue, (), amount.value)
    percent = apply_escalator(term.percent or ZERO, start, term.escalator, period)
    return ManagementFee(term.type, percent, net_external_revenue, (), net_external_revenue * percent.value / 100)


def _price(
    job: ManagementJob, hours: JobHours, start: date, escalator: Escalator | None, period: str
) -> ManagementJobFee:
    """The fee of one job; without an overtime rate overtime is paid at the regular rate."""
    rate = apply_escalator(job.rate, start, _own(escalator, job.escalator_value), period)
    overtime_rate = rate
    if job.overtime_rate is not None:
        own = _own(escalator, job.overtime_escalator_value)
        overtime_rate = apply_escalator(job.overtime_rate, start, own, period)
    amount = hours.regular * rate.value + hours.overtime * overtime_rate.value
    return ManagementJobFee(job.job_code, hours, rate, overtime_rate, amount)


def _own(escalator: Escalator | None, value: Decimal | None) -> Escalator | None:
    """The escalator of the fee, with a job's own value where it has one."""
    return escalator if escalator is None or value is None else replace(escalator, value=value)
