"""Random inputs of the calculation engine, within the ranges that the engine is meant for."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from shared_code.domain.months import days_in, first_day
from shared_code.domain.statistics import Category, StatisticsDay, Volumes
from shared_code.domain.tiers import Tier

PERIODS = st.builds("{:04d}-{:02d}".format, st.integers(2020, 2030), st.integers(1, 12))
"""Months."""

MONEY = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=2)
"""Dollars of any sign."""

POSITIVE_MONEY = st.decimals(min_value=0, max_value=1_000_000, places=2)
"""Dollars of 0 or more."""

PERCENTS = st.decimals(min_value=0, max_value=100, places=2)
"""Percent points."""

FRACTIONS = st.decimals(min_value=0, max_value=1, places=6)
"""Fractions 0 to 1."""

COUNTS = st.decimals(min_value=0, max_value=99_999, places=2)
"""Vehicles or rooms."""

RATES = st.decimals(min_value=0, max_value=Decimal("999.99"), places=2)
"""Dollars per vehicle."""

DATES = st.dates(date(2019, 1, 1), date(2031, 12, 31))
"""Starts and ends of rows."""

VOLUMES = st.builds(Volumes, *[COUNTS] * 11)
"""Rooms and vehicles of a month."""

RATES_BY_CATEGORY = st.dictionaries(st.sampled_from(Category), RATES)
"""Rates of some categories."""


def statistics_days(period: str) -> st.SearchStrategy[list[StatisticsDay]]:
    """Saved days of a month, each with any of the fields, at most one per date."""
    start = first_day(period)
    count = st.none() | COUNTS
    fraction = st.none() | FRACTIONS
    day = st.builds(
        StatisticsDay,
        day=st.integers(1, days_in(period)).map(lambda number: start.replace(day=number)),
        occupied_rooms=count,
        occupancy=fraction,
        drive_in_ratio=fraction,
        capture_ratio=fraction,
        valet_daily=count,
        valet_overnight=count,
        self_overnight=count,
        self_aggregator=count,
        self_comps=count,
    )
    return st.lists(day, max_size=8, unique_by=lambda saved: saved.day)


@st.composite
def tiers(draw: st.DrawFn) -> list[Tier]:
    """Tiers in ascending order, the last one mostly unlimited."""
    limits = draw(st.lists(st.decimals(min_value=1, max_value=1_000_000, places=2), max_size=4, unique=True))
    upper = sorted(limits) + ([Decimal(0)] if draw(st.booleans()) else [])
    return [Tier(limit, draw(PERCENTS)) for limit in upper]
