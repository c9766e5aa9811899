"""Every extraction query by the name of its feed.

Source: Source side, "Incremental strategy".
"""

from shared_code.sources.warehouse import (
    budget,
    budget_payroll,
    chart_of_accounts,
    daily_revenue,
    gl_accounts,
    job_code_rates,
    ledger,
    other_expense,
    paid_hours,
    parking_rates,
    salaries,
    schedule_cost,
    shifts,
    sites,
    unit_accounts,
    user_scopes,
    wage_rates,
)
from shared_code.sources.warehouse.query import FeedQuery

QUERIES: dict[str, FeedQuery] = {
    "sites": sites.QUERY,
    "chart_of_accounts": chart_of_accounts.QUERY,
    "budget": budget.QUERY,
    "ledger": ledger.QUERY,
    "budget_payroll": budget_payroll.QUERY,
    "daily_revenue": daily_revenue.QUERY,
    "parking_rates_actual": parking_rates.QUERY,
    "paid_hours": paid_hours.QUERY,
    "job_code_rates": job_code_rates.QUERY,
    "shifts": shifts.QUERY,
    "schedule_cost": schedule_cost.QUERY,
    "salaries": salaries.QUERY,
    "wage_rates": wage_rates.QUERY,
    "user_scopes": user_scopes.QUERY,
    "gl_accounts": gl_accounts.QUERY,
    "unit_accounts": unit_accounts.QUERY,
}
"""The query of each feed that reads the warehouse."""

OTHER_EXPENSE: dict[str, FeedQuery] = {"budget": other_expense.BUDGET, "actual": other_expense.ACTUAL}
"""E05 by scenario: no feed of its own."""

UNKNOWN_REVENUE_CODES: FeedQuery = daily_revenue.UNKNOWN_CODES
"""What feed `daily_revenue` reports once per run."""

__all__ = ["OTHER_EXPENSE", "QUERIES", "UNKNOWN_REVENUE_CODES"]
