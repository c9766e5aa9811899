"""`townepark schema`: the version of the operational database."""

from typing import Annotated

import typer

from cli import output
from cli.arguments import AsJson
from shared_code.services.runtime import runtime
from shared_code.storage import schema as storage_schema
from shared_code.storage.schema import SchemaStatus

app = typer.Typer(help="The schema of the operational database.", no_args_is_help=True)

Revision = Annotated[str, typer.Argument(help="A revision such as 0003, `head` or `base`.")]


@app.command()
def upgrade(revision: Revision = "head", as_json: AsJson = False) -> None:
    """Bring the database to a revision, by default the newest."""
    _show(storage_schema.upgrade(runtime().database.engine, revision), as_json=as_json)


@app.command()
def downgrade(revision: Revision, as_json: AsJson = False) -> None:
    """Take the database back to a revision; what later revisions hold is lost."""
    _show(storage_schema.downgrade(runtime().database.engine, revision), as_json=as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say which revision is in force and which are pending."""
    _show(storage_schema.status(runtime().database.engine), as_json=as_json)


@app.command()
def sql(as_json: AsJson = False) -> None:
    """Print the whole schema as statements for SQL Server."""
    statements = storage_schema.sql_server_statements()
    if as_json:
        output.print_json({"dialect": "mssql", "statements": statements})
    else:
        typer.echo(statements)


def _show(state: SchemaStatus, *, as_json: bool) -> None:
    if as_json:
        output.print_json(state)
        return
    output.out.print(f"Schema version {state.current or 'none'}; newest is {state.head}")
    if state.pending:
        output.out.print(f"Pending: {', '.join(state.pending)}. Run: townepark schema upgrade")
