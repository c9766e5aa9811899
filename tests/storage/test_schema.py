"""The schema: revisions up and down with data in the tables, no drift, refusals, and the script for SQL Server."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, inspect, text
from sqlalchemy.dialects.mssql.base import RESERVED_WORDS
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable

from shared_code.errors import ConfigurationError, InvalidInputError
from shared_code.sql.engine import operational_engine
from shared_code.storage import schema
from shared_code.storage.tables import metadata
from tests.support.example_rows import example_row
from tests.support.operational import settings_of, sql_server

REVISIONS = sorted(path.name[1:5] for path in Path(schema.__file__).parent.glob("migrations/versions/r*.py"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = operational_engine(settings_of(tmp_path / "forecasting.db"))
    yield engine
    engine.dispose()


def _counts(engine: Engine) -> dict[str, int]:
    """Rows of every table of the product that is there."""
    names = [name for name in inspect(engine).get_table_names() if name != "alembic_version"]
    with engine.connect() as connection:
        return {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names}


def _fill(engine: Engine) -> None:
    """One row more in every table."""
    for table in metadata.sorted_tables:
        with engine.connect() as connection:
            connection.execute(insert(table), [example_row(table)])
            connection.commit()


def test_an_empty_database_has_every_revision_before_it_in_one_line(engine: Engine) -> None:
    assert [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS
    assert schema.status(engine) == schema.SchemaStatus(None, REVISIONS[-1], tuple(REVISIONS))


def test_every_revision_can_be_taken_back_and_made_again(engine: Engine) -> None:
    for revision in REVISIONS:
        before = set(inspect(engine).get_table_names())
        assert schema.upgrade(engine, revision).current == revision
        made = set(inspect(engine).get_table_names())
        earlier = REVISIONS[REVISIONS.index(revision) - 1] if revision != REVISIONS[0] else "base"

        state = schema.downgrade(engine, earlier)

        assert state.current == (None if earlier == "base" else earlier)
        assert set(inspect(engine).get_table_names()) == before | {"alembic_version"}
        schema.upgrade(engine, revision)
        assert set(inspect(engine).get_table_names()) == made


def test_going_back_step_by_step_keeps_the_rows_of_what_is_left(engine: Engine) -> None:
    schema.upgrade(engine)
    _fill(engine)
    rows = _counts(engine)
    assert set(rows.values()) >= {1}

    for revision in [*REVISIONS[-2::-1], "base"]:
        schema.downgrade(engine, revision)
        left = _counts(engine)
        assert all(count >= 1 for count in left.values()), f"rows were lost on the way to {revision}"

    assert _counts(engine) == {}
    assert schema.upgrade(engine).pending == ()


def test_delivered_mappings_that_people_rely_on_survive_going_back_and_forth(engine: Engine) -> None:
    schema.upgrade(engine)
    job_codes = metadata.tables["forecasting.job_codes"]
    with engine.connect() as connection:
        connection.execute(
            insert(job_codes), [{**example_row(job_codes), "job_family_id": "valet", "job_group_id": None}]
        )
        connection.execute(text("UPDATE job_families SET title = 'Valet and doors' WHERE job_family_id = 'valet'"))
        connection.execute(text("UPDATE revenue_code_mappings SET category = 'self_daily' WHERE code_or_text = 'VD1'"))
        connection.execute(text("UPDATE revenue_code_mappings SET created_by = 'admin' WHERE code_or_text = 'VD1'"))
        connection.commit()

    schema.downgrade(engine, "0007")
    schema.upgrade(engine)

    with engine.connect() as connection:
        titles = connection.execute(text("SELECT title FROM job_families ORDER BY title")).scalars().all()
        codes = connection.execute(text("SELECT count(*) FROM revenue_code_mappings")).scalar_one()
        changed = text("SELECT category FROM revenue_code_mappings WHERE code_or_text = 'VD1'")
        assert connection.execute(changed).scalar_one() == "self_daily"
    assert titles == ["Ground Support Agent", "Ground Support Coordinator", "Valet and doors"]
    assert codes == 34


def test_a_revision_that_fails_leaves_the_database_as_it_was(engine: Engine) -> None:
    schema.upgrade(engine, "0002")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE schedule_payroll_days (note TEXT)"))
        connection.commit()

    with pytest.raises(OperationalError, match="already exists"):
        schema.upgrade(engine)

    assert schema.status(engine).current == "0002"
    assert "gl_accounts" not in inspect(engine).get_table_names()


def test_processes_that_upgrade_at_once_wait_for_each_other(tmp_path: Path) -> None:
    program = (
        "import sys; from shared_code.settings import Settings; from shared_code.sql.engine import operational_engine;"
        "from shared_code.storage import schema;"
        "print(schema.upgrade(operational_engine(Settings(db_primary_connection=sys.argv[1]))).current)"
    )
    command = [sys.executable, "-c", program, f"sqlite:///{tmp_path / 'forecasting.db'}"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]

    ended = [(process.communicate(timeout=60), process.returncode) for process in processes]

    assert [(output.strip(), code) for (output, _), code in ended] == [(REVISIONS[-1], 0)] * 3, ended


@pytest.mark.parametrize("revision", ["9999", "1", "", "heads", "head~1", "0001; DROP TABLE sites"])
def test_a_revision_that_there_is_not_is_refused_with_those_there_are(engine: Engine, revision: str) -> None:
    for move in (schema.upgrade, schema.downgrade):
        with pytest.raises(InvalidInputError, match=r"known are base, 0001, 0002, .* and head") as refusal:
            move(engine, revision)
        assert refusal.value.details["providedValue"] == revision


def test_there_is_no_way_back_to_a_later_revision(engine: Engine) -> None:
    schema.upgrade(engine, "0002")

    with pytest.raises(InvalidInputError, match="has schema version 0002; there is no way back from it to 0004"):
        schema.downgrade(engine, "0004")

    assert schema.status(engine).current == "0002"


def test_a_version_that_this_app_does_not_know_is_refused_by_everything(engine: Engine) -> None:
    schema.upgrade(engine)
    with engine.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '7001'"))
        connection.commit()

    for use in (schema.status, schema.require_current, schema.upgrade, lambda e: schema.downgrade(e, "base")):
        with pytest.raises(ConfigurationError, match=f"version 7001, which .* the newest it knows is {REVISIONS[-1]}"):
            use(engine)


def test_an_app_refuses_to_work_on_a_schema_that_is_not_the_newest(engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match=r"no schema yet; version .* Run: townepark schema upgrade"):
        schema.require_current(engine)
    schema.upgrade(engine, "0003")
    with pytest.raises(ConfigurationError, match="schema version 0003; version"):
        schema.require_current(engine)
    schema.upgrade(engine)
    schema.require_current(engine)


def test_migrations_make_on_sqlite_what_the_tables_say(tmp_path: Path) -> None:
    migrated = operational_engine(settings_of(tmp_path / "migrated.db"))
    declared = operational_engine(settings_of(tmp_path / "declared.db"))
    schema.upgrade(migrated)
    metadata.create_all(declared)

    assert _definitions(migrated) == _definitions(declared)
    migrated.dispose()
    declared.dispose()


def _definitions(engine: Engine) -> dict[str, list[str]]:
    """Tables and indexes by name: the parts of their definitions in order of the alphabet, columns among them."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
        ).all()
    definitions = {name: sorted(_parts(sql)) for name, sql in rows if name != "alembic_version"}
    for name in inspect(engine).get_table_names():
        if name != "alembic_version":
            definitions[f"{name} in order"] = [column["name"] for column in inspect(engine).get_columns(name)]
    return definitions


