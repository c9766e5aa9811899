"""`townepark pnl`: the P&L of sites."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated

import typer
from rich.table import Table

from cli import output
from cli.arguments import AsJson, ready_runtime
from cli.failures import FAILED
from shared_code.domain.months import FIRST_YEAR, LAST_YEAR
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import NotFoundError
from shared_code.services.periods import parse_period
from shared_code.services.pnl_rollup import OrganizationPnl
from shared_code.services.pnl_table import PnlLine
from shared_code.services.pnl_view import SitePnl, site_pnl
from shared_code.services.refresh_pnl import RefreshReport, refresh_pnl
from shared_code.services.runtime import Runtime
from shared_code.storage import sites

app = typer.Typer(help="The P&L of sites.", no_args_is_help=True)


@app.command()
def refresh(
    year: Annotated[int, typer.Option("--year", min=FIRST_YEAR, max=LAST_YEAR, help="The year.")],
    site: Annotated[list[str] | None, typer.Option("--site", help="A site; may be given several times.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Compute also what is not behind.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compute and store the P&L of every site-year that is behind; ends with 1 when a site could not be computed."""
    runtime = ready_runtime()
    with output.bars() as bars:
        chosen = known_sites(runtime, site)
        report = refresh_pnl(
            runtime,
            [(site_id, year) for site_id in chosen],
            force=force,
            progress=lambda done, total: bars.show("P&L", done, total),
        )
    if as_json:
        document = output.plain(report)
        document["superseded"] = len(report.superseded)
        output.print_json(document)
    else:
        show_refresh(report)
    if report.errors:
        raise typer.Exit(FAILED)


