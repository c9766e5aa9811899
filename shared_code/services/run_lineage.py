"""The lineage of a run, by the id that every published row carries.

Source: Source side, "Run history, lineage, failure".
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping

from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.runtime import Runtime
from shared_code.storage import run_lineage


@dataclass(frozen=True, slots=True)
class Lineage:
    """A run as the ledger has it, and its reads of sources in order."""

    run: RowMapping
    sources: list[RowMapping]


def lineage(runtime: Runtime, sync_run_id: str) -> Lineage:
    """The run of this id. Raises `InvalidInputError` for what is no id, `NotFoundError` when there is none."""
    try:
        known = str(UUID(sync_run_id))
    except ValueError:
        message = f"{sync_run_id[:100]!r} is no id of a run; townepark runs --json lists them as syncRunId"
        raise InvalidInputError(message, field="run") from None
    with runtime.database.reading() as connection:
        run = run_lineage.run(connection, known)
        if run is None:
            raise NotFoundError(f"There is no run {known}")
        return Lineage(run, run_lineage.sources(connection, known))