def _parts(definition: str) -> list[str]:
    """The lines of a CREATE statement, without what separates them."""
    lines = definition.replace("main.", "").replace('"', "").splitlines()
    return [re.sub(r"\s+", " ", line).strip().rstrip(",").strip() for line in lines if line.strip()]


@pytest.fixture(scope="module")
def script() -> str:
    return schema.sql_server_statements()


def test_the_script_for_sql_server_makes_what_the_tables_say(script: str) -> None:
    statements = [batch.strip().rstrip(";") for batch in re.sub(r"(?m)^--.*$", "", script).split("\nGO\n")]
    made = {tuple(_made(statement)) for statement in statements if "CREATE TABLE" in statement}
    indexes = {
        _one_line(statement) for statement in statements if statement.startswith(("CREATE INDEX", "CREATE UNIQUE"))
    }
    dialect = sql_server()
    declared = {tuple(_made(str(CreateTable(table).compile(dialect=dialect)))) for table in metadata.sorted_tables}
    declared_indexes = {
        _one_line(str(CreateIndex(index).compile(dialect=dialect)))
        for table in metadata.sorted_tables
        for index in table.indexes
    }

    assert {table for table in made if "alembic_version" not in table[0]} == declared
    assert indexes == declared_indexes
    assert "ALTER TABLE" not in script, "compare what the tables become, once a revision changes one"


