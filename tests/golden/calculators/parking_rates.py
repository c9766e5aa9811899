"""Cases of parking rates."""

from typing import Any

from shared_code.domain.parking_rates import actual_rate, budget_rate, parking_rate
from tests.golden.case_values import read_number


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """Budget rate, rate in force and actual rate of one category."""
    budget = budget_rate(read_number(given, "budget_revenue"), read_number(given, "budget_vehicles"))
    rate = parking_rate(read_number(given, "saved_rate"), budget)
    return {
        "budget_rate": budget,
        "rate": rate.rate,
        "rate_source": rate.source,
        "actual_rate": actual_rate(read_number(given, "actual_revenue"), read_number(given, "actual_vehicles")),
    }
