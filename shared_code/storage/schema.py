"""The schema's version: upgrade, downgrade, state, and the statements for SQL Server.

Source: Data model, "Schema change".
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from shared_code.errors import ConfigurationError, InvalidInputError
from shared_code.sql.sqlite import WRITES

VERSION_SCHEMA = "forecasting"
"""Where the version in force is kept on SQL Server; SQLite has no schemas."""

SESSION = """\
SET QUOTED_IDENTIFIER ON;

GO

"""
"""What a script needs of its session: without it, which is how `sqlcmd` starts, filtered indexes and indexes on
computed columns are refused."""


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """The revision in force (None: an empty database), the newest one this code knows, and those between."""

    current: str | None
    head: str
    pending: tuple[str, ...]


def upgrade(engine: Engine, revision: str = "head") -> SchemaStatus:
    """Bring the database to `revision`, all the way or not at all.

    Raises `InvalidInputError` for a revision that there is not, and `ConfigurationError` when the database has a
    version that this code does not know.
    """
    return _migrate(engine, command.upgrade, _known(revision))


def downgrade(engine: Engine, revision: str) -> SchemaStatus:
    """Take the database back to `revision` (`base`: an empty one), all the way or not at all; raises as `upgrade`."""
    return _migrate(engine, command.downgrade, _known(revision))


def _migrate(engine: Engine, move: Callable[[Config, str], None], revision: str) -> SchemaStatus:
    current = status(engine).current
    with engine.connect().execution_options(**{WRITES: True}) as connection:
        try:
            move(_config(connection), revision)
        except CommandError:
            raise InvalidInputError(
                f"The database has schema version {current or 'base'}; there is no way back from it to {revision}",
                field="revision",
            ) from None
    return status(engine)


def status(engine: Engine) -> SchemaStatus:
    """Where the database stands."""
    with engine.connect() as connection:
        current = _current(connection)
    script = ScriptDirectory.from_config(_config(None))
    head = script.get_current_head()
    assert head is not None
    pending: list[str] = []
    if current != head:
        known = {revision.revision for revision in script.walk_revisions()}
        if current is not None and current not in known:
            raise ConfigurationError(
                f"The database has schema version {current}, which this version of the app does not know; "
                f"the newest it knows is {head}. Install the app that made it, or restore an older database."
            )
        pending = [revision.revision for revision in script.iterate_revisions(head, current or "base")][::-1]
    return SchemaStatus(current, head, tuple(pending))


def require_current(engine: Engine) -> None:
    """Refuse to work on a schema that is not the newest; raises `ConfigurationError` that says what to run."""
    state = status(engine)
    if state.pending:
        found = f"schema version {state.current}" if state.current else "no schema yet"
        raise ConfigurationError(
            f"The database has {found}; version {state.head} is needed. Run: townepark schema upgrade"
        )


def sql_server_statements() -> str:
    """The whole schema as T-SQL, from an empty database to the newest revision, in batches that end with `GO`."""
    buffer = io.StringIO(SESSION)
    buffer.seek(0, io.SEEK_END)
    config = _config(None)
    config.output_buffer = buffer
    command.upgrade(config, "head", sql=True)
    return buffer.getvalue()


def _known(revision: str) -> str:
    if revision in {"head", "base"}:
        return revision
    known = sorted(script.revision for script in ScriptDirectory.from_config(_config(None)).walk_revisions())
    if revision not in known:
        raise InvalidInputError(
            f"There is no schema revision {revision}; known are base, {', '.join(known)} and head",
            field="revision",
            details={"providedValue": revision, "accepted": ["base", *known, "head"]},
        )
    return revision


def _current(connection: Connection) -> str | None:
    options = {} if connection.dialect.name == "sqlite" else {"version_table_schema": VERSION_SCHEMA}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
