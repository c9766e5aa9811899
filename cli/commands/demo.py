"""`townepark demo`: the main job end to end on the embedded default, from a generated warehouse to a site's P&L."""

import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cli import output
from cli.arguments import AsJson, operator, today
from cli.commands import extract as extract_command
from cli.commands import pnl as pnl_command
from cli.commands import rates as rates_command
from cli.failures import FAILED
from cli.sample.contracts import contracts_yaml
from cli.sample.generation import generate
from cli.sample.marking import is_sample, mark_as_sample
from shared_code.domain.contract import ContractType
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ConfigurationError, ConflictError, InvalidInputError
from shared_code.services.calculate_rates import calculate_rates
from shared_code.services.extraction.extract import ExtractReport, extract
from shared_code.services.extraction.feed import SliceRequest
from shared_code.services.extraction.run import Order
from shared_code.services.periods import parse_period
from shared_code.services.pnl_rollup import organization_pnl
from shared_code.services.pnl_view import site_pnl
from shared_code.services.rate_request import RateRequest
from shared_code.services.reference_data.import_table import import_table
from shared_code.services.refresh_pnl import RefreshReport, refresh_pnl
from shared_code.services.runtime import Runtime, runtime
from shared_code.storage import schema
from shared_code.storage.contracts import load_contracts

YEARS = 2


def demo(
    sites: Annotated[int, typer.Option("--sites", help="Sites of the sample warehouse, from 1 to 10,000.")] = 12,
    seed: Annotated[int, typer.Option("--seed", help="Another seed makes another sample.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Make a database and a sample warehouse, extract every feed, calculate the rates, refresh the P&L, show a site."""
    started = time.perf_counter()
    current = runtime()
    _refuse_outside_the_default(current)
    business_day = today(current)
    if not as_json:
        output.out.print(f"Sample warehouse of {sites} sites and {YEARS} years, as of {business_day}")
    _make_warehouse(current.settings.edw_sample_path, business_day, sites, seed)
    schema.upgrade(current.database.engine)
    report = _extract(current, business_day)
    _import_contracts(current, business_day, sites, seed)
    rates = calculate_rates(current, RateRequest(requested_by=operator()))
    refreshed = _refresh(current, business_day)
    site_id, year = _shown_site(current), str(business_day.year)
    everything = SiteScope.all_sites()
    pnl = site_pnl(current, everything, site_id, parse_period(year))
    company = organization_pnl(current, everything, "company", "all", parse_period(year))
    if as_json:
        output.print_json(
            {
                "asOf": business_day,
                "runs": [extract_command.run_document(outcome) for outcome in report.outcomes],
                "rates": output.in_snake_case(rates.counts),
                "refresh": {"asked": refreshed.asked, "computed": refreshed.computed, "changed": refreshed.changed},
                "pnl": pnl,
                "company": company,
            }
        )
    else:
        extract_command.show(report)
        rates_command.show(rates)
        pnl_command.show_refresh(refreshed)
        pnl_command.show_pnl(pnl)
        pnl_command.show_totals(company)
        program = output.program()
        output.out.print(
            f"\nDone in {time.perf_counter() - started:.0f} s. Go on with\n"
            f"  {program} serve\n"
            f"  {program} token --user me --role forecasting_admin   (every request to the API needs a token)\n"
            f"  {program} pnl show --site {site_id} --period {year} --breakdown"
        )
    if not report.is_good:
        raise typer.Exit(FAILED)


def _refuse_outside_the_default(current: Runtime) -> None:
    if not current.settings.is_embedded or current.settings.edw_host:
        raise ConfigurationError(
            "The demo works on the embedded default alone: DB_PRIMARY_CONNECTION names another database than SQLite, "
            "or EDW_HOST a warehouse server. Unset them to run it."
        )


def _make_warehouse(path: Path, business_day: date, sites: int, seed: int) -> None:
    """A new sample, in place of an older one: its data end yesterday. Nothing that somebody imported is replaced."""
    if sites < 1:
        raise InvalidInputError(f"A sample of {sites} sites is not possible; 1 to 10,000 are", field="sites")
    if path.exists() and not is_sample(path):
        raise ConflictError(
            f"The warehouse {path} holds rows that the demo did not make, and stays as it is. Run the demo in another "
            "folder, or name another file in EDW_SAMPLE_PATH."
        )
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        name.unlink(missing_ok=True)
    with output.bars() as bars:
        generate(path, business_date=business_day, sites=sites, years=YEARS, seed=seed, progress=bars.show)
    mark_as_sample(path)


def _import_contracts(current: Runtime, business_day: date, sites: int, seed: int) -> None:
    """Contracts for the sites that have none yet: no feed brings them."""
    with current.database.reading() as connection:
        priced = load_contracts(connection, SiteScope.all_sites())
    text = contracts_yaml(business_day, sites=sites, seed=seed, leave_out=priced)
    if not text:
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / "contracts.yaml"
        file.write_text(text)
        report = import_table(current, "contracts", file, operator=operator())
    assert report.is_good, report.findings


def _shown_site(current: Runtime) -> str:
    """The first site under a management agreement, whose P&L has most to show; else the first."""
    with current.database.reading() as connection:
        priced = load_contracts(connection, SiteScope.all_sites())
    managed = [
        site_id
        for site_id, contracts in sorted(priced.items())
        if any(ContractType.MANAGEMENT_AGREEMENT in stored.contract.contract_types for stored in contracts)
    ]
    return managed[0] if managed else pnl_command.known_sites(current, None)[0]


def _extract(current: Runtime, business_day: date) -> ExtractReport:
    """Both years at once, as a first load; from then on each feed reads its own window."""
    first = date(business_day.year - YEARS + 1, 1, 1)
    last = date(business_day.year + 1, 12, 31)
    with output.bars() as bars:
        # A sample of fewer sites than the last one is meant to bring less.
        order = Order("manual", operator(), lift_empty_guard=True, progress=bars.show)
        return extract(current, SliceRequest(business_day, first, last), order=order)


def _refresh(current: Runtime, business_day: date) -> RefreshReport:
    chosen = pnl_command.known_sites(current, None)
    years = range(business_day.year - YEARS + 1, business_day.year + 2)
    with output.bars() as bars:
        return refresh_pnl(
            current,
            [(site_id, year) for site_id in chosen for year in years],
            progress=lambda done, total: bars.show("P&L", done, total),
        )
