"""What an installation lacks, part by part, in plain words, and how to mend it.

Each part is looked at on its own: one that is missing hides no other. No address, secret or value of data is told.

Source: Architecture, "The command line"; SQL Server through pyodbc and SQLAlchemy, "Connecting" and "Writing".
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from shared_code.errors import ForecastError
from shared_code.messaging.message import QUEUES, SUBSCRIPTIONS
from shared_code.security.development import is_embedded_default
from shared_code.security.errors import KeysUnavailableError
from shared_code.services.runtime import Runtime
from shared_code.sources.warehouse.connection import open_warehouse
from shared_code.sql.odbc import find_driver
from shared_code.sql.transient import FaultKind, fault_of
from shared_code.storage import schema

OLDEST_LEVEL: Final = 130
"""The compatibility level of SQL Server from which on lists and rows can travel as JSON."""

RIGHTS: Final = {
    "forecasting": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "integration": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "staging": ("SELECT", "INSERT", "DELETE"),
    "archive": ("SELECT", "INSERT"),
}
"""What the app's identity may do with the schemas of the operational database.

Source: Operations, "Operational database".
"""

_FAULTS: Final = {
    FaultKind.LOGIN: ("The login is refused.", "Check the user or identity that {setting} names, and its password."),
    FaultKind.PERMISSION: ("A right is missing.", "Let the administrator run the script of users and grants again."),
    FaultKind.SCHEMA: ("A table or view is missing.", "Run: townepark schema status"),
    FaultKind.TRANSIENT: (
        "It cannot be reached, or does not answer.",
        "Check the address in {setting} and the network; try again, if it is just starting or moving.",
    ),
    FaultKind.OTHER: ("It does not work.", "Check {setting}; the error's kind is {kind}."),
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A part: what was found, and how to mend it where `is_good` is false."""

    name: str
    is_good: bool
    found: str
    mend: str | None = None


def diagnose(runtime: Runtime) -> list[Diagnosis]:
    """Every part of an installation whose settings are accepted."""
    return [_looked_at(runtime, name, look) for name, look in _PARTS.items()]


def _looked_at(runtime: Runtime, name: str, look: "_Look") -> Diagnosis:
    try:
        found = look(runtime)
    except _LackingError as lack:
        return Diagnosis(name, is_good=False, found=lack.found, mend=lack.mend)
    except ForecastError as error:
        return Diagnosis(name, is_good=False, found=error.message, mend=_SETTINGS_OF[name])
    except Exception as error:  # noqa: BLE001 - whatever it is, this part does not work and the others may
        fault = fault_of(error)
        found, mend = _FAULTS[fault.kind]
        numbers = f" ({', '.join(map(str, sorted(fault.numbers)))})" if fault.numbers else ""
        told = mend.format(setting=_SETTINGS_OF[name].removeprefix("Check ").rstrip("."), kind=type(error).__name__)
        return Diagnosis(name, is_good=False, found=found + numbers, mend=told)
    return Diagnosis(name, is_good=True, found=found)


