"""`townepark rates`: hourly rates of job codes."""

from typing import Annotated

import typer

from cli import output
from cli.arguments import AsJson, AsOf, From, To, operator, ready_runtime
from shared_code.domain.job_code_rates import RateOutcome
from shared_code.domain.site_scope import SiteScope
from shared_code.services.calculate_rates import calculate_rates
from shared_code.services.list_rates import list_rates
from shared_code.services.rate_report import RateRunReport
from shared_code.services.rate_request import RateRequest

app = typer.Typer(help="Hourly rates of job codes.", no_args_is_help=True)

SHOWN = 15
"""Items without a rate that are named one by one."""


@app.command()
def calculate(
    as_of: AsOf = None,
    site: Annotated[list[str] | None, typer.Option("--site", help="A site; may be given several times.")] = None,
    method: Annotated[str | None, typer.Option("--method", help="weighted_average or average.")] = None,
    date_from: From = None,
    date_to: To = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Calculate and store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Calculate the rate of every job code at every site from payroll; an item without a rate fails nothing."""
    request = RateRequest(
        sites=tuple(site) if site else None,
        as_of=as_of,
        method=method,
        date_from=date_from,
        date_to=date_to,
        dry_run=dry_run,
        requested_by=operator(),
    )
    report = calculate_rates(ready_runtime(), request)
    if as_json:
        document = output.in_snake_case(report)
        output.print_json({**document.pop("counts"), **document})
    else:
        show(report)


@app.command("list")
def list_(
    site: Annotated[str, typer.Option("--site", help="The site.")],
    as_of: AsOf = None,
    history: Annotated[bool, typer.Option("--history", help="Every row, not the one in force.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the rates in force at a site, or their history."""
    page = list_rates(ready_runtime(), SiteScope.all_sites(), site, as_of=as_of, history=history, limit=200)
    if as_json:
        output.print_json(output.in_snake_case(page))
        return
    output.table(
        f"Rates of {page.site_id}" + (f" on {page.as_of}" if page.as_of else ", history"),
        ("Job code", "Rate", "Method", "From", "Until", "Rows"),
        [
            (
                r.job_code_id,
                r.hourly_rate,
                r.calculation_method,
                r.effective_date,
                r.end_date,
                r.sample_size,
            )
            for r in page.rates
        ],
        right=("Rate", "Rows"),
    )


def show(report: RateRunReport) -> None:
    """Print the counts of a run and the items that have no rate."""
    counts = report.counts
    output.table(
        f"Job-code rates as of {report.as_of} ({report.method}, {report.date_from} to {report.date_to})",
        ("Processed", "Updated", "Unchanged", "Kept", "Skipped", "Failed", "Payroll rows", "s"),
        [
            (
                counts.processed,
                counts.updated,
                counts.unchanged,
                counts.kept,
                counts.skipped,
                counts.failed,
                report.rows_read,
                f"{report.duration_s:.1f}",
            )
        ],
        right=("Processed", "Updated", "Unchanged", "Kept", "Skipped", "Failed", "Payroll rows", "s"),
    )
    failed = [item for item in report.results if item.outcome is RateOutcome.ERROR]
    for item in failed[:SHOWN]:
        output.out.print(f"  no rate: {item.site_id} {item.job_code}: {item.error}")
    if len(failed) > SHOWN:
        output.out.print(f"  and {len(failed) - SHOWN} more")
    for finding in report.findings[:SHOWN]:
        output.out.print(
            f"  implausible: {finding.site_id} {finding.job_code} {finding.hourly_rate} "
            f"(plausible are {finding.lowest} to {finding.highest})"
        )
