"""The P&L of a site and of an organisation as tables: a row for each line and kind of figure, a column for each month.

Source: REST API, "P&L" and "Audit and export".
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from shared_code.domain.variance import Variance
from shared_code.services.exports.contents import Contents, compared_view
from shared_code.services.exports.contract_terms import TERM_COLUMNS, term_rows
from shared_code.services.exports.request import ExportRequest
from shared_code.services.exports.table import Cell, Row, Section, heading_of
from shared_code.services.exports.table import Column as TableColumn
from shared_code.services.periods import Period, parse_period
from shared_code.services.pnl_families import VIEWS, Family
from shared_code.services.pnl_parts import RevenueParts, read_parts
from shared_code.services.pnl_rollup import OrganizationPart, OrganizationPnl, PartsPage, organization_pnl
from shared_code.services.pnl_salaries import with_pay_masked
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import Column, LineTotal, LineValue, PnlLine
from shared_code.services.pnl_view import site_pnl
from shared_code.services.rollup_members import RollupFilters
from shared_code.services.runtime import Runtime

PART_COLUMNS: Final = tuple(TableColumn(name) for name in ("Line", "Month", "Part", "Name", "Source", "Amount"))
VEHICLE_COLUMNS: Final = tuple(
    TableColumn(name) for name in ("Month", "Category", "Vehicles", "Rate", "Rate source", "Amount")
)
CHILD_COLUMNS: Final = tuple(
    TableColumn(name)
    for name in ("Level", "Id", "Name", "FLC", "FLC variance", "FLC variance percent", "Internal revenue")
)
SITE_COLUMNS: Final = (TableColumn("Site"), TableColumn("Code"))


def site_pnl_contents(runtime: Runtime, request: ExportRequest, site: OpenSite, periods: Sequence[Period]) -> Contents:
    """The P&L of the site, with what its lines are made of when that is asked for; raises as `site_pnl`."""
    (period,), options = periods, request.options
    with_breakdown = "breakdown" in options["include"]
    pnl = site_pnl(
        runtime,
        site.scope,
        site.site_id,
        period,
        view=options["view"],
        compare=options["compare"],
        with_breakdown=with_breakdown,
    )
    pnl, shows_pay = with_pay_masked(runtime, site, pnl, reads_pay=request.reads_pay)
    sections = [_lines_section(pnl.columns, pnl.lines)]
    if with_breakdown:
        family = VIEWS[options["view"]]
        parts = read_parts(runtime, site, [(family, family.months(period.months))])
        sections.append(Section("Breakdown", PART_COLUMNS, [row for line in pnl.lines for row in _part_rows(line)]))
        sections.append(Section("Vehicles and rates", VEHICLE_COLUMNS, list(_vehicle_rows(period, family, parts))))
        sections.append(Section("Contract terms", TERM_COLUMNS, list(_contract_rows(period, family, parts))))
    return Contents(compared_view(pnl.view, pnl.compare), tuple(sections), pnl.warnings, shows_pay=shows_pay)


def rollup_contents(runtime: Runtime, request: ExportRequest) -> Contents:
    """The P&L of the organisation over the sites of the request's user; raises as `organization_pnl`."""
    options = request.options
    with_children = "children" in options["include"]
    pnl = organization_pnl(
        runtime,
        request.scope,
        request.organization_level or "",
        request.organization_id or "",
        parse_period(request.periods[0]),
        view=options["view"],
        compare=options["compare"],
        filters=RollupFilters(**{name: tuple(options[name]) for name in RollupFilters.__slots__}),
        children=PartsPage(options["page"], options["limit"]) if with_children else None,
    )
    facts = (
        ("Organization", f"{pnl.organization_level} {pnl.organization_id} {pnl.name}"),
        ("Sites", f"{pnl.site_count}, of which {len(pnl.failed_sites)} could not be computed"),
    )
    sections = tuple(_rollup_sections(pnl, with_children=with_children))
    return Contents(compared_view(pnl.view, pnl.compare), sections, pnl.warnings, facts)


def _rollup_sections(pnl: OrganizationPnl, *, with_children: bool) -> Iterator[Section]:
    yield _lines_section(pnl.columns, pnl.lines)
    if with_children:
        title = f"Children, {len(pnl.children)} of {pnl.children_total}"
        yield Section(title, CHILD_COLUMNS, [_child_row(child) for child in pnl.children])
    if pnl.failed_sites:
        failed = [(site.site_id, site.code) for site in pnl.failed_sites]
        yield Section("Sites that could not be computed", SITE_COLUMNS, failed)
    if pnl.sites_without_forecast:
        rows = [(site_id,) for site_id in pnl.sites_without_forecast]
        yield Section("Sites without forecast", SITE_COLUMNS[:1], rows)


def _lines_section(months: Sequence[Column], lines: Sequence[PnlLine]) -> Section:
    columns = (
        TableColumn("Line"),
        TableColumn("Figures"),
        *[TableColumn(f"{month.period} ({month.kind})") for month in months],
        TableColumn("Total"),
        TableColumn("Actual subtotal"),
        TableColumn("Percent of internal revenue"),
    )
    return Section("P&L", columns, [row for line in lines for row in _line_rows(line)])


def _line_rows(line: PnlLine) -> Iterator[Row]:
    values = [value.value for value in line.values]
    yield line.name, "Value", *values, line.total.value, line.actual_subtotal, line.percent_of_internal_revenue
    yield line.name, "Source", *[value.source.value for value in line.values], None, None, None
    for label, cell_of in _COMPARED:
        cells = [*[cell_of(value) for value in line.values], cell_of(line.total)]
        if any(cell is not None for cell in cells):
            yield line.name, label, *cells, None, None


def _severity(variance: Variance | None) -> Cell:
    if variance is None or variance.severity is None:
        return None
    return f"{variance.severity.value}, {'favorable' if variance.favorable else 'unfavorable'}"


_COMPARED: Final[tuple[tuple[str, Callable[[LineValue | LineTotal], Cell]], ...]] = (
    ("Comparison", lambda one: one.comparison),
    ("Variance", lambda one: None if one.variance is None else one.variance.amount),
    ("Variance percent", lambda one: None if one.variance is None else one.variance.percent),
    ("Severity", lambda one: _severity(one.variance)),
)
"""The rows of a line that say how it compares; one without any cell is left out."""


def _part_rows(line: PnlLine) -> Iterator[Row]:
    for month in line.breakdown or ():
        for account in month.accounts:
            yield line.name, month.period, account.account, account.name, None, account.amount
        for part in month.components:
            yield line.name, month.period, part.component, part.label, part.source, part.amount


def _vehicle_rows(period: Period, family: Family, parts: RevenueParts) -> Iterator[Row]:
    for shown, month in zip(period.months, family.months(period.months), strict=True):
        for part in parts.categories(family, month):
            category = heading_of(part.category.value)
            yield shown, category, part.count, part.rate, part.source.value, part.amount


def _contract_rows(period: Period, family: Family, parts: RevenueParts) -> Iterator[Row]:
    for shown, month in zip(period.months, family.months(period.months), strict=True):
        yield from term_rows(shown, parts.components(family, month))


def _child_row(child: OrganizationPart) -> Row:
    variance = child.flc_variance
    return (
        child.level,
        child.id,
        child.name,
        child.flc,
        None if variance is None else variance.amount,
        None if variance is None else variance.percent,
        child.internal_revenue,
    )
