"""The rows that time sheets and schedules tell: spelled by people, corrected later, complete only after days.

Source: Source side, "Labour (`TP_LEGION.dbo`)".
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

from cli.sample.chance import below, one_in, stream
from cli.sample.labor import REGULAR, Paid
from cli.sample.sites import SampleSite
from cli.sample.staffing import Position
from cli.sample.writing import SampleRow
from shared_code.domain.months import first_day

SCHEDULED_DAYS_BACK = 28
"""How far before the business date the schedule still tells of shifts."""

SCHEDULED_DAYS_AHEAD = 20
"""Last day ahead with shifts; after the two weeks that are published, they are fewer."""

_PUBLISHED_DAYS_AHEAD = 13
_SHIFT_STARTS = (7, 15, 23)


class Shift(NamedTuple):
    """One planned shift of a position; a shift over midnight belongs to the day on which it starts."""

    position: Position
    day: date
    employee: str
    starts: datetime
    regular_minutes: int
    overtime_minutes: int
    is_deleted: bool


def payroll_rows(
    site: SampleSite, lines: Sequence[Paid], period: str, business_date: date, seed: int
) -> Iterator[SampleRow]:
    """Rows of `vwPAYROLL_SUMMARY` as they stand on the morning of `business_date`.

    Of the day before, four rows in ten are still to come, of the day before that one in ten. Codes may lack their
    zeros, titles are spelled in several ways, and some rows lack hours and dollars.
    """
    chance = stream(seed, site.number, period, "time sheets")
    for line in lines:
        late = {1: 4, 2: 1}.get((business_date - line.day).days, 0)
        if below(10, chance) < late:
            continue
        location, title = _location(site, chance), spelled(line.title, chance)
        on = line.day.isoformat()
        yield (location, title, on, line.pay_type, line.hours, line.dollars)
        if one_in(400, chance):
            yield (location, title, on, REGULAR, None, None)


def blank_location_rows(period: str) -> list[SampleRow]:
    """Rows of `vwPAYROLL_SUMMARY` without a location or without a title: they reach no figure."""
    on = first_day(period).isoformat()
    return [("", "GSA1", on, REGULAR, 800, 13_600), ("0046", " ", on, REGULAR, 400, 6_800)]


def planned_shifts(site: SampleSite, business_date: date, seed: int) -> Iterator[Shift]:
    """The shifts from four weeks before to three weeks after `business_date`, by position and day."""
    for offset in range(-SCHEDULED_DAYS_BACK, SCHEDULED_DAYS_AHEAD + 1):
        day = business_date + timedelta(days=offset)
        chance = stream(seed, site.number, day, "schedule")
        employee = 0
        for position in site.positions:
            for number in range(0 if position.is_salaried else max(1, position.hours // 750)):
                if offset <= _PUBLISHED_DAYS_AHEAD or one_in(2, chance):
                    yield _shift(site, position, employee + number % position.headcount, number, day, chance)
            employee += position.headcount


def shift_row(site: SampleSite, shift: Shift) -> SampleRow:
    """A row of `SHIFT_ENTITY`."""
    ends = shift.starts + timedelta(minutes=shift.regular_minutes + shift.overtime_minutes)
    return (
        site.code,
        shift.position.title,
        shift.day.year,
        shift.day.timetuple().tm_yday,
        shift.regular_minutes,
        shift.overtime_minutes,
        0,
        shift.employee,
        shift.day.isocalendar().week,
        _stored_moment(shift.starts),
        _stored_moment(ends),
        "Yes" if shift.is_deleted else "No",
    )


def schedule_cost_rows(site: SampleSite, shifts: Sequence[Shift]) -> Iterator[SampleRow]:
    """Rows of `SCHEDULE_COST_ENTITY`, one per role and day. Fault: about one in 200 is no number."""
    cents: dict[tuple[date, Position], int] = {}
    for shift in shifts:
        if not shift.is_deleted:
            paid_minutes = shift.regular_minutes + shift.overtime_minutes * 3 // 2
            cost = paid_minutes * shift.position.rate_in(shift.day.year) // 60
            cents[shift.day, shift.position] = cents.get((shift.day, shift.position), 0) + cost
    for (day, position), cost in cents.items():
        is_broken = position.title == "GSA1" and (day.toordinal() + site.number) % 40 == 0
        text = "n/a" if is_broken else f"{cost // 100}.{cost % 100:02d}"
        yield (site.code, position.title, day.year, day.timetuple().tm_yday, text)


def employee_id(site: SampleSite, number: int) -> str:
    """The id of the `number`-th hourly employee of a site."""
    return f"E{site.number:05d}{number:03d}"


def spelled(title: str, chance: Random) -> str:
    """`title` as people type it: one in 50 with another case or stray blanks."""
    if not one_in(50, chance):
        return title
    return (title.lower(), f" {title}", f"{title} ", title.title(), title.replace(" ", "  "))[below(5, chance)]


def _location(site: SampleSite, chance: Random) -> str:
    return site.unpadded_code if one_in(30, chance) else site.code


def _shift(site: SampleSite, position: Position, employee: int, number: int, day: date, chance: Random) -> Shift:
    start = datetime(day.year, day.month, day.day, _SHIFT_STARTS[number % 3])  # noqa: DTZ001 - wall-clock time of the site
    overtime = 60 if one_in(12, chance) else 0
    return Shift(
        position, day, employee_id(site, employee), start, 360 + 60 * below(3, chance), overtime, one_in(25, chance)
    )


def _stored_moment(moment: datetime) -> str:
    return f"{moment.isoformat(sep=' ', timespec='seconds')}.000000"
