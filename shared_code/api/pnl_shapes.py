"""The P&L in JSON: columns, lines, values, variances.

Source: REST API, "P&L" and "Shapes used in several places".
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from pydantic import Field

from shared_code.api.envelope import CamelModel, DataAsOf
from shared_code.api.fields import Money, PercentPoints
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.source_age import STALE_MESSAGE, STALE_SOURCE, SourceAge


class VarianceShape(CamelModel):
    """Base less comparison; `percent` and `severity` are null when the comparison is 0."""

    amount: Money
    percent: PercentPoints | None
    favorable: bool
    severity: Literal["low", "medium", "high"] | None


class WarningShape(CamelModel):
    """Something to know about the answer; it blocks nothing."""

    code: str
    message: str
    field: str | None
    details: dict[str, Any]


class ColumnShape(CamelModel):
    """A month."""

    period: str = Field(examples=["2025-05"])
    month: int = Field(ge=1, le=12)
    label: str
    kind: Literal["actual", "trend", "forecast"]


class ValueShape(CamelModel):
    """A line in one month."""

    period: str
    month: int
    value: Money | None
    source: Literal["actual", "forecast", "budget", "none", "trend", "mixed"]
    comparison: Money | None
    variance: VarianceShape | None


class TotalShape(CamelModel):
    """A line over all columns."""

    value: Money | None
    comparison: Money | None
    variance: VarianceShape | None


class LineShape(CamelModel):
    """A line of the P&L."""

    code: str
    name: str
    type: Literal["revenue", "expense", "result", "statistic"]
    values: list[ValueShape]
    total: TotalShape
    actual_subtotal: Money | None
    percent_of_internal_revenue: PercentPoints | None


def shown_warnings(warnings: Sequence[ViewWarning], age: SourceAge) -> list[WarningShape]:
    """The warnings of an answer, with one about sources that lag."""
    shown = [WarningShape.model_validate(warning) for warning in warnings]
    if age.stale:
        shown.append(WarningShape(code=STALE_SOURCE, message=STALE_MESSAGE, field=None, details={}))
    return shown


def figures_meta(business_date: date, age: SourceAge) -> dict[str, Any]:
    """What the meta of business figures says of them."""
    read_at = DataAsOf(budget=age.budget, actual=age.actual, schedule=age.schedule)
    return {"stale": age.stale, "business_date": business_date, "data_as_of": read_at}