def _made(statement: str) -> list[str]:
    """Name of the table, then its columns and constraints in order of the alphabet."""
    lines = _parts(statement[statement.index("CREATE TABLE") :])
    return [lines[0], *sorted(lines[1:])]


def _one_line(statement: str) -> str:
    return re.sub(r"\s+", " ", statement).strip()


def test_the_script_names_the_schemas_and_the_types_of_sql_server(script: str) -> None:
    for name in ("forecasting.sites", "integration.sync_runs", "staging.stg_budget"):
        assert f"CREATE TABLE {name} (" in script
    assert "balance NUMERIC(19, 5) NOT NULL" in script, "the other name of DECIMAL"
    assert "loaded_at DATETIME2(3) NOT NULL" in script
    assert "sync_run_id UNIQUEIDENTIFIER NOT NULL" in script
    assert "payload NVARCHAR(max) NOT NULL" in script
    assert "row_hash VARBINARY(32) NOT NULL" in script
    assert "rate_id BIGINT NOT NULL IDENTITY" in script
    assert "END) PERSISTED" in script
    assert "WHERE superseded_at IS NULL" in script
    assert "INCLUDE (site_id, amount)" in script
    assert "CHECK (period LIKE '[12][0-9][0-9][0-9]-[01][0-9]')" in script
    assert "CHECK (ISJSON([payload]) = 1)" in script


def test_the_script_holds_nothing_that_only_sqlite_knows(script: str) -> None:
    for stranger in (
        "GLOB",
        "json_valid",
        "AUTOINCREMENT",
        "PRAGMA",
        "BLOB",
        " TEXT",
        "||",
        "BOOLEAN",
        "IDENTITY_INSERT",
    ):
        assert stranger not in script
    assert not re.search(r"(?<![:\w]):\w+", script), "a parameter was left open"


def test_every_batch_of_the_script_is_one_statement(script: str) -> None:
    batches = [batch.strip() for batch in re.split(r"^GO$", script, flags=re.MULTILINE) if batch.strip()]
    opening = ("SET QUOTED_IDENTIFIER ON", "BEGIN TRANSACTION", "CREATE ", "INSERT INTO", "UPDATE ", "COMMIT")
    kinds = [
        statement.strip()
        for batch in batches
        for statement in re.sub(r"^--.*$", "", batch, flags=re.MULTILINE).split(";\n")
        if statement.strip()
    ]
    assert all(kind.startswith(opening) for kind in kinds), [
        kind[:60] for kind in kinds if not kind.startswith(opening)
    ]
    assert script.startswith("SET QUOTED_IDENTIFIER ON;"), "sqlcmd leaves it off, and filtered indexes need it"
    assert kinds[-1].startswith("COMMIT")


def test_a_column_named_like_a_word_of_t_sql_is_quoted_wherever_it_stands(script: str) -> None:
    named = {column.name for table in metadata.tables.values() for column in table.columns} & RESERVED_WORDS

    assert named == {"checkpoint", "rule"}
    for name in named:
        assert f"[{name}]" in script
        assert not re.search(rf"(?<!\[)\b{name}\b(?![\]_])", script)


def test_constraints_are_named_after_their_kind_table_and_columns() -> None:
    prefixes = {
        "PrimaryKeyConstraint": "pk_",
        "ForeignKeyConstraint": "fk_",
        "UniqueConstraint": "uq_",
        "CheckConstraint": "ck_",
    }
    for table in metadata.tables.values():
        for constraint in table.constraints:
            expected: Any = prefixes[type(constraint).__name__] + table.name
            assert str(CreateTable(table).compile(dialect=sql_server())).count(expected) >= 1
        assert all(str(index.name).startswith(("ix_", "ux_", "idx_")) for index in table.indexes)


def test_a_table_is_known_by_its_name_whatever_its_schema() -> None:
    names = [table.name for table in metadata.tables.values()]

    assert len(names) == len(set(names))
