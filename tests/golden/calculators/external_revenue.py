"""Cases of external revenue."""

from typing import Any

from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics
from shared_code.domain.external_revenue import Override, RevenueLevers, external_revenue, net_revenue_by_day
from shared_code.domain.statistics import Category, Volumes
from tests.golden.calculators.statistics import read_available_rooms, read_statistics_days
from tests.golden.case_values import Given, read_amount, read_decimals, read_number, read_rows


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """External revenue of one month with its components and days."""
    budget = given.get("budget") or {}
    month = StatisticsMonth(
        given["month"],
        read_available_rooms(given),
        Volumes(**read_decimals(budget.get("statistics"))),
        read_statistics_days(read_rows(given, "days")),
    )
    levers = _read_levers(given, budget)
    revenue = external_revenue(month, effective_statistics(month), levers)
    return {
        "source": revenue.source,
        "components": {
            component.category.value: {
                "count": component.count,
                "rate": component.rate,
                "rate_source": component.rate_source,
                "amount": component.amount,
            }
            for component in revenue.components
        },
        "gross": revenue.gross,
        "adjustments": revenue.adjustments,
        "adjustment_percent": revenue.adjustment_percent,
        "net": revenue.net,
        "calculated_net": revenue.calculated_net,
        "overridden": revenue.overridden,
        "days": {day.isoformat(): net for day, net in net_revenue_by_day(month, levers, revenue).items()},
    }


def _read_levers(given: Given, budget: Given) -> RevenueLevers:
    override = given.get("override")
    return RevenueLevers(
        saved_rates={Category(name): rate for name, rate in read_decimals(given.get("saved_rates")).items()},
        budget_rates={Category(name): rate for name, rate in read_decimals(budget.get("rates")).items()},
        saved_adjustment_percent=read_number(given, "saved_adjustment_percent"),
        budget_adjustment_percent=read_number(budget, "adjustment_percent"),
        override=override and Override(read_amount(override, "amount"), override["reason"]),
        budget_external_revenue=read_amount(budget, "external_revenue"),
    )
