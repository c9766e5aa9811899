"""`townepark data`: reference data that no feed brings, in and out."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.arguments import AsJson, operator, ready_runtime
from cli.failures import FAILED
from shared_code.services.reference_data.export_table import export_file, export_table, write_rows
from shared_code.services.reference_data.import_table import import_table
from shared_code.services.reference_data.report import Action, ImportReport

SHOWN_CHANGES, SHOWN_FINDINGS = 50, 100
"""So many are printed for people; `--json` has them all."""

app = typer.Typer(help="Contracts, roles, mappings, rates and flags that no feed brings.", no_args_is_help=True)

Table = Annotated[str, typer.Argument(help="A table, for instance contracts or currency_rates.")]


@app.command("import")
def import_(
    table: Table,
    file: Annotated[Path, typer.Argument(help="A CSV or YAML file, by its ending; contracts are YAML.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report findings and changes, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a file whole and store it in one transaction, or not at all; ends with 1 when there are findings."""
    report = import_table(ready_runtime(), table, file, dry_run=dry_run, operator=operator())
    if as_json:
        counts = {action.value: report.count(action) for action in Action}
        output.print_json({**output.plain(report), "counts": {**counts, "unchanged": report.unchanged}})
    else:
        show(report)
    if not report.is_good:
        raise typer.Exit(FAILED)


@app.command("export")
def export(
    table: Table,
    file: Annotated[Path | None, typer.Argument(help="A CSV or YAML file; without it the rows are printed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a table in the shape in which it is imported, with the version of every row."""
    runtime = ready_runtime()
    if file is None:
        with export_table(runtime, table) as rows:
            if as_json:
                output.print_json({"table": rows.table, "rows": list(rows.rows)})
            else:
                write_rows(rows, rows.default_format, sys.stdout)
        return
    count = export_file(runtime, table, file)
    if as_json:
        output.print_json({"table": table.strip().lower(), "file": str(file), "rows": count})
    else:
        output.out.print(f"{count:,} rows of {table} written to {file}", soft_wrap=True)


def show(report: ImportReport) -> None:
    """Print the findings, or what was changed or would be."""
    if not report.is_good:
        for finding in report.findings[:SHOWN_FINDINGS]:
            output.err.print(finding.text, soft_wrap=True)
        if len(report.findings) > SHOWN_FINDINGS:
            output.err.print(f"… and {len(report.findings) - SHOWN_FINDINGS:,} more")
        output.complain(f"{len(report.findings):,} findings in {report.file}; nothing was stored.")
        return
    for change in report.changes[:SHOWN_CHANGES]:
        cells = ", ".join(f"{cell.field} {cell.old or '–'} → {cell.new or '–'}" for cell in change.cells)
        output.out.print(f"{change.action.value} {change.key}: {cells}", soft_wrap=True)
    if len(report.changes) > SHOWN_CHANGES:
        output.out.print(f"… and {len(report.changes) - SHOWN_CHANGES:,} more")
    done = "would be" if report.dry_run else "were"
    output.out.print(
        f"{report.table}: of {report.rows:,} rows {report.count(Action.ADD):,} {done} added, "
        f"{report.count(Action.CHANGE):,} changed, {report.count(Action.DELETE):,} deleted; "
        f"{report.unchanged:,} are as they were."
    )
