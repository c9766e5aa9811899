"""Arguments that several commands take, and how they are read.

Source: Architecture, "The command line".
"""

from datetime import date
from typing import Annotated

import typer

from shared_code.clock import business_date
from shared_code.services.runtime import Runtime, runtime
from shared_code.sql.statement_limit import let_statements_take
from shared_code.storage.schema import require_current


def day(text: str) -> date:
    """A date as `YYYY-MM-DD`; anything else is refused with what is accepted."""
    try:
        if len(text) == len("YYYY-MM-DD"):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise typer.BadParameter(f"{text!r} is not a date; YYYY-MM-DD is, for instance 2025-04-15")


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AsOf = Annotated[date | None, typer.Option("--as-of", parser=day, metavar="DATE", help="Business date of the run.")]
From = Annotated[date | None, typer.Option("--from", parser=day, metavar="DATE", help="First day of a stretch.")]
To = Annotated[date | None, typer.Option("--to", parser=day, metavar="DATE", help="Last day of the stretch.")]


def ready_runtime() -> Runtime:
    """The runtime of this process, on a database whose schema is the one that this version needs.

    A command may take as long as a job.
    """
    current = runtime()
    if not current.settings.is_embedded:
        let_statements_take(current.settings.db_long_timeout_s)
    require_current(current.database.engine)
    return current


def operator() -> str:
    """Who runs the command, for the ledger: the name of the command line itself, never a person's."""
    return "townepark"


def today(current: Runtime) -> date:
    """The business date where a command names none."""
    return business_date(current.clock, current.settings.source_time_zone)


__all__ = ["AsJson", "AsOf", "From", "To", "day", "operator", "ready_runtime", "today"]
