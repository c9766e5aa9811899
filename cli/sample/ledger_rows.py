"""Rows of the budget tables and of the posted ledger, with the entities, duplicates and gaps of the real ones.

Source: Source side, "Finance (`TP_EDW.dbo`)".
"""

from collections.abc import Iterator, Sequence
from random import Random

from cli.sample.accounts import UNCATEGORISED_ACCOUNT
from cli.sample.chance import below, one_in, per_mille, stream, varied
from cli.sample.labor import (
    Paid,
    Profile,
    expected_accounts,
    expected_profiles,
    payroll_accounts,
    worked_hours,
)
from cli.sample.ledger import MonthFigures, balances, expected_claims, expenses
from cli.sample.parking import ParkingTotals, expected_totals
from cli.sample.sites import SampleSite
from cli.sample.staffing import JOBS, SHIFT_DIFFERENTIAL
from cli.sample.writing import SampleRow

_OPERATING_ENTITY, _SHARED_ENTITY = "01", "02"
_SHARED_ACCOUNTS = frozenset({"6399", "6500", "7080", "7085"})
_POSTED_TWICE = frozenset({"6000", "6005", "6200"})
_EXPENSE_SPREAD = 70  # per mille


def budget_rows(site: SampleSite, period: str, seed: int) -> Iterator[SampleRow]:
    """Rows of `BUDGET_FINAL` for a month; office supplies of every other site come in two rows.

    Fault: about one row in 500 is followed by one without a balance.
    """
    chance = stream(seed, site.number, period, "budget rows")
    year = int(period[:4])
    demand, _ = _planned_shares(site, year, seed)
    profiles = planned_profiles(site, period, seed)
    hours = sum(profile.hours for profile in profiles if profile.name != SHIFT_DIFFERENTIAL)
    parking = expected_totals(site, period).scaled(demand)
    planned = balances(site, year, MonthFigures(parking, expected_accounts(profiles), hours), lambda cents: cents)
    if site.has_valet:
        planned["7100"] = expected_claims(site)
    yyyymm = period.replace("-", "")
    for account, balance in planned.items():
        if account == "7113" and site.number % 2:
            yield (site.code, yyyymm, account, balance // 3)
            yield (site.code, yyyymm, account, balance - balance // 3)
        else:
            yield (site.code, yyyymm, account, balance)
        if one_in(500, chance):
            yield (site.code, yyyymm, account, None)


def payroll_budget_rows(site: SampleSite, period: str, seed: int) -> Iterator[SampleRow]:
    """Rows of `BUDGET_DATATAB_PR` for a month: hours, dollars, and headcount, which is not read."""
    year, month = int(period[:4]), int(period[5:])
    headcount = {position.title: 100 * position.headcount for position in site.positions}
    for profile in planned_profiles(site, period, seed):
        category = JOBS[profile.name][1] if profile.name in JOBS else "Premium"
        key = (site.code, year, month, category, profile.name)
        yield (*key, "PR Hours", profile.hours)
        yield (*key, "Payroll", profile.dollars)
        yield (*key, "Headcount", headcount.get(profile.name, 0))


def planned_profiles(site: SampleSite, period: str, seed: int) -> list[Profile]:
    """The payroll budget of a month: the expected month, planned a little too low or too high for the whole year."""
    _, staffing = _planned_shares(site, int(period[:4]), seed)
    return [
        Profile(profile.name, per_mille(profile.hours, staffing), per_mille(profile.dollars, staffing))
        for profile in expected_profiles(site, period)
    ]


def blank_budget_row(year: int) -> SampleRow:
    """A row of `BUDGET_FINAL` that belongs to no site."""
    return ("", f"{year:04d}01", "7113", 12_345)


def closed_month_rows(
    site: SampleSite, period: str, parking: ParkingTotals, paid: Sequence[Paid], seed: int
) -> Iterator[SampleRow]:
    """Rows of `ACCOUNT_SUMMARY` for a closed month, by account, entity and posting.

    Internal revenue of about one month in 60 carries a credit note, a row with the opposite sign. Fault: some sites
    post to an account without a category.
    """
    chance = stream(seed, site.number, period, "ledger")
    figures = MonthFigures(parking, payroll_accounts(paid), worked_hours(paid))
    posted = balances(site, int(period[:4]), figures, lambda cents: varied(cents, _EXPENSE_SPREAD, chance))
    posted |= _claims(site, chance)
    for account, balance in sorted(posted.items()):
        yield from _postings(site, period, account, balance)
    if one_in(60, chance):
        yield _posting(site, period, "4790", 50_000, index=9)
    if site.number % 12 == 5:
        yield _posting(site, period, UNCATEGORISED_ACCOUNT, 12_500)


def current_month_rows(site: SampleSite, period: str, days_gone: int, seed: int) -> Iterator[SampleRow]:
    """Rows of `ACCOUNT_SUMMARY` for the running month after `days_gone` days: rent, claims and some expenses."""
    chance = stream(seed, site.number, period, "ledger")
    posted = expenses(site, int(period[:4]), lambda cents: varied(cents, _EXPENSE_SPREAD, chance))
    for account, balance in posted.items():
        if days_gone > 0 and (account == "7170" or below(31, chance) < days_gone):
            yield _posting(site, period, account, balance)
    for account, balance in _claims(site, chance).items():
        if below(31, chance) < days_gone:
            yield _posting(site, period, account, balance)


def _planned_shares(site: SampleSite, year: int, seed: int) -> tuple[int, int]:
    """How the budget of a year sees demand and staffing, per mille of what to expect."""
    chance = stream(seed, site.number, year, "plan")
    return varied(1000, 30, chance), varied(1000, 25, chance)


def _claims(site: SampleSite, chance: Random) -> dict[str, int]:
    """Cents of damage in none to two cases, now and then with a recovery."""
    damage = sum(20_000 + below(60_000, chance) for _ in range(below(3, chance)))
    if not site.has_valet or not damage:
        return {}
    claims = {"7100": damage}
    if one_in(5, chance):
        claims["7099"] = -damage // 6
    if one_in(6, chance):
        claims["7101"] = damage // 10
    return claims


def _postings(site: SampleSite, period: str, account: str, balance: int) -> Iterator[SampleRow]:
    if account in _SHARED_ACCOUNTS:
        shared = balance // 10
        yield _posting(site, period, account, balance - shared)
        yield _posting(site, period, account, shared, entity=_SHARED_ENTITY)
    elif account in _POSTED_TWICE:
        first = balance * 12 // 25
        yield _posting(site, period, account, first)
        yield _posting(site, period, account, balance - first, index=2)
    else:
        yield _posting(site, period, account, balance)


def _posting(
    site: SampleSite, period: str, account: str, balance: int, *, entity: str = _OPERATING_ENTITY, index: int = 1
) -> SampleRow:
    account_index = 10 * int(account) + index
    return (site.code, int(period.replace("-", "")), account, balance, entity, account_index)
