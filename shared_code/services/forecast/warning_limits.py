"""From where on something is worth a warning, as the settings say.

Source: REST API, "Warning codes"; Operations, "Settings".
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from shared_code.settings import Settings

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

Source: REST API, "Warning codes".
"""


def limit(settings: Settings, code: str, delivered: Decimal) -> Decimal:
    """The threshold of the warning `code`: the one that is set in place of the `delivered` one, in the same unit."""
    return settings.warning_thresholds.get(code, delivered)


def limits_in_force(settings: Settings) -> dict[str, Decimal]:
    """The threshold of every warning that has one, by code."""
    return {code: limit(settings, code, delivered) for code, delivered in DELIVERED.items()}
