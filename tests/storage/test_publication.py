"""Publication: a slice becomes what was staged, and nothing else changes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, and_, func, select

from shared_code.sql.bulk import insert_rows
from shared_code.storage import staged_rows
from shared_code.storage.publication import (
    FactShape,
    RunStamp,
    SliceChanges,
    merge_spellings,
    replace_columns,
    replace_slice,
)
from shared_code.storage.tables.facts import actual_parking_months, schedule_payroll_days
from shared_code.storage.tables.staging import stg_paid_hours, stg_parking_rates_actual, stg_schedule_cost, stg_shifts
from tests.support.operational import NOON, SteppedDatabase, executed_statements, operational_database, t_sql

OLD = RunStamp("0196aaaa-0000-7000-8000-000000000001", NOON)
NEW = RunStamp("0196aaaa-0000-7000-8000-000000000002", NOON + timedelta(hours=1))
OTHER = RunStamp("0196aaaa-0000-7000-8000-000000000003", NOON)

Key = tuple[str, str, str]
Facts = dict[Key, tuple[Decimal, Decimal]]

PARKING = FactShape(
    actual_parking_months,
    stg_parking_rates_actual,
    ("site_id", "period", "category"),
    ("revenue", "vehicles"),
    "period",
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteppedDatabase]:
    folder: Path = tmp_path_factory.mktemp("publication")
    with operational_database(folder) as database:
        yield database


@pytest.fixture
def connection(database: SteppedDatabase) -> Iterator[Connection]:
    """A transaction that is taken back."""
    with database.engine.connect() as connection:
        yield connection
        connection.rollback()


def _stage(connection: Connection, table: Table, run: RunStamp, columns: Sequence[str], rows: Sequence[Any]) -> None:
    numbered = [(run.sync_run_id, number, *row, b"") for number, row in enumerate(rows, start=1)]
    insert_rows(connection, table, ("sync_run_id", "row_no", *columns, "row_hash"), numbered)


def _publish_before(connection: Connection, facts: Mapping[Key, Sequence[Any]]) -> None:
    columns = (*PARKING.key, *PARKING.values, "sync_run_id", "loaded_at")
    rows = [(*key, *values, OLD.sync_run_id, OLD.loaded_at) for key, values in facts.items()]
    insert_rows(connection, PARKING.fact, columns, rows)


def _stage_parking(connection: Connection, rows: Sequence[Any], run: RunStamp = NEW) -> None:
    _stage(connection, PARKING.staging, run, (*PARKING.key, *PARKING.values), rows)


def _replace(connection: Connection, first: str = "2025-01", last: str = "2025-12") -> SliceChanges:
    period = PARKING.fact.c.period
    return replace_slice(connection, PARKING, NEW, and_(period >= first, period <= last))


def _facts(connection: Connection) -> dict[Key, tuple[Decimal, Decimal, str]]:
    rows = connection.execute(
        select(*[PARKING.fact.c[name] for name in (*PARKING.key, *PARKING.values, "sync_run_id")])
    )
    return {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in rows}


figures = st.decimals(min_value=-10, max_value=10, places=1)
periods = st.sampled_from(["2024-12", "2025-01", "2025-02", "2025-12", "2026-01"])
keys = st.tuples(st.sampled_from(["0001", "0002", "TP01"]), periods, st.sampled_from(["valet_daily", "self_daily"]))
facts = st.dictionaries(keys, st.tuples(figures, figures), max_size=12)


@given(before=facts, delivered=facts)
@settings(max_examples=150, deadline=None)
def test_a_slice_becomes_what_was_staged_and_the_rest_stays(
    database: SteppedDatabase, before: Facts, delivered: Facts
) -> None:
    staged = {key: values for key, values in delivered.items() if key[1].startswith("2025")}
    inside = {key: values for key, values in before.items() if key[1].startswith("2025")}
    with database.engine.connect() as connection:
        _publish_before(connection, before)
        _stage_parking(connection, [(*key, Decimal(7), Decimal(7)) for key in before], OTHER)
        _stage_parking(connection, [(*key, *values) for key, values in staged.items()])

        changes = _replace(connection)
        after = _facts(connection)
        connection.rollback()

    new = staged.keys() - inside.keys()
    gone = inside.keys() - staged.keys()
    changed = {key for key in staged.keys() & inside.keys() if staged[key] != inside[key]}
    kept = {key: values for key, values in before.items() if key not in gone}
    assert {key: values[:2] for key, values in after.items()} == kept | staged
    assert {key for key, values in after.items() if values[2] == NEW.sync_run_id} == new | changed
    assert (changes.inserted, changes.updated, changes.deleted) == (len(new), len(changed), len(gone))
    assert changes.touched == {(site_id, period) for site_id, period, _ in new | changed | gone}
    assert changes.is_empty == (not new | changed | gone)


def test_publishing_the_same_rows_again_writes_nothing(connection: Connection) -> None:
    _stage_parking(connection, [("0001", "2025-01", "valet_daily", Decimal("1.5"), Decimal(2))])
    assert _replace(connection).inserted == 1

    again = _replace(connection)

    assert again == SliceChanges()
    assert again.is_empty


def test_an_empty_read_empties_its_slice_and_nothing_else(connection: Connection) -> None:
    keys = [("0001", period, "valet_daily") for period in ("2024-12", "2025-01", "2025-12", "2026-01")]
    _publish_before(connection, {key: (Decimal(1), Decimal(1)) for key in keys})

    changes = _replace(connection)

    assert changes.deleted == 2
    assert changes.touched == {("0001", "2025-01"), ("0001", "2025-12")}
    assert [key[1] for key in sorted(_facts(connection))] == ["2024-12", "2026-01"]


def test_a_null_is_a_value_of_its_own(connection: Connection) -> None:
    day = date(2025, 6, 1)
    fact = schedule_payroll_days
    columns = (*MINUTE_KEY, *MINUTES, "source_cost", "sync_run_id", "loaded_at")
    rows = [("0001", day, code, 60, 0, 0, cost, *_stamp(OLD)) for code, cost in (("A", None), ("B", Decimal(1)))]
    insert_rows(connection, fact, columns, rows)
    shape = FactShape(fact, stg_schedule_cost, MINUTE_KEY, (*MINUTES, "source_cost"), "work_date")
    staged = [("0001", day, code, 60, 0, 0, None) for code in ("A", "B")]
    _stage(connection, stg_schedule_cost, NEW, (*MINUTE_KEY, *MINUTES, "source_cost"), staged)

    changes = replace_slice(connection, shape, NEW, fact.c.work_date == day)

    assert (changes.inserted, changes.updated, changes.deleted) == (0, 1, 0)
    costs = connection.execute(select(fact.c.job_code_id, fact.c.source_cost, fact.c.sync_run_id).order_by(*fact.c))
    assert [tuple(row) for row in costs] == [("A", None, OLD.sync_run_id), ("B", None, NEW.sync_run_id)]


def _stamp(run: RunStamp) -> tuple[str, datetime]:
    return run.sync_run_id, run.loaded_at


@given(st.lists(st.tuples(keys, figures, st.none() | figures), max_size=20))
@settings(max_examples=80, deadline=None)
def test_spellings_of_one_key_are_added_up(
    database: SteppedDatabase, rows: list[tuple[Key, Decimal, Decimal | None]]
) -> None:
    totals: dict[Key, list[Decimal | None]] = {}
    for key, revenue, vehicles in rows:
        total = totals.setdefault(key, [Decimal(0), None])
        total[0] = (total[0] or Decimal(0)) + revenue
        total[1] = total[1] if vehicles is None else (total[1] or Decimal(0)) + vehicles
    with database.engine.connect() as connection:
        _stage_parking(connection, [("0001", "2025-01", "valet_daily", Decimal(5), Decimal(5))] * 2, OTHER)
        _stage_parking(connection, [(*key, revenue, vehicles) for key, revenue, vehicles in rows])

        merged = merge_spellings(connection, PARKING, NEW.sync_run_id)
        left = _staged(connection, NEW)
        again = merge_spellings(connection, PARKING, NEW.sync_run_id)
        others = len(_staged(connection, OTHER))
        connection.rollback()

    assert {tuple(row[:3]): list(row[3:]) for row in left} == totals
    assert len(left) == len(totals)
    assert merged == sum([row[0] for row in rows].count(key) > 1 for key in totals)
    assert (again, others) == (0, 2)


def _staged(connection: Connection, run: RunStamp) -> list[tuple[Any, ...]]:
    table = PARKING.staging
    columns = [table.c[name] for name in (*PARKING.key, *PARKING.values)]
    return [tuple(row) for row in connection.execute(select(*columns).where(table.c.sync_run_id == run.sync_run_id))]


MINUTES = ("regular_minutes", "overtime_minutes", "double_overtime_minutes")
MINUTE_KEY = ("site_id", "work_date", "job_code_id")
EMPTY = {**dict.fromkeys(MINUTES, 0), "source_cost": None}
SHIFTS = FactShape(schedule_payroll_days, stg_shifts, MINUTE_KEY, MINUTES, "work_date")
COSTS = FactShape(schedule_payroll_days, stg_schedule_cost, MINUTE_KEY, ("source_cost",), "work_date")

places = st.tuples(
    st.sampled_from(["0001", "0002"]), st.sampled_from([date(2025, 6, 1), date(2025, 6, 2)]), st.just("A")
)
minutes = st.dictionaries(places, st.tuples(*[st.sampled_from([0, 30, 480])] * 3), max_size=4)
costs = st.dictionaries(places, st.tuples(st.sampled_from([Decimal(0), Decimal("12.34")])), max_size=4)
Delivery = tuple[FactShape, dict[Any, tuple[Any, ...]]]
deliveries = st.lists(minutes.map(lambda rows: (SHIFTS, rows)) | costs.map(lambda rows: (COSTS, rows)), max_size=6)


def _deliver(connection: Connection, number: int, delivery: Delivery) -> SliceChanges:
    shape, rows = delivery
    run = RunStamp(f"0196aaaa-0000-7000-8000-{number:012d}", NOON)
    _stage(connection, shape.staging, run, (*shape.key, *shape.values), [(*key, *row) for key, row in rows.items()])
    day = schedule_payroll_days.c.work_date
    return replace_columns(connection, shape, run, day.between(date(2025, 6, 1), date(2025, 6, 30)), EMPTY)


def _schedule(connection: Connection) -> dict[Any, tuple[Any, ...]]:
    table = schedule_payroll_days
    rows = connection.execute(select(*[table.c[name] for name in (*MINUTE_KEY, *MINUTES, "source_cost")]))
    return {tuple(row[:3]): tuple(row[3:]) for row in rows}


@given(deliveries)
@settings(max_examples=150, deadline=None)
def test_two_feeds_fill_one_fact_in_whatever_order_they_come(
    database: SteppedDatabase, delivered: list[Delivery]
) -> None:
    planned: dict[Any, tuple[Any, ...]] = {}
    priced: dict[Any, tuple[Any, ...]] = {}
    with database.engine.connect() as connection:
        for number, delivery in enumerate(delivered):
            before = _schedule(connection)
            changes = _deliver(connection, number, delivery)
            after = _schedule(connection)
            planned, priced = (delivery[1], priced) if delivery[0] is SHIFTS else (planned, delivery[1])
            wanted = {
                key: (*planned.get(key, (0, 0, 0)), *priced.get(key, (None,))) for key in planned.keys() | priced.keys()
            }

            assert after == {key: values for key, values in wanted.items() if any(values[:3]) or values[3] is not None}
            assert changes.inserted == len(after.keys() - before.keys())
            assert changes.deleted == len(before.keys() - after.keys())
            assert changes.updated == sum(before[key] != after[key] for key in before.keys() & after.keys())
            assert changes.touched == {
                (key[0], "2025-06") for key in before.keys() | after.keys() if before.get(key) != after.get(key)
            }
            assert _deliver(connection, 100 + number, delivery).is_empty, "the same delivery again changes nothing"
        connection.rollback()


def test_columns_of_facts_outside_the_slice_stay(connection: Connection) -> None:
    outside, inside = ("0001", date(2025, 5, 31), "A"), ("0001", date(2025, 6, 1), "A")
    columns = (*MINUTE_KEY, *MINUTES, "source_cost", "sync_run_id", "loaded_at")
    rows = [(*key, 60, 0, 0, None, *_stamp(OLD)) for key in (outside, inside)]
    insert_rows(connection, schedule_payroll_days, columns, rows)

    assert _deliver(connection, 1, (SHIFTS, {})).deleted == 1

    assert _schedule(connection) == {outside: (60, 0, 0, None)}


def test_restaged_rows_take_the_place_of_the_old_ones(connection: Connection) -> None:
    columns = ("site_id", "job_title", "job_code_id", "hours_all")
    rows = [("0001", "VALET", None, Decimal(1)), ("0001", "DOOR", "DOOR", Decimal(2)), ("0002", "VALET", None, None)]
    _stage(connection, stg_paid_hours, NEW, columns, rows)
    _stage(connection, stg_paid_hours, OTHER, columns, rows)
    table = stg_paid_hours

    for _ in range(2):  # a second time, there is nothing left to do
        staged_rows.restage(
            connection, table, NEW.sync_run_id, table.c.job_code_id.is_(None), {"job_code_id": table.c.job_title}
        )

    for run, codes in ((NEW, ["VALET", "DOOR", "VALET"]), (OTHER, [None, "DOOR", None])):
        found = connection.execute(
            select(table.c.site_id, table.c.job_code_id, table.c.hours_all)
            .where(table.c.sync_run_id == run.sync_run_id)
            .order_by(table.c.site_id, table.c.job_title.desc())
        )
        assert [tuple(row) for row in found] == [
            ("0001", codes[0], Decimal(1)),
            ("0001", codes[1], Decimal(2)),
            ("0002", codes[2], None),
        ]
    numbers = select(func.count(table.c.row_no.distinct())).where(table.c.sync_run_id == NEW.sync_run_id)
    assert connection.scalar(numbers) == 3


def test_the_app_never_updates_a_staged_row(database: SteppedDatabase) -> None:
    place = ("0001", date(2025, 6, 1), "A")
    with executed_statements(database) as statements, database.engine.connect() as connection:
        _stage_parking(connection, [("0001", "2025-01", "valet_daily", Decimal(1), Decimal(1))] * 2)
        merge_spellings(connection, PARKING, NEW.sync_run_id)
        _replace(connection)
        _deliver(connection, 1, (SHIFTS, {place: (60, 0, 0)}))
        _deliver(connection, 2, (COSTS, {place: (Decimal(1),)}))
        staged_rows.restage(connection, PARKING.staging, NEW.sync_run_id, PARKING.staging.c.row_no > 0, {})
        connection.rollback()

    sent = [t_sql(statement) for statement in statements]
    assert any("UPDATE forecasting.schedule_payroll_days" in statement for statement in sent)
    assert not [statement for statement in sent if statement.startswith("UPDATE staging.")]


def test_what_sql_server_gets_is_t_sql(database: SteppedDatabase) -> None:
    with executed_statements(database) as statements, database.engine.connect() as connection:
        _publish_before(connection, {("0001", "2025-01", "valet_daily"): (Decimal(1), Decimal(1))})
        _stage_parking(connection, [("0001", "2025-01", "valet_daily", Decimal(2), Decimal(2))])
        _replace(connection)
        connection.rollback()

    delete = next(text for text in map(t_sql, statements) if text.startswith("DELETE"))
    assert delete.splitlines()[0] == (
        "DELETE FROM forecasting.actual_parking_months WHERE forecasting.actual_parking_months.period >= :period_1 "
        "AND forecasting.actual_parking_months.period <= :period_2 AND NOT (EXISTS (SELECT 1 "
    )
    for text in map(t_sql, statements):
        assert " IS 0" not in text
        assert " IS 1" not in text
        assert "||" not in text
        assert "LIMIT" not in text


def test_a_moment_of_a_run_is_kept_with_its_rows(connection: Connection) -> None:
    _stage_parking(connection, [("0001", "2025-01", "valet_daily", Decimal(1), Decimal(1))])
    _replace(connection)

    loaded_at = connection.scalar(select(PARKING.fact.c.loaded_at))
    assert loaded_at == datetime(2025, 6, 10, 13, tzinfo=UTC)
