"""Cases of other revenue."""

from typing import Any

from shared_code.domain.errors import CalculationError
from shared_code.domain.other_revenue import other_revenue
from tests.golden.case_contract import read_other_revenue


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The total, or the items that are refused."""
    try:
        return {"total": other_revenue(read_other_revenue(given["items"])).total}
    except CalculationError as error:
        return {"errors": [{"field": field, "code": error.code} for field in error.details["fields"]]}
