"""Read sessions while the database is away for a moment."""

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared_code.clock import FixedClock
from shared_code.settings import Settings
from shared_code.sql.engine import operational_engine
from shared_code.storage.database import Database
from tests.sql.stand_in_driver import Driver, StandInError, odbc_error

NOON = FixedClock(datetime(2025, 6, 10, 12, tzinfo=UTC))
MOVING = odbc_error("42000", "[SQL Server]Database is not currently available (40613) (SQLDriverConnect)")
REFUSED = odbc_error("28000", "[SQL Server]Login failed (18456) (SQLDriverConnect)")
SLOW = odbc_error("HYT00", "Login timeout expired (0) (SQLDriverConnect)")


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    made = Driver()
    monkeypatch.setitem(sys.modules, "pyodbc", made)
    return made


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


def database(**settings: Any) -> Database:
    connection = "Server=h;Database=db;UID=u;PWD=p"
    return Database(operational_engine(Settings(db_primary_connection=connection, **settings), NOON), NOON)


def read(one: Database) -> object:
    with one.reading() as connection:
        return connection.execute(text("SELECT 1")).scalar()


def test_a_database_that_is_moving_is_waited_for(driver: Driver, waits: list[float]) -> None:
    driver.failures += [MOVING, MOVING]
    assert read(database()) == 1
    assert len(waits) == 2


def test_one_that_stays_away_is_given_up_after_three_more_tries(driver: Driver, waits: list[float]) -> None:
    driver.failures += [MOVING] * 5
    with pytest.raises(DBAPIError):
        read(database())
    assert (len(waits), len(driver.failures)) == (3, 1)


@pytest.mark.parametrize("error", [REFUSED, SLOW], ids=["refused", "timed out"])
def test_who_is_refused_or_has_waited_does_not_try_again(
    error: StandInError, driver: Driver, waits: list[float]
) -> None:
    driver.failures.append(error)
    with pytest.raises(DBAPIError):
        read(database())
    assert waits == []


def test_a_full_pool_is_not_waited_for_twice(driver: Driver, waits: list[float]) -> None:
    one = database(db_pool_min=1, db_pool_max=1, db_pool_acquire_s=1)
    with one.reading(), pytest.raises(PoolTimeoutError), one.reading():
        pass
    assert waits == []
