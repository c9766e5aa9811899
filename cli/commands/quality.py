"""`townepark quality`: what the validation of the data found."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from cli import output
from cli.arguments import AsJson, operator, ready_runtime
from shared_code.services.data_quality import SourceReport, ValidationReport, latest_validation, report_of
from shared_code.services.quality.validation import validate

FINDINGS_SHOWN: Final = 60
"""Findings that are shown one by one; all of them are in the JSON document."""


def quality(
    run_now: Annotated[
        bool, typer.Option("--run", help="Validate the data now; otherwise show the last time.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Report completeness, ranges, references, freshness and sums of every source, and of our own figures."""
    runtime = ready_runtime()
    report = report_of(validate(runtime, requested_by=operator())) if run_now else latest_validation(runtime)
    if as_json:
        output.print_json(report)
    else:
        _show(report)


def _show(report: ValidationReport) -> None:
    output.table(
        f"Data quality on {report.finished_at:%Y-%m-%d %H:%M} UTC: {report.overall}",
        ("Source", "Status", "Rows", "Complete", "Out of range", "Newest (UTC)", "Age h", "Fresh", "Findings"),
        [
            (
                source.source,
                source.status,
                source.rows,
                f"{source.completeness:.1%}" if source.completeness is not None else None,
                source.out_of_range,
                f"{source.newest_at:%Y-%m-%d %H:%M}" if source.newest_at else None,
                source.age_hours,
                source.fresh,
                sum(issue["count"] for issue in source.issues),
            )
            for source in report.sources
        ],
        right=("Rows", "Complete", "Out of range", "Age h", "Findings"),
    )
    _show_findings(report.sources)


def _show_findings(sources: Sequence[SourceReport]) -> None:
    found = [
        (source.source, issue["rule"], issue["siteId"], issue["period"], issue["field"], issue["count"])
        for source in sources
        for issue in source.issues
    ]
    if not found:
        return
    columns = ("Source", "Rule", "Site", "Period", "Field", "Rows")
    output.table("Findings", columns, found[:FINDINGS_SHOWN], right=("Rows",))
    if len(found) > FINDINGS_SHOWN:
        output.out.print(f"{len(found) - FINDINGS_SHOWN} more are in the document that --json prints.")
