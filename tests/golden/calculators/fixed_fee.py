"""Cases of the fixed fee."""

from typing import Any

from shared_code.domain.fixed_fee import fixed_fee
from tests.golden.case_contract import read_contract


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """Base, escalation and total of all fee rows, and each row."""
    fee = fixed_fee(read_contract(given), given["month"])
    return {
        "base": fee.base,
        "escalation": fee.escalation,
        "total": fee.total,
        "rows": [{"active": row.active, "steps": row.steps, "amount": row.amount} for row in fee.rows],
    }
