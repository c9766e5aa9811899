"""What has to be known about the payroll of a period: hours without a rate or group, and hours that lie off.

Source: REST API, "Warning codes".
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.payroll_days import CodeDay, sum_labor
from shared_code.domain.rounding import ZERO, percent, round_half_up
from shared_code.services.forecast.monthly_warnings import without_budget
from shared_code.services.forecast.payroll_months import SitePayroll
from shared_code.services.forecast.payroll_rows import far_from_budget
from shared_code.services.forecast.warning_limits import limit
from shared_code.services.pnl_table import ViewWarning
from shared_code.settings import Settings
from shared_code.storage.payroll_reading import DescribedCode

CodeDays = Mapping[str, Sequence[CodeDay]]
"""Days by job code key."""


def alert_percent(settings: Settings) -> Decimal:
    """Percent points from which forecast hours lie far from budget hours."""
    return limit(settings, "PAYROLL_VARIANCE")


def missing_rates(codes: Mapping[str, DescribedCode], days: CodeDays) -> tuple[str, ...]:
    """The codes with forecast hours that have no rate: they add no cost.

    Source: Calculations, "Payroll forecast".
    """
    return tuple(codes[key].job_code for key in sorted(codes) if any(day.lacks_rate for day in days.get(key, ())))


def payroll_warnings(
    payroll: SitePayroll, codes: Mapping[str, DescribedCode], days: CodeDays, percent_points: Decimal
) -> tuple[ViewWarning, ...]:
    """The warnings of a period whose `days` are those of all `codes`."""
    hourly = {key: days.get(key, ()) for key, code in codes.items() if not code.is_salaried}
    months = [month.period for month in payroll.months]
    found = [
        _missing(missing_rates(codes, days)),
        _unassigned(codes[key].job_code for key, of_code in hourly.items() if _is_lost(codes[key], of_code)),
        _variance(payroll, hourly, percent_points),
        _schedule_above(hourly),
    ]
    budgeted = {month.period for month in payroll.months if month.has_budget}
    return (*(warning for warning in found if warning is not None), *without_budget(months, budgeted))


def _missing(codes: Sequence[str]) -> ViewWarning | None:
    if not codes:
        return None
    message = f"{', '.join(codes)} have hours and no hourly rate, so their cost is missing: enter a rate."
    return ViewWarning("MISSING_RATE", message, "missingRates", {"jobCodes": list(codes)})


def _unassigned(codes: Iterable[str]) -> ViewWarning | None:
    lost = sorted(codes, key=job_code_key)
    if not lost:
        return None
    message = f"{', '.join(lost)} have hours and belong to no job group: assign them to one."
    return ViewWarning("UNASSIGNED_JOB_CODES", message, "unassigned", {"jobCodes": lost})


def _variance(payroll: SitePayroll, hourly: CodeDays, percent_points: Decimal) -> ViewWarning | None:
    """Forecast hours far from budget hours; without a budget there is nothing to compare with."""
    if not any(month.inputs.has_saved_hours for month in payroll.months):
        return None
    of_all = [day for of_code in hourly.values() for day in of_code]
    forecast = sum((day.forecast.hours for day in of_all), ZERO)
    budget = sum((day.budget.hours for day in of_all), ZERO)
    if not budget or not far_from_budget(forecast, budget, percent_points):
        return None
    points = percent((forecast - budget) * 100 / abs(budget))
    message = f"Forecast hours lie {points} % from the budget: check the hours, or leave a note why."
    details = {"forecastHours": _shown(forecast), "budgetHours": _shown(budget), "percent": points}
    return ViewWarning("PAYROLL_VARIANCE", message, None, details)


def _schedule_above(hourly: CodeDays) -> ViewWarning | None:
    """More hours scheduled than forecast, over the days that have a schedule."""
    of_all = [day for of_code in hourly.values() for day in of_code]
    days = {day.day for day in of_all if day.scheduled is not None}
    scheduled = sum_labor(day.scheduled for day in of_all)
    if scheduled is None:
        return None
    forecast = sum((day.forecast.hours for day in of_all if day.day in days), ZERO)
    if _shown(scheduled.hours) <= _shown(forecast):
        return None
    message = f"{_shown(scheduled.hours)} hours are scheduled and {_shown(forecast)} forecast: change one of them."
    details = {"scheduledHours": _shown(scheduled.hours), "forecastHours": _shown(forecast)}
    return ViewWarning("SCHEDULE_ABOVE_FORECAST", message, None, details)


def _is_lost(code: DescribedCode, days: Iterable[CodeDay]) -> bool:
    return code.group_id is None and any(day.effective.hours for day in days)


def _shown(hours: Decimal) -> Decimal:
    """Hours with 2 decimals."""
    return round_half_up(hours, 2)
