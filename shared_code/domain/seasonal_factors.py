"""Seasonal factors of the calendar months, from complete years.

Source: Calculations, "Seasonal factors".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.rounding import ZERO, ratio

_MONTHS = 12
_FEWEST_YEARS = 3
_LOWEST = Decimal("0.8")
_HIGHEST = Decimal("1.2")
_NO_SEASON = (ratio(Decimal(1)),) * _MONTHS

YearValues = Sequence[Decimal | None]
"""The values of one calendar year, January to December; None for a month without one."""


class SeasonalSource(StrEnum):
    """Whose years the factors come from; `none` means 1 for every month."""

    SITE = "site"
    REGION = "region"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SeasonalFactors:
    """Twelve factors from 0.8 to 1.2 with 6 decimals, January first."""

    source: SeasonalSource
    factors: tuple[Decimal, ...]


def seasonal_factors(site_years: Sequence[YearValues], region_years: Sequence[YearValues]) -> SeasonalFactors:
    """The factors of a site from its own years, else from those of its region, else 1 for every month.

    Source: Calculations, "Seasonal factors".
    """
    for source, years in ((SeasonalSource.SITE, site_years), (SeasonalSource.REGION, region_years)):
        factors = _factors_of(years)
        if factors is not None:
            return SeasonalFactors(source, factors)
    return SeasonalFactors(SeasonalSource.NONE, _NO_SEASON)


def _factors_of(years: Sequence[YearValues]) -> tuple[Decimal, ...] | None:
    """The factors from the complete years; None when fewer than three can be used.

    A year whose twelve months add up to 0 has no mean to compare a month with.
    """
    shares: list[list[Decimal]] = []
    for year in years:
        months = [value for value in year if value is not None]
        total = sum(months, ZERO)
        if len(months) == _MONTHS and total:
            shares.append([value * _MONTHS / total for value in months])
    if len(shares) < _FEWEST_YEARS:
        return None
    means = (sum(column, ZERO) / len(shares) for column in zip(*shares, strict=True))
    return tuple(ratio(min(max(mean, _LOWEST), _HIGHEST)) for mean in means)
