"""Cases of escalation."""

from datetime import date
from typing import Any

from shared_code.domain.escalation import Escalated, apply_escalator, apply_increment, increment_of
from tests.golden.case_contract import read_escalator
from tests.golden.case_values import read_amount, read_as, read_number


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """A value with its steps up to one month, or up to each of several months."""
    if given["task"] == "contract_increment":
        increment = increment_of(read_as(int, given, "increment_month"), read_number(given, "increment_percent"))
        start = date.fromisoformat(given["start"])
        raised = apply_increment(read_amount(given, "amount"), start, increment, given["month"])
        return {"steps": raised.steps, "amount": raised.value}
    if given["task"] == "component_series":
        return {"values": [_escalate(given, month).value for month in given["months"]]}
    escalated = _escalate(given, given["month"])
    return {"steps": escalated.steps, "value": escalated.value}


def _escalate(given: dict[str, Any], month: str) -> Escalated:
    return apply_escalator(
        read_amount(given, "value"), date.fromisoformat(given["start"]), read_escalator(given), month
    )
