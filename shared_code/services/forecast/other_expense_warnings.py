"""Expenses that lie far above their budget, or stand in a month without any revenue.

Source: REST API, "Warning codes".
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import money, percent
from shared_code.domain.site_month import ComputedMonth
from shared_code.errors import CalculationRefusedError
from shared_code.services.forecast.site_months import read_site_months
from shared_code.services.forecast.warning_limits import limit
from shared_code.services.periods import year_period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings

EXPENSE_ABOVE_BUDGET: Final = "EXPENSE_ABOVE_BUDGET"


def above_budget(
    saved: Mapping[tuple[str, str], Decimal], budget: Mapping[str, Mapping[str, Decimal]], settings: Settings
) -> tuple[ViewWarning, ...]:
    """A warning for each of the `saved` amounts (by month and field) that exceeds its `budget` by too much.

    Without a budget there is no percentage, and no warning.
    """
    allowed = limit(settings, EXPENSE_ABOVE_BUDGET)
    warnings = []
    for (month, name), amount in saved.items():
        planned = budget.get(month, {}).get(name)
        if planned is None or planned <= 0 or amount * 100 <= planned * (100 + allowed):
            continue
        points = percent((amount - planned) * 100 / planned)
        message = f"{name} of {month} is {points} % above its budget of {money(planned)}; leave a note that says why."
        details = {"month": month, "account": name, "amount": amount, "budget": money(planned), "percent": points}
        warnings.append(
            ViewWarning(EXPENSE_ABOVE_BUDGET, message, f"{month}.{name}", {**details, "reasonRequested": True})
        )
    return tuple(warnings)


def months_without_revenue(
    runtime: Runtime, connection: Connection, site: OpenSite, spending: Collection[str]
) -> dict[str, ViewWarning]:
    """A warning for each of the `spending` months whose P&L has no revenue at all.

    A year that cannot be computed says nothing about its months; its P&L tells why.
    """
    found = {}
    for year in sorted({int(month[:4]) for month in spending}):
        try:
            computed = read_site_months(runtime, connection, site, year_period(year)).shown
        except CalculationRefusedError:
            continue
        for month in computed:
            period = month.inputs.period
            if period in spending and _has_no_revenue(month):
                message = f"{period} has expenses but no revenue; check its statistics, rates and contract."
                found[period] = ViewWarning("ZERO_REVENUE_WITH_EXPENSE", message, None, {"month": period})
    return found


def _has_no_revenue(month: ComputedMonth) -> bool:
    """Whether external and internal revenue of the trend are both known to be 0."""
    return all(month.trend_lines[row].amount == 0 for row in (PnlRow.EXTERNAL_REVENUE, PnlRow.INTERNAL_REVENUE))
