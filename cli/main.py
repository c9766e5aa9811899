"""The `townepark` command.

Exit status: 0 done, 1 failed with a reason on standard error, 2 wrong usage.

Source: Architecture, "The command line".
"""

import logging
import sys

import typer
from sqlalchemy.exc import SQLAlchemyError

from cli.commands import (
    alerts,
    data,
    demo,
    dlq,
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
from cli.output import err
from shared_code.errors import ForecastError, InvalidInputError

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
app.add_typer(schema.app, name="schema")
app.command("token")(token.token)

FAILED, WRONG_USAGE = 1, 2


def run() -> None:
    """Run the command line and end the process with its exit status."""
    _log_what_needs_attention()
    try:
        app()
    except InvalidInputError as error:
        err.print(f"[red]townepark:[/red] {error.message}", soft_wrap=True)
        sys.exit(WRONG_USAGE)
    except ForecastError as error:
        err.print(f"[red]townepark:[/red] {error.message}", soft_wrap=True)
        sys.exit(FAILED)
    except SQLAlchemyError as error:
        logging.getLogger(__name__).debug("database error", exc_info=error)
        err.print(f"[red]townepark:[/red] The database failed ({type(error).__name__}). Run: townepark schema status")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        err.print("Stopped.")
        sys.exit(FAILED)


def _log_what_needs_attention() -> None:
    """Warnings and errors go to standard error in plain words; `serve` shows more."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)


if __name__ == "__main__":
    run()