@app.command()
def show(
    site: Annotated[str, typer.Option("--site", help="The site.")],
    period: Annotated[str, typer.Option("--period", help="A month, quarter or year: 2025-04, 2025-Q2, 2025.")],
    view: Annotated[str, typer.Option("--view", help="trend, forecast, budget, actual or prior-year.")] = "trend",
    breakdown: Annotated[bool, typer.Option("--breakdown", help="How each figure came about.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a site's P&L beside its budget; figures that are behind their inputs are computed first."""
    runtime = ready_runtime()
    pnl = site_pnl(
        runtime,
        SiteScope.all_sites(),
        site.strip().upper(),
        parse_period(period),
        view=view,
        with_breakdown=breakdown,
    )
    if as_json:
        output.print_json(pnl)
        return
    show_pnl(pnl)
    if breakdown:
        show_breakdown(pnl)


def known_sites(runtime: Runtime, wanted: list[str] | None) -> list[str]:
    """The sites asked for, or all; raises `NotFoundError` for one that there is not."""
    with runtime.database.reading() as connection:
        known = sites.site_ids(connection, SiteScope.all_sites())
    if not wanted:
        return known
    chosen = [site.strip().upper() for site in wanted]
    missing = sorted(set(chosen) - set(known))
    if missing:
        raise NotFoundError(f"There is no site {', '.join(missing)}", code="SITE_NOT_FOUND", field="site")
    return chosen


def show_refresh(report: RefreshReport) -> None:
    """Print what a refresh came to, and the sites that could not be computed."""
    output.out.print(
        f"{report.computed:,} of {report.asked:,} site-years were behind; {report.changed:,} site-months changed, "
        f"{report.written:,} results written"
    )
    for error in report.errors:
        output.complain(error.message, f"{error.site_id} {error.year}")


def show_pnl(pnl: SitePnl) -> None:
    """Print the columns half a year at a time, then totals beside the comparison. Dollars without cents."""
    output.out.print(
        f"{pnl.site_id} {pnl.site_name}: P&L {pnl.period}, {pnl.view} against {pnl.compare or 'nothing'}", style="bold"
    )
    for start in range(0, len(pnl.columns), MONTHS_SIDE_BY_SIDE):
        shown = slice(start, start + MONTHS_SIDE_BY_SIDE)
        headings = [f"{column.label}{_MARKS[column.kind]}" for column in pnl.columns[shown]]
        _table(headings, [(line.name, *[_whole(value.value) for value in line.values[shown]]) for line in pnl.lines])
    _show_total_columns(pnl)
    output.out.print("* actual, ~ running month: actual days and forecast; the others are forecast")
    for warning in pnl.warnings:
        output.out.print(f"  {warning.code}: {warning.message}")


def show_totals(pnl: OrganizationPnl) -> None:
    """Print the totals of an organisation: the sums of its sites."""
    output.out.print(
        f"\n{pnl.name}: P&L {pnl.period} of {pnl.site_count} sites, {pnl.view} against {pnl.compare or 'nothing'}",
        style="bold",
    )
    _show_total_columns(pnl)


def _show_total_columns(pnl: SitePnl | OrganizationPnl) -> None:
    headings = ["Total", "Actual part", (pnl.compare or "").title(), "Variance", "%", "% of internal"]
    _table(headings, [(line.name, *_totals(line)) for line in pnl.lines])


MONTHS_SIDE_BY_SIDE = 6
_MARKS = {"actual": "*", "trend": "~", "forecast": ""}


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    table.add_column("$", min_width=24, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", min_width=10, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    output.out.print(table)
    output.out.print()


def _totals(line: PnlLine) -> tuple[str, ...]:
    variance, percent = line.total.variance, line.percent_of_internal_revenue
    return (
        _whole(line.total.value),
        _whole(line.actual_subtotal),
        _whole(line.total.comparison),
        "" if variance is None else _whole(variance.amount),
        "" if variance is None or variance.percent is None else f"{variance.percent:+.1f}",
        "" if percent is None else f"{percent:.1f}",
    )


def show_breakdown(pnl: SitePnl) -> None:
    """Print, row by row and month by month, the accounts or components that make a figure up."""
    for line in pnl.lines:
        if line.breakdown:
            _show_line(line)


def _show_line(line: PnlLine) -> None:
    output.out.print(f"\n{line.name}", style="bold")
    values = {value.period: value.value for value in line.values}
    for month in line.breakdown or ():
        output.out.print(f"  {month.period}  {_cents(values.get(month.period))}")
        for account in month.accounts:
            output.out.print(f"    {account.account} {account.name:<40} {_cents(account.amount):>16}")
        for part in month.components:
            output.out.print(f"    {part.label:<45} {_cents(part.amount):>16}")
            for step in steps_of(part.detail or {}):
                _show_step(step)


def _show_step(step: str) -> None:
    """A step of a calculation; a long sum has each of its addends on a line of its own."""
    figure, equals, formula = step.partition(" = ")
    addends = re.split(r" \+ (?![^(]*\))", formula)
    if len(addends) <= ADDENDS_ON_A_LINE:
        output.out.print(f"      {_grouped(step)}", soft_wrap=True)
        return
    output.out.print(f"      {_grouped(figure)}{equals.rstrip()}", soft_wrap=True)
    for number, addend in enumerate(addends):
        output.out.print(f"        {'+' if number else ' '} {_grouped(addend)}", soft_wrap=True)


def _grouped(text: str) -> str:
    """The amounts in `text` with commas between their thousands; numbers of accounts and years have no decimals."""
    return re.sub(r"(?<![\d.])(\d{4,}(?=\.\d)|\d{5,})(?!\d)", lambda found: f"{int(found[0]):,}", text)


ADDENDS_ON_A_LINE = 3

FORMULA = "Formula"
"""What the name of a formula ends in; what it gives has the same name without it."""


def steps_of(detail: Mapping[str, str]) -> list[str]:
    """The inputs and steps of a component, one a line: `insurance: 4529.14 = 4418.67 × (1 + 2.5 %)`."""
    return [
        f"{_words(name)}: {value}" + (f" = {detail[name + FORMULA]}" if name + FORMULA in detail else "")
        for name, value in detail.items()
        if not name.endswith(FORMULA)
    ]


def _words(name: str) -> str:
    """A name of JSON as people read it; codes in capitals stay as they are."""
    return name if name.upper() == name else re.sub(r"(?<=[a-z])([A-Z0-9])", r" \1", name).lower()


def _whole(value: Decimal | None) -> str:
    return "n/a" if value is None else f"{value:,.0f}"


def _cents(value: Decimal | None) -> str:
    return "n/a" if value is None else f"{value:,.2f}"
