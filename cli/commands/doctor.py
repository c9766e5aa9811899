"""`townepark doctor`: what this installation lacks, and how to mend it."""

import typer

from cli import output
from cli.arguments import AsJson
from shared_code.errors import ConfigurationError
from shared_code.services.diagnosis import Diagnosis, diagnose
from shared_code.services.runtime import runtime


def doctor(as_json: AsJson = False) -> None:
    """Look at settings, driver, database, schema, rights, warehouse, queue, keys and cache; change nothing."""
    try:
        parts = diagnose(runtime())
    except ConfigurationError as error:
        parts = [Diagnosis("settings", is_good=False, found=error.message, mend="Correct them in the environment.")]
    lacking = [part.name for part in parts if not part.is_good]
    if as_json:
        output.print_json({"isGood": not lacking, "parts": parts})
    else:
        output.table(
            "Everything is there" if not lacking else "Something is missing",
            ("Part", "Good", "Found", "How to mend it"),
            [(part.name, part.is_good, part.found, part.mend) for part in parts],
        )
    if lacking:
        output.complain(f"to be mended: {', '.join(lacking)}")
        raise typer.Exit(1)
