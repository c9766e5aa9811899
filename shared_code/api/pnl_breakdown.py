"""What the lines of a P&L are made of, in JSON.

Source: REST API, "P&L" (breakdown) and "Revenue".
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from shared_code.api.envelope import CamelModel
from shared_code.api.fields import Count, Money
from shared_code.api.pnl_shapes import LineShape
from shared_code.api.revenue_internal_shapes import ComponentsShape
from shared_code.domain.pnl_rows import PnlRow
from shared_code.services.periods import Period
from shared_code.services.pnl_families import Family
from shared_code.services.pnl_parts import RevenueParts
from shared_code.services.pnl_table import MonthBreakdown, PnlLine, line_code


class AccountShape(CamelModel):
    """An account of an expense line."""

    account: str
    name: str
    amount: Money


class AddendShape(CamelModel):
    """An addend of a figure; `detail` holds the inputs of a formula."""

    component: str
    label: str
    amount: Money
    source: str | None
    detail: dict[str, str] | None


class CategoryShape(CamelModel):
    """A category of vehicles; the rate is null where there is none, and a mean where it was recorded."""

    category: str = Field(examples=["valetDaily"])
    count: Count
    rate: Money | None
    rate_source: Literal["forecast", "budget", "none", "actual", "trend"]
    amount: Money


class BreakdownShape(CamelModel):
    """What a line is made of in one month; the addends of the `calculation` add up to it."""

    period: str = Field(examples=["2025-05"])
    month: int = Field(ge=1, le=12)
    calculation: list[AddendShape]


class ExternalBreakdownShape(BreakdownShape):
    """External revenue: the eight categories, none where only the sum is known."""

    components: list[CategoryShape]


class InternalBreakdownShape(BreakdownShape):
    """Internal revenue: the components of the contract, none where the figure is posted or budgeted."""

    components: ComponentsShape


class ExpenseBreakdownShape(BreakdownShape):
    """An expense: its accounts, none where a formula gives the figure."""

    accounts: list[AccountShape]


class DetailedLineShape(LineShape):
    """A line with what it is made of; null for results and statistics, which are computed from the other lines."""

    breakdown: list[ExternalBreakdownShape] | list[InternalBreakdownShape] | list[ExpenseBreakdownShape] | None


def detailed_line(line: PnlLine, period: Period, family: Family, parts: RevenueParts) -> DetailedLineShape:
    """A line of the P&L of `period` with its breakdown; its figures are those of `family`."""
    shown = LineShape.model_validate(line)
    months = list(zip(line.breakdown or (), family.months(period.months), strict=line.breakdown is not None))
    return DetailedLineShape(**dict(shown), breakdown=_breakdown(line, family, months, parts))


def _breakdown(
    line: PnlLine, family: Family, months: Sequence[tuple[MonthBreakdown, str]], parts: RevenueParts
) -> list[ExternalBreakdownShape] | list[InternalBreakdownShape] | list[ExpenseBreakdownShape] | None:
    if line.breakdown is None:
        return None
    if line.code == _EXTERNAL:
        return [
            ExternalBreakdownShape(
                period=known.period,
                month=known.month,
                calculation=_calculation(known),
                components=_categories(parts, family, month),
            )
            for known, month in months
        ]
    if line.code == _INTERNAL:
        return [
            InternalBreakdownShape(
                period=known.period,
                month=known.month,
                calculation=_calculation(known),
                components=ComponentsShape.model_validate(parts.components(family, month)),
            )
            for known, month in months
        ]
    return [
        ExpenseBreakdownShape(
            period=known.period,
            month=known.month,
            calculation=_calculation(known),
            accounts=[AccountShape.model_validate(account) for account in known.accounts],
        )
        for known, _ in months
    ]


def _calculation(known: MonthBreakdown) -> list[AddendShape]:
    return [AddendShape.model_validate(component) for component in known.components]


def _categories(parts: RevenueParts, family: Family, month: str) -> list[CategoryShape]:
    return [
        CategoryShape(
            category=line_code(part.category),
            count=part.count,
            rate=part.rate,
            rate_source=part.source.value,
            amount=part.amount,
        )
        for part in parts.categories(family, month)
    ]


_EXTERNAL, _INTERNAL = line_code(PnlRow.EXTERNAL_REVENUE), line_code(PnlRow.INTERNAL_REVENUE)
