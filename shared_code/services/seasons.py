"""Seasonal factors of a site's metrics, from its own complete years, else from those of its region.

Source: Calculations, "Seasonal factors".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from shared_code.domain.metrics import Quotient, pool
from shared_code.domain.months import add_months, months_of_year, period_of
from shared_code.domain.seasonal_factors import SeasonalFactors, SeasonalSource, YearValues, seasonal_factors
from shared_code.domain.site_figures import METRICS, Basis, metric_quotients
from shared_code.domain.site_scope import SiteScope
from shared_code.services.activity_months import BATCH_SITES, Span, month_figures
from shared_code.services.runtime import Runtime
from shared_code.storage import analysis_inputs

MONTHS_BACK = 48
"""Months of history that are read: they hold three complete years, and the year before every month of a window."""

MonthValues = Mapping[str, Decimal | None]
"""Values by month (`YYYY-MM`), unrounded."""


def history_span(month: str) -> Span:
    """The months of history up to `month`."""
    return Span(add_months(month, 1 - MONTHS_BACK), month)


def values_of(figures: Mapping[str, Mapping[str, Quotient]], metric: str) -> dict[str, Decimal | None]:
    """A metric by month, from the quotients of every month."""
    return {month: quotients[metric].value for month, quotients in figures.items() if metric in quotients}


class RegionHistory:
    """The closed months of all sites of a region, pooled metric by metric; read once a region, when it is needed.

    The figures of a region are those of the company whoever asks, as they are for a benchmark: no site shows in them.
    """

    def __init__(self, runtime: Runtime, span: Span, today: date) -> None:
        self._runtime = runtime
        self._span = span
        self._today = today
        self._known: dict[str, dict[str, MonthValues]] = {}
        self._is_long_enough: bool | None = None

    def values(self, region: str | None, metric: str) -> MonthValues:
        """A metric of the region by month; nothing without a region, or before there are three years of records."""
        if region is None or not self._has_three_years():
            return {}
        if region not in self._known:
            self._known[region] = self._read(region)
        return self._known[region].get(metric, {})

    def _has_three_years(self) -> bool:
        if self._is_long_enough is None:
            first_january = next(month for month in self._span.months if month.endswith("-01"))
            with self._runtime.database.reading() as connection:
                self._is_long_enough = analysis_inputs.has_facts_in(connection, first_january)
        return self._is_long_enough

    def _read(self, region: str) -> dict[str, MonthValues]:
        with self._runtime.database.reading() as connection:
            # All sites deliberately: who asks reads one factor of the region, and may not read the sites behind it.
            site_ids = analysis_inputs.sites_of_region(connection, SiteScope.all_sites(), region)
        parts: defaultdict[tuple[str, str], list[Quotient]] = defaultdict(list)
        for start in range(0, len(site_ids), BATCH_SITES):
            dates = dict.fromkeys(site_ids[start : start + BATCH_SITES], self._today)
            figures = month_figures(self._runtime, dates, {Basis.ACTUAL: self._span})[Basis.ACTUAL]
            for (_, month), known in figures.items():
                if month < period_of(self._today):
                    for metric, quotient in metric_quotients(known).items():
                        parts[metric, month].append(quotient)
        found: dict[str, dict[str, Decimal | None]] = {metric: {} for metric in METRICS}
        for (metric, month), quotients in parts.items():
            found[metric][month] = pool(quotients).value
        return dict(found)


def season_of(metric: str, own: MonthValues, region: str | None, history: RegionHistory, span: Span) -> SeasonalFactors:
    """The factors of a metric from the months of a site; from those of its region (a code) where they do not do.

    Source: Calculations, "Seasonal factors".
    """
    years = sorted({int(month[:4]) for month in span.months})
    site_years = _year_values(own, years)
    season = seasonal_factors(site_years, ())
    if season.source is SeasonalSource.SITE:
        return season
    return seasonal_factors(site_years, _year_values(history.values(region, metric), years))


def _year_values(values: MonthValues, years: Iterable[int]) -> list[YearValues]:
    return [[values.get(month) for month in months_of_year(year)] for year in years]
