"""What must hold of the stored P&L: it is what its inputs give, and an organisation is the sum of its sites.

Only what the versions call current is judged: the rest is computed before anybody reads it.

Source: Data model, "Results and snapshots"; Calculations, "Roll-up".
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from shared_code.clock import business_date
from shared_code.domain import quality_rules as rules
from shared_code.domain.errors import CalculationError
from shared_code.domain.months import period_of
from shared_code.domain.quality_rules import Rule
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario, compute_site_year
from shared_code.domain.site_year_inputs import SiteYearInputs
from shared_code.services.cycle_search import no_cycle_search
from shared_code.services.periods import Period, PeriodType, parse_period
from shared_code.services.pnl_freshness import Freshness, freshness, insurance_rates
from shared_code.services.pnl_rollup import OrganizationPnl, organization_pnl
from shared_code.services.pnl_table import line_code
from shared_code.services.runtime import Runtime
from shared_code.storage import pnl_inputs, pnl_results
from shared_code.storage.pnl_results import MEASURES, StoredComponent, StoredMonth
from shared_code.storage.quality.check import Finding, cut
from shared_code.storage.quality.result_checks import SOURCE, OrganisationMonth, organisation_sums, organisations_with
from shared_code.storage.versions import SiteYear

T = TypeVar("T", StoredMonth, StoredComponent)

SAMPLE_SITE_YEARS: Final = 20
"""Site-years that are computed again in one validation."""

ALL: Final = SiteScope.all_sites()

_VIEWS: Final = {"company": Scenario.TREND, "region": Scenario.FORECAST, "district": Scenario.ACTUAL}
"""The scenario whose roll-up is looked at on each level, beside the budget that it is compared with."""


def recalculated_sample(runtime: Runtime, seed: str) -> list[Finding]:
    """Cells of a sample of current site-years, chosen by `seed`, that are stored as something else than computed.

    Nothing is stored. A site-year that moves on meanwhile is not judged.
    """
    state = _current(runtime, ALL, _years(runtime))
    by_year: defaultdict[int, list[str]] = defaultdict(list)
    for site_id, year in sorted(_judged(state), key=lambda key: _rank(seed, *key))[:SAMPLE_SITE_YEARS]:
        by_year[year].append(site_id)
    return cut([finding for year in sorted(by_year) for finding in _differing(runtime, year, sorted(by_year[year]))])


def rolled_up_sums(runtime: Runtime, seed: str) -> list[Finding]:
    """Cells of the company, a region and a district in which the roll-up is not the sum that the database finds.

    `seed` chooses the region and the district. What differs is looked at twice: a load in between is no breach.
    """
    year = _years(runtime)[0]
    period = parse_period(str(year), {PeriodType.YEAR}, field="year")
    found: list[Finding] = []
    for level, code in _organisations(runtime, seed):
        if _differing_cells(runtime, level, code, period):
            found += _differing_cells(runtime, level, code, period)
    return cut(found)


def _years(runtime: Runtime) -> tuple[int, int]:
    """This year and the next: those that are kept up to date."""
    year = business_date(runtime.clock, runtime.settings.business_time_zone).year
    return year, year + 1


def _current(runtime: Runtime, scope: SiteScope, years: Collection[int]) -> Freshness:
    with runtime.database.reading() as connection:
        return freshness(runtime, connection, scope, years)


def _judged(state: Freshness) -> set[SiteYear]:
    return set(state.stamps) - state.late


def _rank(seed: str, site_id: str, year: int) -> bytes:
    """The place of a site-year in a sample: the same for the same seed, and another for another."""
    return hashlib.sha256(f"{seed}|{site_id}|{year}".encode()).digest()


def _differing(runtime: Runtime, year: int, site_ids: Sequence[str]) -> Iterator[Finding]:
    scope = SiteScope.of(site_ids)
    with no_cycle_search(), runtime.database.reading() as connection:
        before = freshness(runtime, connection, scope, [year])
        dates = before.calendar.dates
        rates = insurance_rates(runtime.settings)
        inputs = pnl_inputs.site_year_inputs(connection, scope, year, dates, before.published, rates)
        scenarios, first, last = [str(scenario) for scenario in Scenario], f"{year}-01", f"{year}-12"
        months = _by_site(pnl_results.months(connection, scope, scenarios, first, last))
        components = _by_site(pnl_results.components(connection, scope, scenarios, first, last))
    after = _current(runtime, scope, [year])
    for site_id in site_ids:
        key = (site_id, year)
        if key in _judged(before) & _judged(after) and before.stamps[key] == after.stamps[key]:
            yield from _compared(inputs[site_id], _cells(months[site_id], components[site_id]))


def _compared(inputs: SiteYearInputs, stored: Mapping[tuple[str, str], object]) -> Iterator[Finding]:
    """The cells of a site-year, each with its components, that are not stored as they are computed."""
    rule = rules.RESULT_DIFFERS
    try:
        computed = _cells(*pnl_results.as_stored(compute_site_year(inputs)))
    except (ArithmeticError, CalculationError):
        yield _finding(rule, inputs.site_id, str(inputs.year), "calculation")
        return
    for period, field in sorted({*stored, *computed}):
        if stored.get((period, field)) != computed.get((period, field)):
            yield _finding(rule, inputs.site_id, period, field)


def _cells(months: Sequence[StoredMonth], components: Sequence[StoredComponent]) -> dict[tuple[str, str], object]:
    """Cells with their components, and what a month says of itself, by month and name (`forecast.payroll`)."""
    parts: defaultdict[tuple[str, str], list[object]] = defaultdict(list)
    for part in components:
        shown = (part.component, part.label, part.amount, part.rate_source, part.detail)
        parts[part.period, f"{part.scenario}.{part.line}"].append(shown)
    found: dict[tuple[str, str], object] = {}
    for month in months:
        found[month.period, month.scenario] = (month.internal_source, month.actual_through, month.status)
        for row in MEASURES:
            name = f"{month.scenario}.{row}"
            found[month.period, name] = (month.cells[row], parts.get((month.period, name), []))
    return found


def _by_site(rows: Iterable[T]) -> defaultdict[str, list[T]]:
    found: defaultdict[str, list[T]] = defaultdict(list)
    for row in rows:
        found[row.site_id].append(row)
    return found


def _organisations(runtime: Runtime, seed: str) -> Iterator[tuple[str, str]]:
    """The company, and by `seed` a region and a district that have sites now, where there is one."""
    yield "company", "all"
    month = period_of(business_date(runtime.clock, runtime.settings.business_time_zone))
    for level in ("region", "district"):
        with runtime.database.reading() as connection:
            codes = organisations_with(connection, ALL, level, month)
        if codes:
            yield level, min(codes, key=lambda code: _rank(seed, code, 0))


def _differing_cells(runtime: Runtime, level: str, code: str, period: Period) -> list[Finding]:
    year = period.first.year
    site_ids = {site_id for site_id, _ in _judged(_current(runtime, ALL, [year]))}
    if not site_ids:
        return []
    scope, scenario = SiteScope.of(site_ids), _VIEWS[level]
    shown = organization_pnl(runtime, scope, level, code, period, view=str(scenario), compare=str(Scenario.BUDGET))
    with runtime.database.reading() as connection:
        sums = {
            side: {
                month.period: month for month in organisation_sums(connection, scope, level, code, str(of_side), year)
            }
            for side, of_side in (("value", scenario), ("comparison", Scenario.BUDGET))
        }
    return list(_compared_sums(shown, sums))


def _compared_sums(shown: OrganizationPnl, sums: Mapping[str, Mapping[str, OrganisationMonth]]) -> Iterator[Finding]:
    lines = {line.code: line for line in shown.lines}
    for measure in MEASURES:
        for value in lines[line_code(measure)].values:
            for side, months in sums.items():
                month = months.get(value.period)
                expected = None if month is None else month.sums[measure]
                if getattr(value, side) != expected:
                    field = f"{shown.organization_level} {shown.organization_id} {measure}"[:60]
                    yield _finding(rules.ROLLUP_DIFFERS, None, value.period, field)


def _finding(rule: Rule, site_id: str | None, period: str, field: str) -> Finding:
    return Finding(SOURCE, rule.severity, rule.code, 1, site_id, period, field)


__all__ = ["SAMPLE_SITE_YEARS", "recalculated_sample", "rolled_up_sums"]
