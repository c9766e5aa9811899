"""Cases of variances."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.variance import Variance, variance_of_row


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The variance of one row, or of several by row."""
    if given.get("rows"):
        return {
            "rows": {
                row: describe_variance(variance_of_row(PnlRow(row), Decimal(base), Decimal(comparison)))
                for row, (base, comparison) in given["rows"].items()
            }
        }
    variance = variance_of_row(PnlRow(given["row"]), Decimal(given["base"]), Decimal(given["comparison"]))
    return describe_variance(variance) or {}


def describe_variance(variance: Variance | None) -> dict[str, Any] | None:
    """A variance in the form of the cases."""
    return None if variance is None else asdict(variance)
