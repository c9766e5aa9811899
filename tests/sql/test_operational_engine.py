"""The embedded operational database: transactions, locks, durability."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Engine, ForeignKey, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from shared_code.errors import ConfigurationError
from shared_code.settings import Settings
from shared_code.sql.engine import WRITES, operational_engine
from shared_code.sql.transient import fault_of, retry_use_case

METADATA = MetaData()
SITES = Table("sites", METADATA, Column("site_no", Integer, primary_key=True), schema="forecasting")
NOTES = Table(
    "notes",
    METADATA,
    Column("note_no", Integer, primary_key=True),
    Column("site_no", ForeignKey("forecasting.sites.site_no")),
    schema="forecasting",
)
RUNS = Table("runs", METADATA, Column("run_no", Integer, primary_key=True), schema="integration")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = operational_engine(Settings(db_primary_connection=f"sqlite:///{tmp_path / 'forecasting.db'}"))
    METADATA.create_all(made)
    yield made
    made.dispose()


def writing(engine: Engine) -> Connection:
    return engine.connect().execution_options(**{WRITES: True})


def add_site(engine: Engine, number: int) -> None:
    with writing(engine) as connection, connection.begin():
        connection.execute(insert(SITES), {"site_no": number})


def numbers(connection: Connection) -> list[int]:
    return list(connection.execute(select(SITES.c.site_no).order_by(SITES.c.site_no)).scalars())


def test_tables_of_every_schema_stand_in_one_file_under_their_own_names(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"))
        assert list(found.scalars()) == ["notes", "runs", "sites"]


def test_a_reference_to_nothing_is_refused(engine: Engine) -> None:
    with writing(engine) as connection, connection.begin(), pytest.raises(IntegrityError):
        connection.execute(insert(NOTES), {"note_no": 1, "site_no": 99})


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)]
)
def test_every_connection_is_opened_alike(engine: Engine, pragma: str, value: object) -> None:
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


def test_creating_a_table_is_rolled_back_with_its_transaction(engine: Engine) -> None:
    with writing(engine) as connection:
        transaction = connection.begin()
        connection.execute(text("CREATE TABLE half (a)"))
        connection.execute(insert(SITES), {"site_no": 1})
        transaction.rollback()
    with engine.connect() as connection:
        assert numbers(connection) == []
        with pytest.raises(OperationalError, match="no such table"):
            connection.execute(text("SELECT * FROM half"))


def test_a_reader_sees_one_state_while_another_writes(engine: Engine) -> None:
    add_site(engine, 1)
    with engine.connect() as reader:
        assert numbers(reader) == [1]
        add_site(engine, 2)
        assert numbers(reader) == [1]
    with engine.connect() as reader:
        assert numbers(reader) == [1, 2]


def test_transactions_that_read_and_then_write_wait_for_each_other_and_lose_nothing(engine: Engine) -> None:
    add_site(engine, 0)

    def add_next(times: int) -> None:
        for _ in range(times):
            with writing(engine) as connection, connection.begin():
                connection.execute(insert(SITES), {"site_no": max(numbers(connection)) + 1})

    threads = [threading.Thread(target=add_next, args=(10,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    with engine.connect() as connection:
        assert numbers(connection) == list(range(41))


def test_a_transaction_that_did_not_say_it_writes_fails_on_data_that_changed_and_may_be_repeated(
    engine: Engine,
) -> None:
    attempts = 0

    def use_case() -> None:
        nonlocal attempts
        attempts += 1
        with engine.connect() as connection, connection.begin():
            highest = max(numbers(connection), default=0)
            if attempts == 1:
                add_site(engine, 1)
            connection.execute(insert(SITES), {"site_no": highest + 10})

    with pytest.raises(OperationalError) as caught:
        use_case()
    assert fault_of(caught.value).is_contention
    retry_use_case(use_case)
    with engine.connect() as connection:
        assert numbers(connection) == [1, 11]


KILLED = """
import os, signal, sys
from sqlalchemy import text
from shared_code.settings import Settings
from shared_code.sql.engine import WRITES, operational_engine
engine = operational_engine(Settings(db_primary_connection=f"sqlite:///{sys.argv[1]}"))
with engine.connect().execution_options(**{WRITES: True}) as connection:
    with connection.begin():
        connection.execute(text("INSERT INTO sites VALUES (1)"))
    connection.begin()
    connection.execute(text("INSERT INTO sites VALUES (2)"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_what_was_committed_survives_a_killed_process_and_nothing_else(engine: Engine, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    finished = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "forecasting.db")],
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert finished.returncode == -signal.SIGKILL
    with engine.connect() as connection:
        assert numbers(connection) == [1]


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the folder of the file"):
        operational_engine(Settings(db_primary_connection=f"sqlite:///{tmp_path / 'gone' / 'a.db'}"))


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("this is a letter, not a database" * 100)
    engine = operational_engine(Settings(db_primary_connection=f"sqlite:///{tmp_path / 'a.db'}"))
    with pytest.raises(DatabaseError, match="not a database"), engine.connect():
        pass
    assert (tmp_path / "a.db").read_text().startswith("this is a letter")
