"""`townepark runs`: the ledger of the feeds' runs."""

from typing import Annotated

import typer

from cli import output
from cli.arguments import AsJson, ready_runtime
from shared_code.services.run_history import recent_runs


def runs(
    feed: Annotated[str | None, typer.Option("--feed", help="Runs of this feed only.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many, the newest first.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List the newest runs with their counts and errors."""
    rows = recent_runs(ready_runtime(), feed=feed, limit=limit)
    if as_json:
        output.print_json({"runs": [{output.camel(name): value for name, value in row.items()} for row in rows]})
        return
    output.table(
        "Runs, newest first",
        ("Started (UTC)", "Feed", "Slice", "State", "Read", "Inserted", "Updated", "Deleted", "Rejected", "Error"),
        [
            (
                row["started_at"],
                row["feed"],
                row["slice"],
                row["state"],
                row["rows_read"],
                row["rows_inserted"],
                row["rows_updated"],
                row["rows_deleted"],
                row["rows_rejected"],
                row["error_code"],
            )
            for row in rows
        ],
        right=("Read", "Inserted", "Updated", "Deleted", "Rejected"),
    )
