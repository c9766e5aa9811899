"""The rows that three warehouse tables tell of the same parking days, each with its own gaps.

Source: Source side, "Revenue and vehicles (`TP_EDW.dbo`)" and "Revenue codes".
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from cli.sample.chance import below, one_in, stream
from cli.sample.parking import Parked, ParkingDay
from cli.sample.sites import SampleSite
from cli.sample.volumes import SELF_AGGREGATOR, VALET_AGGREGATOR, VALET_DAILY, VALET_OVERNIGHT
from cli.sample.writing import SampleRow
from shared_code.domain.months import first_day

_TWO_COLLECTIONS = frozenset({VALET_DAILY, VALET_OVERNIGHT})
_AGGREGATORS = frozenset({VALET_AGGREGATOR, SELF_AGGREGATOR})


def daily_detail_rows(site: SampleSite, days: Sequence[ParkingDay], period: str, seed: int) -> Iterator[SampleRow]:
    """Rows of `REVENUE_DAILY_DETAIL`. Aggregators of every other site come by text, without a code.

    Faults: some rows lack their amounts, and every sixth site has one row a month with an unknown code.
    """
    chance = stream(seed, site.number, period, "daily detail")
    for day in days:
        on = day.day.isoformat()
        for parked in day.parked:
            if parked.category in _AGGREGATORS and site.number % 2:
                yield (site.code, on, parked.category.text, None, 100 * parked.vehicles, parked.revenue)
            else:
                yield from _collections(site, on, parked)
        if day.other_revenue:
            yield (site.code, on, "Other Revenue", "OR1", 0, day.other_revenue)
        if one_in(400, chance):
            yield (site.code, on, VALET_DAILY.text, "VD3", None, None)
    if days and site.number % 6 == 5:
        yield (site.code, days[0].day.isoformat(), "Event Package", "EV1", 100, 4_500)


def invoice_rows(site: SampleSite, days: Sequence[ParkingDay], period: str, seed: int) -> Iterator[SampleRow]:
    """Rows of `vwREVENUE_DAILY_DETAIL_INVOICE`: what the client accepted, about one row in 30 not (yet)."""
    chance = stream(seed, site.number, period, "invoice")
    for day in days:
        on = day.day.isoformat()
        for parked in day.parked:
            if parked.category not in _AGGREGATORS and not one_in(30, chance):
                yield (site.code, on, f"{parked.category.code}1", 100 * parked.vehicles, parked.revenue)


def datamart_rows(site: SampleSite, days: Sequence[ParkingDay], period: str, seed: int) -> Iterator[SampleRow]:
    """Rows of `REVENUE_DATAMART_DAILY`: rooms, vehicles and total revenue, loaded the next morning.

    Faults: some rows of occupied rooms lack their value.
    """
    chance = stream(seed, site.number, period, "data mart")
    for day in days:
        on = day.day.isoformat()
        loaded = f"{(day.day + timedelta(days=1)).isoformat()} 04:{below(60, chance):02d}:00.000000"
        if site.rooms:
            yield (site.code, on, "Occupied Rooms", "Other", 100 * day.occupied_rooms, None, loaded)
            if one_in(500, chance):
                yield (site.code, on, "Occupied Rooms", "Other", None, None, loaded)
        for parked in day.parked:
            code = f"{parked.category.code}1"
            yield (site.code, on, parked.category.text, "Vehicles", 100 * parked.vehicles, code, loaded)
        if day.parked:
            total = sum(parked.revenue for parked in day.parked) + day.other_revenue
            yield (site.code, on, "Net Revenue", "Revenue", total, None, loaded)


def blank_site_row(period: str) -> SampleRow:
    """A row of `REVENUE_DAILY_DETAIL` that belongs to no site."""
    return ("", first_day(period).isoformat(), VALET_DAILY.text, "VD1", 100, 2_500)


def _collections(site: SampleSite, on: str, parked: Parked) -> Iterator[SampleRow]:
    """Valet cars pay in two ways, so that two codes make up their category."""
    code, text = parked.category.code, parked.category.text
    first = parked.vehicles * 7 // 10
    if parked.category not in _TWO_COLLECTIONS or first < 1:
        yield (site.code, on, text, f"{code}1", 100 * parked.vehicles, parked.revenue)
        return
    revenue = parked.revenue * first // parked.vehicles
    yield (site.code, on, text, f"{code}1", 100 * first, revenue)
    yield (site.code, on, text, f"{code}2", 100 * (parked.vehicles - first), parked.revenue - revenue)
