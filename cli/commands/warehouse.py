"""`townepark warehouse`: the embedded warehouse of a laptop."""

from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.arguments import AsJson
from cli.sample.marking import mark_as_filled
from cli.warehouse_import import import_csv
from shared_code.settings import settings

app = typer.Typer(help="The embedded warehouse.", no_args_is_help=True)


@app.callback()
def warehouse() -> None:
    """The embedded warehouse."""


@app.command("import")
def import_(
    table: Annotated[str, typer.Argument(help="A warehouse table, for instance vwPAYROLL_SUMMARY.")],
    file: Annotated[Path, typer.Argument(help="A CSV whose header names columns of the table.")],
    as_json: AsJson = False,
) -> None:
    """Append the rows of a CSV to a table of the embedded warehouse: all of them or none."""
    with output.bars() as bars:
        path = settings().edw_sample_path
        result = import_csv(path, table, file, progress=bars.show)
    mark_as_filled(path)
    if as_json:
        output.print_json(result)
        return
    output.out.print(f"{result.rows:,} rows appended to {result.table}")
    if result.columns_missing:
        output.out.print(f"Null, because the file does not have them: {', '.join(result.columns_missing)}")
