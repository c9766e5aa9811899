"""From which percent on a variance is of medium or high severity, as the settings say.

Source: Calculations, "Variance"; Operations, "Settings".
"""

from shared_code.domain.variance import VarianceLimits
from shared_code.settings import Settings


def limits_of(settings: Settings) -> VarianceLimits:
    """The limits of severity as they are set, in percent points."""
    return VarianceLimits(settings.variance_medium_percent, settings.variance_high_percent)
