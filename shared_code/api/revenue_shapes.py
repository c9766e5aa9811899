"""What the resources of external and internal revenue have in common.

Source: REST API, "Revenue".
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from shared_code.api.fields import ReadOnly
from shared_code.api.monthly_shapes import SavedPeriodBody
from shared_code.services.periods import PeriodType

MONTH: Final = (PeriodType.MONTH,)
"""The form of period in which revenue is saved."""


class RevenueBody(SavedPeriodBody):
    """The body of a PUT of revenue, with the figures that follow from others."""

    budget: ReadOnly = None
    actual: ReadOnly = None
    trend: ReadOnly = None
    variance: ReadOnly = None
    months: ReadOnly = None
    components: ReadOnly = None


MonthLock = Literal["past", "site_closed", "role"]
"""Why a month of the revenue cannot be edited."""


def members_of(record: Any) -> Mapping[str, Any]:
    """The members of a frozen record, by name."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
