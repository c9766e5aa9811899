"""The running month: recorded days blended with forecast ones, posted balances weighed against the forecast.

Source: Calculations, "Month kinds and trend" and "Current month".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from shared_code.domain.expense_rows import OTHER_EXPENSE_EXCLUDED, AccountForecast
from shared_code.domain.months import days_in, first_day, last_day, period_of
from shared_code.domain.rounding import ZERO


@dataclass(frozen=True, slots=True)
class BlendedSeries:
    """A daily series of one month as one figure: recorded to the last day with data, forecast after it.

    Dollars or rooms, unrounded. `last_day` is None when the month has no day with data and is all forecast.
    """

    last_day: date | None
    actual_part: Decimal
    forecast_part: Decimal

    @property
    def value(self) -> Decimal:
        """The figure of the whole month."""
        return self.actual_part + self.forecast_part


@dataclass(frozen=True, slots=True)
class BlendedAccount:
    """One expense account of the running month in dollars: posted to date, forecast, and the one that counts."""

    account: str
    posted: Decimal | None
    forecast: Decimal | None
    amount: Decimal


def last_day_with_data(actual: Mapping[date, Decimal], period: str, business_date: date) -> date | None:
    """The latest day of `period`, not after the business date, whose recorded value is not 0; None without one.

    Source: Calculations, "Current month".
    """
    days = (day for day, value in actual.items() if value and day <= business_date and period_of(day) == period)
    return max(days, default=None)


def blend(
    actual: Mapping[date, Decimal], period: str, business_date: date, forecast_from: Callable[[date], Decimal]
) -> BlendedSeries:
    """Recorded days of `period` to the last one with data, then `forecast_from` the day after it.

    `forecast_from` gives the forecast of the days from a day to the end of the month. A day without a record before the
    last one with data is a recorded zero; records after it are ignored.

    Source: Calculations, "Current month".
    """
    last = last_day_with_data(actual, period, business_date)
    if last is None:
        return BlendedSeries(None, ZERO, forecast_from(first_day(period)))
    recorded = sum((value for day, value in actual.items() if day <= last and period_of(day) == period), ZERO)
    later = ZERO if last == last_day(period) else forecast_from(last + timedelta(days=1))
    return BlendedSeries(last, recorded, later)


def blend_days(
    actual: Mapping[date, Decimal], forecast: Mapping[date, Decimal], period: str, business_date: date
) -> BlendedSeries:
    """As `blend`, with a forecast by day.

    Source: Calculations, "Current month".
    """

    def forecast_from(first: date) -> Decimal:
        return sum((value for day, value in forecast.items() if day >= first and period_of(day) == period), ZERO)

    return blend(actual, period, business_date, forecast_from)


def blend_with_month(
    actual: Mapping[date, Decimal], forecast_month: Decimal, period: str, business_date: date
) -> BlendedSeries:
    """As `blend`, with a forecast of the month that is spread evenly over its days.

    Source: Calculations, "Current month".
    """
    days = days_in(period)
    return blend(actual, period, business_date, lambda first: forecast_month * (days - first.day + 1) / days)


def greater_of(posted: Decimal | None, forecast: Decimal | None) -> Decimal:
    """The greater of the balance to date and the forecast of an account; one that is None does not exist.

    Source: Calculations, "Current month".
    """
    if posted is None or forecast is None:
        return (posted if forecast is None else forecast) or ZERO
    return max(posted, forecast)


def blend_other_expense(
    posted: Mapping[str, Decimal], forecast: Iterable[AccountForecast]
) -> tuple[BlendedAccount, ...]:
    """Every account of other expense in the running month, by account number; their amounts are the row.

    `posted` holds the balances to date of category OTHER EXPENSE, `forecast` the forecast of the row. The accounts
    that other expense leaves out stay out.

    Source: Calculations, "Current month" and "Other expense".
    """
    forecasts = {entry.account: entry.amount for entry in forecast}
    accounts = sorted((posted.keys() | forecasts.keys()) - OTHER_EXPENSE_EXCLUDED)
    return tuple(
        BlendedAccount(
            account,
            posted.get(account),
            forecasts.get(account),
            greater_of(posted.get(account), forecasts.get(account)),
        )
        for account in accounts
    )
