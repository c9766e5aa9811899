"""The thresholds of warnings that an installation may set otherwise.

Source: REST API, "Warning codes"; Operations, "Settings".
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

DELIVERED: Final[Mapping[str, Decimal]] = MappingProxyType(
    {
        "RATE_DEVIATION": Decimal(10),
        "PAYROLL_VARIANCE": Decimal(10),
        "REVENUE_ABOVE_PRIOR_YEAR": Decimal(150),
        "REVENUE_ABOVE_HISTORY": Decimal(25),
        "EXPENSE_ABOVE_BUDGET": Decimal(20),
        "INTERNAL_REVENUE_SWING": Decimal(20),
        "COMPS_HIGH": Decimal(20),
        "FULL_OCCUPANCY": Decimal(3),
    }
)
"""The thresholds of the contract: percent points, of `FULL_OCCUPANCY` days in a row.

`FLC_REVIEW` has two thresholds, which are settings of their own.
"""


def known_codes(thresholds: dict[str, Decimal]) -> dict[str, Decimal]:
    """`thresholds` by warning code as they are. Raises ValueError for codes that no threshold belongs to."""
    unknown = [code for code in thresholds if code not in DELIVERED]
    if unknown:
        named = ", ".join(code[:40] for code in unknown)
        own = "; that of FLC_REVIEW is FLC_REVIEW_AMOUNT and FLC_REVIEW_PERCENT" if "FLC_REVIEW" in unknown else ""
        raise ValueError(f"there is no threshold of {named}; accepted are {', '.join(DELIVERED)}{own}")
    return thresholds
