"""When a stored P&L is behind: its inputs, the month of its site, or the settings in force have moved on.

Source: Data model, "Results and snapshots".
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfoNotFoundError

from sqlalchemy import Connection

from shared_code.clock import business_date
from shared_code.domain.expense_rows import InsuranceRates
from shared_code.domain.months import months_of_year, period_of
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import CALCULATION_VERSION
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.storage import pnl_inputs, pnl_results, versions
from shared_code.storage.pnl_inputs import PublishedMonths
from shared_code.storage.pnl_results import SiteYearStamp
from shared_code.storage.versions import SiteYear


@dataclass(frozen=True, slots=True)
class Calendar:
    """The business date of every site; `invalid` names sites with a time zone that does not exist."""

    dates: Mapping[str, date]
    invalid: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the site-years asked for would be computed from now, and which of them are behind.

    `late` also holds sites of an invalid time zone, whose P&L cannot be computed.
    """

    calendar: Calendar
    published: PublishedMonths
    stamps: Mapping[SiteYear, SiteYearStamp]
    late: frozenset[SiteYear]


def behind(runtime: Runtime, scope: SiteScope, years: Collection[int]) -> frozenset[SiteYear]:
    """The site-years of `years` in `scope` whose stored P&L is not what its inputs give now, or is not there."""
    with runtime.database.reading() as connection:
        return freshness(runtime, connection, scope, years).late


def freshness(runtime: Runtime, connection: Connection, scope: SiteScope, years: Collection[int]) -> Freshness:
    """Compare what is stored with what it would be computed from now.

    The versions are read first: inputs that change afterwards leave the result behind, never wrongly fresh.
    """
    calendar = site_calendar(runtime, connection, scope)
    known = [(site_id, year) for site_id in (*calendar.dates, *calendar.invalid) for year in years]
    inputs = versions.inputs_versions(connection, scope, known)
    published = pnl_inputs.published_months(connection, years)
    stored = pnl_results.stamps(connection, scope, years)
    months = {site_id: period_of(today) for site_id, today in calendar.dates.items()}
    hashes = {
        (year, month): settings_hash(runtime.settings, published, year, month)
        for year in years
        for month in set(months.values())
    }
    wanted = {
        (site_id, year): SiteYearStamp(inputs[site_id, year], months[site_id], hashes[year, months[site_id]])
        for site_id, year in known
        if site_id in months
    }
    late = frozenset(key for key in known if key not in wanted or _is_behind(stored.get(key), wanted[key]))
    return Freshness(calendar, published, wanted, late)


def site_calendar(runtime: Runtime, connection: Connection, scope: SiteScope) -> Calendar:
    """Today's date at every site of `scope`, in its own time zone or in that of the company."""
    zones = pnl_inputs.time_zones(connection, scope)
    dates: dict[str, date] = {}
    unknown: set[str] = set()
    by_zone: dict[str, date] = {}
    for zone in {zone or runtime.settings.business_time_zone for zone in zones.values()}:
        try:
            by_zone[zone] = business_date(runtime.clock, zone)
        except (ZoneInfoNotFoundError, ValueError):
            unknown.add(zone)
    invalid: dict[str, str] = {}
    for site_id, own_zone in zones.items():
        zone = own_zone or runtime.settings.business_time_zone
        if zone in unknown:
            invalid[site_id] = zone
        else:
            dates[site_id] = by_zone[zone]
    return Calendar(dates, invalid)


def insurance_rates(settings: Settings) -> InsuranceRates:
    """Insurance in percent of payroll as it is set."""
    return InsuranceRates(settings.insurance_rate_management, settings.insurance_rate_other)


def settings_hash(settings: Settings, published: PublishedMonths, year: int, business_month: str) -> str:
    """What holds for the calculation of `year` at all sites alike, as a SHA-256 in hexadecimal digits.

    That is the version of the formulas, the calculation settings, and for which begun months the sources have
    published at all: a first publication turns unavailable figures into zeros, also of sites without a row in it. The
    year before counts too, because shares and caps by anniversary accumulate over its months.
    """
    rates = insurance_rates(settings)
    begun = [month for y in (year - 1, year) for month in months_of_year(y) if month <= business_month]
    basis = {
        "calculation": CALCULATION_VERSION,
        "insuranceRates": [str(rates.management_agreement.normalize()), str(rates.other.normalize())],
        "budget": [published.has_budget(year - 1), published.has_budget(year)],
        "ledger": [month for month in begun if published.has_ledger(month, business_month)],
    }
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()


def _is_behind(stored: SiteYearStamp | None, wanted: SiteYearStamp) -> bool:
    return (
        stored is None
        or stored.inputs_version < wanted.inputs_version
        or stored.business_month != wanted.business_month
        or stored.settings_hash != wanted.settings_hash
    )
