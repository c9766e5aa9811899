"""The components of internal revenue over several months: amounts, hours and rooms add up, terms are shown once.

A term that is not the same in every month is None, a source `mixed`.

Source: REST API, "Periods and windows" (a quarter or year is the aggregate of its months).
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from decimal import Decimal
from itertools import chain
from typing import TypeVar

from shared_code.domain.rounding import ZERO
from shared_code.services.forecast.internal_revenue_components import (
    MIXED,
    BillableAccountsPart,
    EscalatorPart,
    FixedFeePart,
    InternalComponents,
    LaborHourPart,
    LaborJobPart,
    ManagementPart,
    NamedValue,
    OccupiedRoomPart,
    OtherRevenuePart,
    PtebPart,
    RevenueSharePart,
    StructurePart,
    TierPart,
    TotalPart,
)

T = TypeVar("T")


def sum_of_components(months: Sequence[InternalComponents]) -> InternalComponents:
    """The sum of `months`; a component that only some of them have is the sum of those."""
    return InternalComponents(
        _where_present(_fixed_fees, [month.fixed_fee for month in months]),
        _where_present(_occupied_rooms, [month.per_occupied_room for month in months]),
        _where_present(_labor_hours, [month.per_labor_hour for month in months]),
        _where_present(_revenue_shares, [month.revenue_share for month in months]),
        _where_present(_billable_accounts, [month.billable_accounts for month in months]),
        _where_present(_managements, [month.management_agreement for month in months]),
        _where_present(_other_revenues, [month.other_revenue for month in months]),
    )


def _where_present(add: Callable[[Sequence[T]], T], parts: Iterable[T | None]) -> T | None:
    present = [part for part in parts if part is not None]
    return add(present) if present else None


def _fixed_fees(fees: Sequence[FixedFeePart]) -> FixedFeePart:
    return FixedFeePart(
        _sum(fee.total for fee in fees),
        _sum(fee.base_amount for fee in fees),
        _escalators(fee.escalators for fee in fees),
    )


def _occupied_rooms(fees: Sequence[OccupiedRoomPart]) -> OccupiedRoomPart:
    return OccupiedRoomPart(
        _sum(fee.total for fee in fees),
        _common(fee.fee_per_room for fee in fees),
        _sum(fee.occupied_rooms for fee in fees),
        _common(fee.rooms_source for fee in fees) or MIXED,
        _sum(fee.base_revenue for fee in fees),
    )


def _labor_hours(fees: Sequence[LaborHourPart]) -> LaborHourPart:
    jobs = _grouped(
        chain.from_iterable(fee.jobs for fee in fees), lambda job: (job.job_code, job.rate, job.overtime_rate)
    )
    return LaborHourPart(
        _sum(fee.total for fee in fees),
        tuple(_labor_job(same) for same in jobs),
        _escalators(fee.escalators for fee in fees),
    )


def _labor_job(same: Sequence[LaborJobPart]) -> LaborJobPart:
    first = same[0]
    return LaborJobPart(
        first.job_code,
        _sum(job.regular_hours for job in same),
        _sum(job.overtime_hours for job in same),
        first.rate,
        first.overtime_rate,
        _common(job.hours_source for job in same) or MIXED,
        _sum(job.amount for job in same),
    )


def _revenue_shares(shares: Sequence[RevenueSharePart]) -> RevenueSharePart:
    most = max(len(share.structures) for share in shares)
    structures = [
        [share.structures[place] for share in shares if place < len(share.structures)] for place in range(most)
    ]
    return RevenueSharePart(
        _sum(share.total for share in shares),
        _sum(share.external_revenue for share in shares),
        tuple(_structure(same) for same in structures),
    )


def _structure(same: Sequence[StructurePart]) -> StructurePart:
    """One structure; the months of a contract that was replaced in between have other tiers, which stand beside."""
    tiers = _grouped(
        chain.from_iterable(structure.tiers for structure in same),
        lambda tier: (tier.lower, tier.upper, tier.percentage),
    )
    return StructurePart(
        same[-1].accumulation,
        tuple(
            TierPart(
                tier[0].lower,
                tier[0].upper,
                tier[0].percentage,
                _sum(part.revenue_in_tier for part in tier),
                _sum(part.share_amount for part in tier),
            )
            for tier in tiers
        ),
        _sum(structure.total for structure in same),
    )


def _billable_accounts(billed: Sequence[BillableAccountsPart]) -> BillableAccountsPart:
    charges = [part.pteb for part in billed]
    return BillableAccountsPart(
        _sum(part.total for part in billed),
        _sum(part.billable_payroll for part in billed),
        _sum(part.additional_payroll for part in billed),
        PtebPart(
            _common(charge.calculation_type for charge in charges),
            _sum(charge.base_amount for charge in charges),
            _common(charge.applied_percentage for charge in charges),
            _sum(charge.total for charge in charges),
        ),
        TotalPart(_sum(part.support_services.total for part in billed)),
        TotalPart(_sum(part.expense_accounts.total for part in billed)),
    )


def _managements(agreements: Sequence[ManagementPart]) -> ManagementPart:
    values = _grouped(chain.from_iterable(agreement.components for agreement in agreements), lambda part: part.name)
    return ManagementPart(
        _sum(agreement.total for agreement in agreements),
        tuple(NamedValue(same[0].name, _sum(part.value for part in same)) for same in values),
    )


def _other_revenues(revenues: Sequence[OtherRevenuePart]) -> OtherRevenuePart:
    return OtherRevenuePart(
        _sum(revenue.total for revenue in revenues),
        _saved_sum(revenue.billable_expense for revenue in revenues),
        _saved_sum(revenue.revenue_validation for revenue in revenues),
        _saved_sum(revenue.miscellaneous for revenue in revenues),
        _saved_sum(revenue.gpo_fees for revenue in revenues),
        _saved_sum(revenue.signing_bonus for revenue in revenues),
        _saved_sum(revenue.client_paid_expense for revenue in revenues),
    )


def _escalators(months: Iterable[Sequence[EscalatorPart]]) -> tuple[EscalatorPart, ...]:
    same = _grouped(chain.from_iterable(months), lambda escalator: escalator.description)
    return tuple(
        EscalatorPart(parts[0].description, _sum(part.amount for part in parts), any(part.is_applied for part in parts))
        for parts in same
    )


def _grouped(parts: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """The parts that have the same key together, in the order in which the keys appear."""
    groups: dict[Hashable, list[T]] = {}
    for part in parts:
        groups.setdefault(key(part), []).append(part)
    return list(groups.values())


def _common(values: Iterable[T]) -> T | None:
    """The value that all share; None when there are several."""
    found = list(values)
    return found[0] if all(value == found[0] for value in found) else None


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, ZERO)


def _saved_sum(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is saved; None when nothing is."""
    saved = [value for value in values if value is not None]
    return _sum(saved) if saved else None
