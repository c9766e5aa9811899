"""Hours worked and paid at a site: the days as they come, and the month that the budget expects.

Source: Source side, "Labour (`TP_LEGION.dbo`)".
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import NamedTuple

from cli.sample.chance import below, one_in, per_mille, stream, varied
from cli.sample.seasons import day_weight, month_weight, price_level
from cli.sample.sites import SampleSite
from cli.sample.staffing import MANAGER, SHIFT_DIFFERENTIAL, Position
from shared_code.domain.months import days_of

REGULAR, OVERTIME, TIME_OFF = "Regular", "OT", "PTO"
DIFFERENTIAL, MEAL_PREMIUM = "DIFFERENTIAL", "MEAL PREMIUM"

NIGHT_PREMIUM = 100
"""Cents an hour of a night shift, at the wages of 2024."""

_ACCOUNTS = {REGULAR: "6000", OVERTIME: "6005", TIME_OFF: "6010", DIFFERENTIAL: "6030", MEAL_PREMIUM: "6014"}
_MANAGER_ACCOUNT = "6020"
_WORKDAY_HOURS = 800
_OVERTIME_SHARE = 30  # per mille of worked hours
_TIME_OFF_SHARE = 27


class Paid(NamedTuple):
    """Hours (hundredths) and dollars (cents) of one title, day and pay type; a correction is negative."""

    title: str
    day: date
    pay_type: str
    hours: int
    dollars: int


@dataclass(frozen=True, slots=True)
class Profile:
    """A month of one job profile: hours in hundredths, dollars in cents."""

    name: str
    hours: int
    dollars: int


def paid_lines(site: SampleSite, period: str, days: Iterable[date], seed: int) -> list[Paid]:
    """What is paid for the `days` of the month `period`, in the order of days."""
    chance = stream(seed, site.number, period, "labor")
    staffing = varied(1000, 20, chance)
    year = int(period[:4])
    positions = [(position, position.rate_in(year)) for position in site.positions]
    meal_premiums = site.region == "WEST"
    lines: list[Paid] = []
    for day in days:
        for position, rate in positions:
            if position.is_salaried:
                lines.extend(_salaried_day(day, rate, chance))
            else:
                lines.extend(_hourly_day(position, rate, day, staffing, chance))
                if meal_premiums and one_in(40, chance):
                    lines.append(Paid(position.title, day, MEAL_PREMIUM, 100, rate))
    return lines


def payroll_accounts(lines: Sequence[Paid]) -> dict[str, int]:
    """Cents by payroll account: what the ledger shows for a month of `lines`."""
    balances: dict[str, int] = defaultdict(int)
    for line in lines:
        balances[_MANAGER_ACCOUNT if line.title == MANAGER else _ACCOUNTS[line.pay_type]] += line.dollars
    return dict(balances)


def worked_hours(lines: Sequence[Paid]) -> int:
    """Hundredths of hours, without the premiums, whose hours are worked already."""
    return sum(line.hours for line in lines if line.pay_type not in (DIFFERENTIAL, MEAL_PREMIUM))


def expected_profiles(site: SampleSite, period: str) -> list[Profile]:
    """The month `period` without chance, by job profile: what a budget is made of."""
    year = int(period[:4])
    profiles = []
    for position in site.positions:
        rate = position.rate_in(year)
        if position.is_salaried:
            hours = _WORKDAY_HOURS * sum(1 for day in days_of(period) if day.weekday() < 5)
            profiles.append(Profile(position.title, hours, hours * rate // 100))
        else:
            calm = sum(1 for _ in days_of(period))
            busy = (month_weight(position.pattern, period) + 1000 * calm) // 2
            hours = per_mille(per_mille(position.hours, busy), 1000 + _TIME_OFF_SHARE)
            profiles.append(Profile(position.title, hours, per_mille(hours * rate // 100, 1000 + _OVERTIME_SHARE // 2)))
    nights = sum(1 for position in site.positions if position.works_nights) * sum(1 for _ in days_of(period))
    if nights:
        hours = nights * _WORKDAY_HOURS // 2
        profiles.append(Profile(SHIFT_DIFFERENTIAL, hours, hours * _night_premium(year) // 100))
    return profiles


def expected_accounts(profiles: Sequence[Profile]) -> dict[str, int]:
    """Cents by payroll account whose sum is that of the profiles' dollars."""
    balances = {
        _MANAGER_ACCOUNT: sum(p.dollars for p in profiles if p.name == MANAGER),
        _ACCOUNTS[DIFFERENTIAL]: sum(p.dollars for p in profiles if p.name == SHIFT_DIFFERENTIAL),
    }
    hourly = sum(p.dollars for p in profiles) - sum(balances.values())
    balances[_ACCOUNTS[OVERTIME]] = per_mille(hourly, _OVERTIME_SHARE * 3 // 2)
    balances[_ACCOUNTS[TIME_OFF]] = per_mille(hourly, _TIME_OFF_SHARE)
    balances[_ACCOUNTS[REGULAR]] = hourly - balances[_ACCOUNTS[OVERTIME]] - balances[_ACCOUNTS[TIME_OFF]]
    return balances


def _salaried_day(day: date, rate: int, chance: Random) -> Iterator[Paid]:
    if day.weekday() < 5:
        pay_type = TIME_OFF if one_in(25, chance) else REGULAR
        yield Paid(MANAGER, day, pay_type, _WORKDAY_HOURS, _WORKDAY_HOURS * rate // 100)


def _hourly_day(position: Position, rate: int, day: date, staffing: int, chance: Random) -> Iterator[Paid]:
    title = position.title
    busy = (day_weight(position.pattern, day) + 1000) * staffing // 2000
    hours = max(200, _quarters(per_mille(position.hours, varied(busy, 50, chance))))
    overtime = _quarters(hours * 18 // 100) if one_in(6, chance) else 0
    for worked in _employees(hours - overtime):
        yield Paid(title, day, REGULAR, worked, worked * rate // 100)
    if overtime:
        yield Paid(title, day, OVERTIME, overtime, overtime * rate * 3 // 200)
    if below(_WORKDAY_HOURS * 1000, chance) < position.hours * _TIME_OFF_SHARE:
        yield Paid(title, day, TIME_OFF, _WORKDAY_HOURS, _WORKDAY_HOURS * rate // 100)
    if position.works_nights and one_in(2, chance):
        yield Paid(title, day, DIFFERENTIAL, _WORKDAY_HOURS, _WORKDAY_HOURS * _night_premium(day.year) // 100)
    if one_in(200, chance):
        yield Paid(title, day, REGULAR, -200, -2 * rate)


def _employees(hours: int) -> Iterator[int]:
    """`hours` in up to three rows: the source has several rows per title, day and pay type."""
    rows = min(3, 1 + hours // 1600)
    share = _quarters(hours // rows)
    for _ in range(rows - 1):
        yield share
    yield hours - share * (rows - 1)


def _quarters(hours: int) -> int:
    return hours // 25 * 25


def _night_premium(year: int) -> int:
    return per_mille(NIGHT_PREMIUM, price_level(year))
