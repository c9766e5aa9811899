"""What of the revenue may be edited: months one by one, while they are open.

Source: REST API, "What may be edited" and "Periods and windows".
"""

from shared_code.services.forecast.header import role_lock
from shared_code.services.forecast.locks import EditWindow, LockReason
from shared_code.services.periods import Period, PeriodType


def revenue_lock(window: EditWindow, period: Period, *, may_write: bool) -> LockReason | None:
    """Why the figures of `period` cannot be edited; those of a quarter or year are edited by the month."""
    if may_write and period.type is not PeriodType.MONTH:
        return LockReason.GRANULARITY
    return role_lock(window.month_lock(period.months[0]), may_write=may_write)


def month_locks(window: EditWindow, period: Period, *, may_write: bool) -> dict[str, LockReason | None]:
    """The lock of each month (`YYYY-MM`) of `period`."""
    return {month: role_lock(window.month_lock(month), may_write=may_write) for month in period.months}
