"""`townepark extract`: feeds from the warehouse into the operational database."""

from typing import Annotated, Any

import typer

from cli import output
from cli.arguments import AsJson, AsOf, From, To, operator, ready_runtime, today
from cli.failures import FAILED
from shared_code.services.extraction.extract import ExtractReport
from shared_code.services.extraction.extract import extract as extract_feeds
from shared_code.services.extraction.feed import SliceRequest
from shared_code.services.extraction.run import Order, RunOutcome

Feeds = Annotated[list[str] | None, typer.Option("--feed", help="A feed by name; may be given several times.")]
Lift = Annotated[bool, typer.Option("--lift-empty-guard", help="Accept a feed that brings far less than last time.")]


def extract(
    feed: Feeds = None,
    as_of: AsOf = None,
    date_from: From = None,
    date_to: To = None,
    lift_empty_guard: Lift = False,
    as_json: AsJson = False,
) -> None:
    """Read the feeds, check them and publish what changed; ends with 1 when a feed failed."""
    runtime = ready_runtime()
    request = SliceRequest(as_of or today(runtime), date_from, date_to)
    with output.bars() as bars:
        order = Order("manual", operator(), lift_empty_guard, bars.show)
        report = extract_feeds(runtime, request, feeds=feed, order=order)
    if as_json:
        output.print_json({"asOf": request.as_of, "runs": [run_document(outcome) for outcome in report.outcomes]})
    else:
        show(report)
    if not report.is_good:
        raise typer.Exit(FAILED)


def show(report: ExtractReport) -> None:
    """Print one line a run, and below them what went wrong."""
    output.table(
        "Extraction",
        ("Feed", "Slice", "State", "Read", "Accepted", "Inserted", "Updated", "Deleted", "Rejected", "Ignored", "s"),
        [
            (
                outcome.feed,
                outcome.slice,
                outcome.end.error_code or outcome.end.state,
                outcome.end.rows_read,
                outcome.end.rows_accepted,
                outcome.end.rows_inserted,
                outcome.end.rows_updated,
                outcome.end.rows_deleted,
                outcome.end.rows_rejected,
                outcome.end.rows_ignored,
                f"{outcome.duration_s:.1f}",
            )
            for outcome in report.outcomes
        ],
        right=("Read", "Accepted", "Inserted", "Updated", "Deleted", "Rejected", "Ignored", "s"),
    )
    for outcome in report.outcomes:
        if not outcome.is_good:
            output.complain(str(outcome.end.error_text), outcome.feed)


def run_document(outcome: RunOutcome) -> dict[str, Any]:
    """A run as JSON, with the names of the run ledger."""
    return {
        "runId": outcome.sync_run_id,
        "flow": outcome.flow,
        "feed": outcome.feed,
        "slice": outcome.slice,
        **output.plain(outcome.end),
        "durationSeconds": round(outcome.duration_s, 3),
    }
