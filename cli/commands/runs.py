"""`townepark runs`: the ledger of the feeds' runs, and where the rows of one come from."""

import json
from typing import Annotated, Any

import typer
from sqlalchemy import RowMapping

from cli import output
from cli.arguments import AsJson, ready_runtime
from shared_code.services.run_history import recent_runs
from shared_code.services.run_lineage import Lineage, lineage


def runs(
    feed: Annotated[str | None, typer.Option("--feed", help="Runs of this feed only.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="One run with its reads, by its id (--json).")] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many, the newest first.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List the newest runs with their counts and errors, or one run with the queries behind its rows."""
    if run is not None:
        _show_lineage(lineage(ready_runtime(), run), as_json=as_json)
        return
    rows = recent_runs(ready_runtime(), feed=feed, limit=limit)
    if as_json:
        output.print_json({"runs": [_camel(row) for row in rows]})
        return
    _runs_table("Runs, newest first", rows)


def _show_lineage(found: Lineage, *, as_json: bool) -> None:
    if as_json:
        sources = [{**_camel(row), "parameters": json.loads(row["parameters"])} for row in found.sources]
        output.print_json({"run": _camel(found.run), "sources": sources})
        return
    _runs_table(f"Run {found.run['sync_run_id']}", [found.run])
    output.table(
        "What it read",
        ("Query", "Text hash", "Node", "Object", "Parameters", "Rows", "ms", "Content hash"),
        [
            (
                row["query_id"],
                row["query_hash"].hex()[:12],
                row["node_alias"],
                row["object_name"],
                row["parameters"],
                row["row_count"],
                row["duration_ms"],
                row["content_hash"].hex()[:12] if row["content_hash"] else None,
            )
            for row in found.sources
        ],
        right=("Rows", "ms"),
    )


def _camel(row: RowMapping) -> dict[str, Any]:
    return {output.camel(name): value for name, value in row.items()}


def _runs_table(title: str, rows: list[RowMapping]) -> None:
    output.table(
        title,
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
    failed = [row for row in rows if row["error_text"]]
    if failed:
        output.table(
            "What went wrong",
            ("Started (UTC)", "Feed", "Run", "Reason"),
            [(row["started_at"], row["feed"], row["sync_run_id"], row["error_text"]) for row in failed],
        )
