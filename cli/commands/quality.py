"""`townepark quality`: what each feed last brought, and what was refused of it."""

from cli import output
from cli.arguments import AsJson, ready_runtime
from shared_code.services import run_history


def quality(as_json: AsJson = False) -> None:
    """Report completeness, rejects and freshness of every feed."""
    report = run_history.quality(ready_runtime())
    overall = max((item.status for item in report), key=("pass", "warn", "fail").index, default="pass")
    if as_json:
        output.print_json({"overall": overall, "sources": report})
        return
    output.table(
        f"Data quality: {overall}",
        ("Source", "Slice", "Status", "Rows", "Complete", "Rejected", "Newest", "Age h", "What"),
        [
            (
                item.source,
                item.slice,
                item.status,
                item.rows,
                f"{item.completeness:.1%}" if item.completeness is not None else None,
                item.rejected,
                f"{item.newest_at:%Y-%m-%d}" if item.newest_at else None,
                item.age_hours,
                item.error_code or ", ".join(f"{i['rule']} {i['field'] or ''} ×{i['count']}" for i in item.issues),
            )
            for item in report
        ],
        right=("Rows", "Complete", "Rejected", "Age h"),
    )
