"""What an installation lacks is said part by part, with how to mend it, and nothing is changed by looking."""

import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from shared_code.clock import FixedClock
from shared_code.errors import TransientError
from shared_code.services.diagnosis import Diagnosis, diagnose
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.sources.warehouse.embedded import create_objects, embedded_engine
from tests.sources.scripted_server import Reply, scripted_server, unused_address
from tests.sql.stand_in_driver import Driver, odbc_error
from tests.support.issuer import Issuer
from tests.support.operational import NOON, empty_database

PARTS = ["settings", "driver", "database", "schema", "privileges", "warehouse", "queue", "keys", "cache"]


def app_in(folder: Path, **settings: Any) -> Runtime:
    """An installation of one machine in `folder`."""
    named = {"db_primary_connection": f"sqlite:///{folder / 'forecasting.db'}", **settings}
    return Runtime(Settings(edw_sample_path=folder / "warehouse.db", **named), FixedClock(NOON))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with everything that the embedded default needs."""
    (tmp_path / "forecasting.db").write_bytes(empty_database())
    engine = embedded_engine(tmp_path / "warehouse.db", read_only=False)
    create_objects(engine)
    engine.dispose()
    return tmp_path


def lacking(app: Runtime) -> dict[str, Diagnosis]:
    """The parts that are to be mended, by name."""
    parts = diagnose(app)
    app.close()
    assert [part.name for part in parts] == PARTS
    assert all((part.mend is None) is part.is_good for part in parts)
    return {part.name: part for part in parts if not part.is_good}


def test_a_whole_installation_lacks_nothing(folder: Path) -> None:
    assert lacking(app_in(folder)) == {}


def test_in_an_empty_folder_database_and_sample_are_missing_and_are_not_made(tmp_path: Path) -> None:
    assert {name: part.mend for name, part in lacking(app_in(tmp_path)).items()} == {
        "database": "Run: townepark schema upgrade",
        "schema": "Run: townepark schema upgrade",
        "warehouse": "Check EDW_HOST and the other settings EDW_*; for the sample: townepark demo.",
    }
    assert list(tmp_path.iterdir()) == []


def test_an_older_schema_is_to_be_upgraded(folder: Path) -> None:
    app = app_in(folder)
    with app.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    [part] = lacking(app).values()
    assert part.found.startswith("Version 0003 is in force, ")
    assert part.mend == "Run: townepark schema upgrade"


def test_a_file_that_is_no_database_is_told_from_one_that_is_away(folder: Path) -> None:
    (folder / "forecasting.db").write_text("a letter" * 1000)
    found = lacking(app_in(folder))
    assert set(found) == {"database", "schema"}
    assert found["database"].found == "It does not work."
    assert found["database"].mend == "Check DB_PRIMARY_CONNECTION; the error's kind is DatabaseError."


def test_keys_that_cannot_be_read_are_told(folder: Path) -> None:
    with scripted_server() as server:
        server.answer("/keys", Reply({"keys": [Issuer().jwk()]}))
        assert lacking(app_in(folder, auth_jwks_url=f"{server.address}/keys")) == {}
    assert set(lacking(app_in(folder, auth_jwks_url=f"{unused_address()}/keys"))) == {"keys"}
    assert set(lacking(app_in(folder, environment_name="test"))) == {"keys"}


def test_a_redis_that_is_away_is_told(folder: Path) -> None:
    [part] = lacking(app_in(folder, redis_url=unused_address().replace("http", "redis"))).values()
    assert (part.name, part.mend) == ("cache", "Check REDIS_URL.")


def test_a_queue_that_is_missing_on_service_bus_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_in(folder, servicebus="Endpoint=sb://h;SharedAccessKeyName=x;SharedAccessKey=SECRET1")
    assert app.service_bus is not None
    asked: list[str] = []

    def count(source: str, _: int) -> int:
        asked.append(source)
        if source == "forecasting.jobs":
            raise TransientError(f"The dead letters of {source} cannot be reached on Service Bus")
        return 0

    monkeypatch.setattr(app.service_bus.dead_letters, "count", count)
    [part] = lacking(app).values()
    assert (part.name, part.found) == (
        "queue",
        "The dead letters of forecasting.jobs cannot be reached on Service Bus",
    )
    assert asked[-1] == "forecasting.jobs"
    assert {"forecasting.pl.refresh", "forecasting.unit-accounts"} < set(asked)


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    """A server with everything but a schema."""
    made = Driver()
    made.answers = {
        "is_read_committed_snapshot_on": (["snapshot", "level"], [(1, 150)]),
        "HAS_PERMS_BY_NAME": ([f"c{number}" for number in range(13)], [(1,) * 13]),
        "sys.objects": (["name"], []),
        **made.answers,
    }
    monkeypatch.setitem(sys.modules, "pyodbc", made)
    return made


def on_server(folder: Path, **settings: Any) -> dict[str, Diagnosis]:
    return lacking(app_in(folder, db_primary_connection="Server=h;Database=db;UID=u;PWD=hunter2", **settings))


def test_a_server_with_everything_lacks_only_its_schema(folder: Path, driver: Driver) -> None:
    found = on_server(folder, auth_jwks_url="")
    assert set(found) == {"schema", "keys"}
    assert found["schema"].found.startswith("Version none is in force")


@pytest.mark.parametrize(
    ("row", "found", "mend"),
    [
        ((0, 150), "READ_COMMITTED_SNAPSHOT is off", "ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON"),
        ((1, 120), "The compatibility level is 120", "ALTER DATABASE CURRENT SET COMPATIBILITY_LEVEL = 130"),
    ],
)
def test_a_database_that_is_set_up_otherwise_is_told_with_the_statement(
    row: tuple[int, int], found: str, mend: str, folder: Path, driver: Driver
) -> None:
    driver.answers["is_read_committed_snapshot_on"] = (["snapshot", "level"], [row])
    part = on_server(folder)["database"]
    assert part.found.startswith(found)
    assert mend in str(part.mend)


def test_rights_that_are_missing_are_told_with_their_grants(folder: Path, driver: Driver) -> None:
    granted = (1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, None, 1)
    driver.answers["HAS_PERMS_BY_NAME"] = (driver.answers["HAS_PERMS_BY_NAME"][0], [granted])
    part = on_server(folder)["privileges"]
    assert part.found == "Missing are: UPDATE ON SCHEMA::forecasting, SELECT ON SCHEMA::archive."
    assert "GRANT UPDATE ON SCHEMA::forecasting TO forecasting_app" in str(part.mend)


def test_a_login_that_is_refused_is_told_without_its_password(folder: Path, driver: Driver) -> None:
    refused = odbc_error("28000", "Login failed for user 'u' with hunter2 (18456) (SQLDriverConnect)")
    driver.failures += [refused] * 3
    found = on_server(folder)
    assert found["database"].found == "The login is refused. (18456)"
    assert set(found) >= {"database", "schema", "privileges"}
    assert "hunter2" not in str(found)


def test_a_driver_that_is_not_there_is_told_with_the_places_looked_in(folder: Path, driver: Driver) -> None:
    found = on_server(folder, odbc_driver="Driver of Yesteryear")
    assert "installed drivers: ODBC Driver 18 for SQL Server" in found["driver"].found
    assert set(found) >= {"driver", "database", "schema", "privileges"}


def test_the_driver_that_was_taken_and_what_was_tried_is_told(folder: Path, driver: Driver) -> None:
    app = app_in(folder, db_primary_connection="Server=h;Database=db;UID=u;PWD=hunter2")
    [part] = [part for part in diagnose(app) if part.name == "driver"]
    assert part.found.startswith("ODBC Driver 18 for SQL Server (installed). Looked in: setting ODBC_DRIVER: empty; ")