class _LackingError(Exception):
    """A part works, but something about it must be mended."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found)
        self.found, self.mend = found, mend


def _settings(runtime: Runtime) -> str:
    return f"All are accepted; the environment is {runtime.settings.environment_name}."


def _driver(runtime: Runtime) -> str:
    settings = runtime.settings
    if settings.is_embedded and not settings.edw_host:
        return "None is needed: both databases are embedded."
    driver = find_driver(settings.odbc_driver)
    return f"{driver.name} ({driver.origin}). Looked in: {'; '.join(driver.tried)}."


def _database(runtime: Runtime) -> str:
    _require_file(runtime)
    with runtime.database.engine.connect() as connection:
        if connection.dialect.name != "mssql":
            connection.execute(text("SELECT 1"))
            return "The embedded file can be opened."
        row = connection.execute(
            text("SELECT is_read_committed_snapshot_on, compatibility_level FROM sys.databases WHERE name = DB_NAME()")
        ).one()
    if not row[0]:
        raise _LackingError(
            "READ_COMMITTED_SNAPSHOT is off: readers would wait for writers.",
            "Let the administrator run: ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON",
        )
    if row[1] < OLDEST_LEVEL:
        raise _LackingError(
            f"The compatibility level is {row[1]}; at least {OLDEST_LEVEL} is needed.",
            f"Let the administrator run: ALTER DATABASE CURRENT SET COMPATIBILITY_LEVEL = {OLDEST_LEVEL}",
        )
    return f"SQL Server answers; READ_COMMITTED_SNAPSHOT is on, the compatibility level is {row[1]}."


def _require_file(runtime: Runtime) -> None:
    """To open an embedded database that is not there would make it."""
    path = runtime.database.engine.url.database
    if runtime.settings.is_embedded and path and path != ":memory:" and not Path(path).exists():
        raise _LackingError("There is no database yet.", "Run: townepark schema upgrade")


def _schema(runtime: Runtime) -> str:
    _require_file(runtime)
    state = schema.status(runtime.database.engine)
    if state.pending:
        raise _LackingError(
            f"Version {state.current or 'none'} is in force, {state.head} is needed.", "Run: townepark schema upgrade"
        )
    return f"Version {state.head} is in force, which is the newest."


def _privileges(runtime: Runtime) -> str:
    if runtime.settings.is_embedded:
        return "None are needed: the embedded file belongs to whoever runs the app."
    with runtime.database.engine.connect() as connection:
        missing = list(_missing_rights(connection))
    if missing:
        raise _LackingError(
            f"Missing are: {', '.join(missing)}.",
            f"Let the administrator run: {'; '.join(f'GRANT {right} TO forecasting_app' for right in missing)}",
        )
    return "The app's identity may do in the operational database what it needs."


def _missing_rights(connection: Connection) -> Iterator[str]:
    wanted = [(name, right) for name, rights in RIGHTS.items() for right in rights]
    asked = ", ".join(f"HAS_PERMS_BY_NAME('{name}', 'SCHEMA', '{right}')" for name, right in wanted)
    for (name, right), granted in zip(wanted, connection.execute(text(f"SELECT {asked}")).one(), strict=True):
        if granted != 1:
            yield f"{right} ON SCHEMA::{name}"


def _warehouse(runtime: Runtime) -> str:
    engine = open_warehouse(runtime.settings, clock=runtime.clock)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    finally:
        engine.dispose()
    return "The node answers." if runtime.settings.edw_host else "The embedded sample can be opened."


def _queue(runtime: Runtime) -> str:
    if (broker := runtime.service_bus) is None:
        return "The queue is in the database."
    for source in (*QUEUES, *[subscription.source for subscription in SUBSCRIPTIONS]):
        broker.dead_letters.count(source, 1)
    return "Service Bus has every queue and subscription of the app."


def _keys(runtime: Runtime) -> str:
    if is_embedded_default(runtime.settings):
        return "Tokens of this machine are accepted; townepark token makes one."
    with suppress(KeysUnavailableError):
        runtime.key_set.find("")  # nobody's key: the set is fetched to look for it
    if runtime.key_set.state != "current":
        raise _LackingError("The keys of the issuer cannot be read: no token can be verified.", _SETTINGS_OF["keys"])
    return "The keys that tokens are verified by are known."


def _cache(runtime: Runtime) -> str:
    if not runtime.cache.works():
        raise _LackingError("Redis does not answer; every answer is computed.", _SETTINGS_OF["cache"])
    return "It works." if runtime.settings.redis_url.get_secret_value() else "It is in the process."


_Look = Callable[[Runtime], str]
"""Says what was found; raises where something is to be mended."""

_PARTS: Final[dict[str, _Look]] = {
    "settings": _settings,
    "driver": _driver,
    "database": _database,
    "schema": _schema,
    "privileges": _privileges,
    "warehouse": _warehouse,
    "queue": _queue,
    "keys": _keys,
    "cache": _cache,
}
"""The parts by name, in the order in which they are to be mended."""

_SETTINGS_OF: Final = {
    "settings": "Check the environment.",
    "driver": "Check ODBC_DRIVER.",
    "database": "Check DB_PRIMARY_CONNECTION.",
    "schema": "Check DB_PRIMARY_CONNECTION.",
    "privileges": "Check DB_PRIMARY_CONNECTION.",
    "warehouse": "Check EDW_HOST and the other settings EDW_*; for the sample: townepark demo.",
    "queue": "Check SERVICEBUS, the queues and topics of the namespace, and the rights of the app's identity.",
    "keys": "Check AUTH_JWKS_URL.",
    "cache": "Check REDIS_URL.",
}
"""What to look at where a part says no more than that it fails."""

__all__ = ["Diagnosis", "diagnose"]
