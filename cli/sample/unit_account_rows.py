"""The ledger master, its mirror, and the unit accounts of a month that are checked against them.

Every third month (March, June, ...) the first site has a missing, an inactive and a malformed account; the other
months are valid.

Source: Source side, "Ledger master (`TP_EDW.dbo`, connection `ledger`)" and "Validation of unit accounts".
"""

from collections.abc import Iterator
from datetime import date

from cli.sample.accounts import ACCOUNT_NAMES, CHART
from cli.sample.parking import ParkingTotals
from cli.sample.sites import TOWNE, SampleSite
from cli.sample.writing import SampleRow

_UNIT_PREFIXES = ("944", "95")
_INACTIVE_ACCOUNT = "9599"
_MIRROR_ONLY_ACCOUNT = "9580"
_UNIT_CATEGORIES = {"944": "Rooms", "95": "Vehicles"}


def ledger_account_rows(site: SampleSite) -> Iterator[SampleRow]:
    """Rows of `vwGL_ACCOUNTS`; one unit account of some sites is known to the mirror only."""
    source = site.company.db_source
    for account, _, _ in CHART:
        if not (account == _MIRROR_ONLY_ACCOUNT and _has_mirror_only_account(site)):
            yield (site.gl_string(account), "Active", source)
    if site.number == 0:
        yield (site.gl_string(_INACTIVE_ACCOUNT), "Inactive ", source)


def mirror_rows(site: SampleSite) -> Iterator[SampleRow]:
    """Rows of `GL00100`, blank-padded segments: the accounts of one company."""
    if site.company is TOWNE:
        for account, _, _ in CHART:
            yield (f"{TOWNE.prefix:<9}", f"{site.code:<9}", f"{account:<9}", " " * 9, " " * 9, 1)


def unit_rows(site: SampleSite, period: str, on: date, parking: ParkingTotals) -> Iterator[SampleRow]:
    """Rows of `GP_STATS` for a month, dated `on`: rooms and vehicles by account."""
    for account, value in parking.statistics().items():
        if account.startswith(_UNIT_PREFIXES):
            yield _unit_row(site, on, account, site.gl_string(account), value)
    if site.number == 0 and int(period[5:]) % 3 == 0:
        yield _unit_row(site, on, _INACTIVE_ACCOUNT, site.gl_string(_INACTIVE_ACCOUNT), 0)
        yield _unit_row(site, on, "9510", f"{site.company.prefix}-9999-9510", 100)
        yield _unit_row(site, on, "9520", f"{site.company.prefix}_{site.code}_9520", 100)


def _unit_row(site: SampleSite, on: date, account: str, gl_string: str, value: int) -> SampleRow:
    name = ACCOUNT_NAMES.get(account, "Vehicles, closed account")
    category = next(text for prefix, text in _UNIT_CATEGORIES.items() if account.startswith(prefix))
    return (on.isoformat(), site.code, account, name, category, gl_string, value, name, "Active")


def _has_mirror_only_account(site: SampleSite) -> bool:
    return site.company is TOWNE and site.number % 4 == 1
