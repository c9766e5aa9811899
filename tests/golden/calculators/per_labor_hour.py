"""Cases of the fee per labor hour."""

from typing import Any

from shared_code.domain.labor_hour_fee import labor_hour_fee
from tests.golden.case_contract import read_contract, read_hours


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The active job rows and their total."""
    fee = labor_hour_fee(read_contract(given), given["month"], read_hours(given))
    names = ("job_code", "regular_hours", "overtime_hours", "hours_source", "steps", "amount")
    return {"jobs": [{name: getattr(job, name) for name in names} for job in fee.jobs], "total": fee.total}
