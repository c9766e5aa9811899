"""What a reader of the statistics of a site has to know.

Source: REST API, "Warning codes".
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from shared_code.domain.months import days_of
from shared_code.services.forecast.monthly_warnings import without_budget
from shared_code.services.forecast.statistics_figures import Figures
from shared_code.services.forecast.statistics_reading import SiteStatistics
from shared_code.services.forecast.warning_limits import limit
from shared_code.services.periods import Period, PeriodType
from shared_code.services.pnl_table import ViewWarning
from shared_code.settings import Settings

_RATIOS: Final = {"occupancy": "occupancy", "drive_in_ratio": "driveInRatio", "capture_ratio": "captureRatio"}


def statistics_warnings(statistics: SiteStatistics, period: Period, settings: Settings) -> tuple[ViewWarning, ...]:
    """The warnings of a period; those about single days for a day or month."""
    budgeted = {month for month in period.months if statistics.months[month].has_budget}
    warnings = [*without_budget(period.months, budgeted), *_ratios_out_of_range(statistics, period)]
    if period.type in {PeriodType.DAY, PeriodType.MONTH}:
        days = {day: statistics.effective(day, day) for month in period.months for day in days_of(month)}
        shown = {day: figures for day, figures in days.items() if period.first <= day <= period.last}
        warnings += [*_full_days(days, shown, settings), *_many_comps(shown, settings)]
    return tuple(warnings)


def _ratios_out_of_range(statistics: SiteStatistics, period: Period) -> Iterator[ViewWarning]:
    """Budget months and recorded days with a ratio above 1, which is shown as it is."""
    found: dict[str, set[str]] = {}
    for month, (first, last) in statistics.parts(period.first, period.last):
        budget = month.budget_figures(first, last)
        recorded = [(day.isoformat(), month.actual_figures(day, day)) for day in month.recorded if first <= day <= last]
        for key, figures in [(month.period, budget), *recorded]:
            for name in _above_one(figures):
                found.setdefault(name, set()).add(key)
    if found:
        fields = {name: sorted(keys) for name, keys in found.items()}
        told = f"A ratio of budget or actual is above 1: {', '.join(fields)}. It is shown as it is; check its source."
        yield ViewWarning("RATIO_OUT_OF_RANGE", told, next(iter(fields)), {"fields": fields})


def _above_one(figures: Figures | None) -> list[str]:
    if figures is None:
        return []
    return [shown for name, shown in _RATIOS.items() if (getattr(figures, name) or 0) > 1]


def _full_days(days: Mapping[date, Figures], shown: Collection[date], settings: Settings) -> Iterator[ViewWarning]:
    """Days in a row on which every room is occupied, one of those `shown` among them."""
    least = limit(settings, "FULL_OCCUPANCY")
    full = [run for run in _runs(days) if len(run) >= least and not set(run).isdisjoint(shown)]
    if full:
        dates = [day.isoformat() for run in full for day in run]
        told = (
            f"Every room is occupied on {least:f} or more days in a row: check the occupancy of {dates[0]} and after."
        )
        yield ViewWarning("FULL_OCCUPANCY", told, "occupancy", {"dates": dates})


def _runs(days: Mapping[date, Figures]) -> Iterator[list[date]]:
    """The stretches of full days."""
    run: list[date] = []
    for day, figures in days.items():
        if (figures.occupancy or 0) >= 1:
            run.append(day)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _many_comps(days: Mapping[date, Figures], settings: Settings) -> Iterator[ViewWarning]:
    """Days with many complimentary vehicles among the vehicles."""
    percent = limit(settings, "COMPS_HIGH")
    dates = [day.isoformat() for day, figures in days.items() if _has_many_comps(figures, percent)]
    if dates:
        told = f"More than {percent:f} % of the vehicles are complimentary on {_listed(dates)}: check the comps."
        details: dict[str, Any] = {"dates": dates, "thresholdPercent": percent}
        yield ViewWarning("COMPS_HIGH", told, "valetComps", details)


def _has_many_comps(figures: Figures, percent: Decimal) -> bool:
    return figures.known.comps * 100 > figures.total_vehicles * percent


def _listed(dates: Iterable[str]) -> str:
    listed = list(dates)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} other days" if len(listed) > 3 else "")
