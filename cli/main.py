"""The `townepark` command.

Exit status: 0 done, 1 failed with a reason on standard error, 2 wrong usage.

Source: Architecture, "The command line".
"""

import logging
import sys

import typer

from cli.commands import (
    alerts,
    data,
    demo,
    dlq,
    doctor,
    extract,
    outbox,
    pnl,
    quality,
    rates,
    runs,
    schema,
    serve,
    token,
    warehouse,
)
from cli.failures import status_of
from cli.output import write_any_text

app = typer.Typer(
    name="townepark",
    help="Monthly forecasting for managed parking: warehouse feeds, job-code rates, P&L.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.add_typer(warehouse.app, name="warehouse")
app.command("extract")(extract.extract)
app.add_typer(rates.app, name="rates")
app.add_typer(pnl.app, name="pnl")
app.add_typer(data.app, name="data")
app.command("alerts")(alerts.alerts)
app.command("runs")(runs.runs)
app.command("quality")(quality.quality)
app.add_typer(dlq.app, name="dlq")
app.add_typer(outbox.app, name="outbox")
app.command("doctor")(doctor.doctor)
app.add_typer(schema.app, name="schema")
app.command("token")(token.token)


def run() -> None:
    """Run the command line and end the process with its exit status."""
    write_any_text()
    _log_what_needs_attention()
    sys.exit(status_of(app))


def _log_what_needs_attention() -> None:
    """Warnings and errors go to standard error in plain words; `serve` shows more."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)


if __name__ == "__main__":
    run()
