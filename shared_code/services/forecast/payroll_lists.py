"""Job families with their codes and groups, and the job codes of a site with their rates.

Source: REST API, "Payroll".
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.months import period_of
from shared_code.domain.payroll_days import BillableRate, billable_rates
from shared_code.domain.rates_in_force import DatedRate, RateMethod
from shared_code.services.forecast.payroll_rows import UNMAPPED
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime
from shared_code.storage import payroll_reading, rates
from shared_code.storage.contracts import contract_in_force, load_contracts
from shared_code.storage.job_families import FamilyCode, StoredFamily, all_families, codes_of_families
from shared_code.storage.payroll_reading import DescribedCode
from shared_code.storage.rates import PairRates


@dataclass(frozen=True, slots=True)
class JobFamily:
    """A family with its codes in their order; the one of the codes without a family has the id `unmapped`."""

    family: StoredFamily
    codes: tuple[FamilyCode, ...]

    @property
    def groups(self) -> list[tuple[str, str]]:
        """Id and title of the groups to which its codes belong, by title."""
        found = {(code.group_title, code.group_id) for code in self.codes if code.group_id and code.group_title}
        return [(group_id, title) for title, group_id in sorted(found)]


@dataclass(frozen=True, slots=True)
class SiteCode:
    """A job code of a site, its rate in force today, and what the client pays for its hours this month."""

    code: DescribedCode
    rate: DatedRate | None
    billable: BillableRate | None


def job_families(runtime: Runtime) -> list[JobFamily]:
    """All active families by name, and last the codes that belong to none."""
    with runtime.database.reading() as connection:
        families = all_families(connection)
        by_family: defaultdict[str | None, list[FamilyCode]] = defaultdict(list)
        known = {family.family_id for family in families}
        for code in codes_of_families(connection):
            by_family[code.family_id if code.family_id in known else None].append(code)
    found = [JobFamily(family, tuple(by_family[family.family_id])) for family in families]
    if by_family[None]:
        found.append(JobFamily(_NO_FAMILY, tuple(by_family[None])))
    return found


def site_job_codes(
    runtime: Runtime, site: OpenSite, *, with_inactive: bool, limit: int, offset: int
) -> tuple[list[SiteCode], int]:
    """A page of the site's job codes by code, and how many there are."""
    today = site.business_date
    with runtime.database.reading() as connection:
        page, total = payroll_reading.page_of_codes(
            connection, site.scope, site.site_id, with_inactive=with_inactive, limit=limit, offset=offset
        )
        names = [code.job_code for code in page]
        in_force = {row.job_code_id: row for row in rates.pair_rates(connection, site.scope, today, names)}
        contracts = load_contracts(connection, site.scope, [site.site_id]).get(site.site_id, ())
    billable = billable_rates(contract_in_force(contracts, period_of(today)), period_of(today))
    return [_site_code(code, in_force, billable) for code in page], total


def _site_code(
    code: DescribedCode, in_force: Mapping[str, PairRates], billable: Mapping[str, BillableRate]
) -> SiteCode:
    pair = in_force.get(code.job_code)
    return SiteCode(code, None if pair is None else _rate(pair), billable.get(job_code_key(code.job_code)))


def _rate(pair: PairRates) -> DatedRate | None:
    """Entered rates come before calculated ones, and those before the default.

    Source: Calculations, "Rate in force".
    """
    row = pair.entered or pair.calculated
    if row is not None:
        return row.rate
    return None if pair.default_rate is None else DatedRate(pair.default_rate, RateMethod.DEFAULT, None)


_NO_FAMILY: Final = StoredFamily("unmapped", UNMAPPED, is_productive=False, is_salaried=False, source="manual")
