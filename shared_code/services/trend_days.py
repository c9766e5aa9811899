"""The metrics of the days of a batch of sites, for windows of days and weeks.

Source: Calculations, "Windows".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from shared_code.domain.metrics import Quotient
from shared_code.domain.months import months_between, period_of
from shared_code.domain.site_figures import metric_quotients
from shared_code.domain.site_scope import SiteScope
from shared_code.services.activity_days import PlannedMonth, recorded_days
from shared_code.services.pnl_freshness import insurance_rates
from shared_code.services.runtime import Runtime
from shared_code.storage import analysis_inputs, pnl_inputs

Quotients = Mapping[str, Quotient]
ByDay = dict[str, dict[date, Quotients]]
"""The metrics of days, by site."""

_LONGEST_YEAR, _SHORTEST_YEAR = timedelta(days=366), timedelta(weeks=52)
"""How long before a day or week the one lies that it is compared with."""


@dataclass(frozen=True, slots=True)
class DayQuotients:
    """The metrics of the days of a window, and of those a year before, as they were recorded, forecast and budgeted."""

    actual: ByDay = field(default_factory=dict)
    forecast: ByDay = field(default_factory=dict)
    budget: ByDay = field(default_factory=dict)


def day_quotients(runtime: Runtime, dates: Mapping[str, date], first: date, last: date) -> DayQuotients:
    """The metrics of the days from `first` to `last` of the sites in `dates` (site to its business date)."""
    scope = SiteScope.of(dates)
    found = DayQuotients()
    months = months_between(period_of(first), period_of(last))
    years = sorted({int(month[:4]) for month in months})
    with runtime.database.reading() as connection:
        catalogue = analysis_inputs.job_catalogue(connection)
        for start, end in ((first, last), (first - _LONGEST_YEAR, last - _SHORTEST_YEAR)):
            for (site_id, day), figures in recorded_days(connection, scope, catalogue, start, end).items():
                if day <= dates[site_id]:
                    found.actual.setdefault(site_id, {})[day] = metric_quotients(figures)
        published = pnl_inputs.published_months(connection, years)
        rates = insurance_rates(runtime.settings)
        for year in years:
            inputs = pnl_inputs.site_year_inputs(connection, scope, year, dates, published, rates)
            for site_id, of_year in inputs.items():
                for month in of_year.months:
                    if month.period in months:
                        _plan(found, site_id, PlannedMonth(month, of_year, catalogue), first, last)
    return found


def _plan(found: DayQuotients, site_id: str, month: PlannedMonth, first: date, last: date) -> None:
    """Enter the days of a month as they are planned."""
    budget = month.budget_day()
    if budget is None:
        return
    of_budget = metric_quotients(budget)
    for day, figures in month.forecast_days():
        if first <= day <= last:
            found.forecast.setdefault(site_id, {})[day] = metric_quotients(figures)
            found.budget.setdefault(site_id, {})[day] = of_budget
