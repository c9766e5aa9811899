"""Cases of trend analysis."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from shared_code.domain.errors import CalculationError
from shared_code.domain.seasonal_factors import seasonal_factors
from shared_code.domain.trend_analysis import fill_gaps, find_trend, measure_accuracy
from shared_code.domain.trend_windows import trend_window
from tests.golden.case_values import Given, read_number, read_rows


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of five tasks."""
    return _TASKS[given["task"]](given)


def _window(given: Given) -> dict[str, Any]:
    try:
        window = trend_window(given["timeframe"], date.fromisoformat(given["as_of"]))
    except CalculationError as error:
        return {"error": error.code}
    return {
        "timeframe": window.timeframe,
        "start": window.start,
        "end": window.end,
        "granularity": window.granularity,
    }


def _direction(given: Given) -> dict[str, Any]:
    trend = find_trend(given["metric"], _decimals(given["points"]), read_number(given, "same_period_last_year"))
    return {
        "change_percent": trend.change_percent,
        "slope_per_period": trend.slope_per_period,
        "direction": trend.direction,
        "yoy_percent": trend.yoy_percent,
    }


def _seasonal_factors(given: Given) -> dict[str, Any]:
    site, region = ([_decimals(year) for year in given.get(name) or []] for name in ("site_years", "region_years"))
    seasonal = seasonal_factors(site, region)
    return {"source": seasonal.source, "factors": list(seasonal.factors)}


def _accuracy(given: Given) -> dict[str, Any]:
    points = ((read_number(row, "forecast"), read_number(row, "actual")) for row in read_rows(given, "points"))
    accuracy = measure_accuracy(points)
    return {"mape": accuracy.mape, "bias": accuracy.bias}


def _gaps(given: Given) -> dict[str, Any]:
    filled = fill_gaps(_decimals(given["days"]))
    return {"days": list(filled.values), "interpolated": list(filled.interpolated)}


def _decimals(values: Sequence[str | None]) -> list[Decimal | None]:
    return [None if value is None else Decimal(value) for value in values]


_TASKS = {
    "window": _window,
    "direction": _direction,
    "seasonal_factors": _seasonal_factors,
    "accuracy": _accuracy,
    "gaps": _gaps,
}
