"""From where on something is worth a warning, as the settings say.

Source: REST API, "Warning codes"; Operations, "Settings".
"""

from decimal import Decimal

from shared_code.settings import Settings
from shared_code.warning_thresholds import DELIVERED


def limit(settings: Settings, code: str) -> Decimal:
    """The threshold of the warning `code`: the one that is set, else the delivered one, in the same unit."""
    return settings.warning_thresholds.get(code, DELIVERED[code])


def limits_in_force(settings: Settings) -> dict[str, Decimal]:
    """The threshold of every warning that has one, by code."""
    return {code: limit(settings, code) for code in DELIVERED}
