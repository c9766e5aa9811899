"""From a published figure to the query behind it: every row names its run, every run its reads."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Table, select

from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.run_lineage import lineage
from shared_code.storage.tables import facts
from shared_code.storage.tables.organisation import sites
from shared_code.storage.tables.runs import sync_runs
from tests.support.alert_world import AlertWorld
from tests.support.operational import NO_RUN

PUBLISHED = [table for name, table in sorted(vars(facts).items()) if isinstance(table, Table)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AlertWorld]:
    world = AlertWorld(tmp_path)
    yield world
    world.close()


@pytest.mark.parametrize("table", [*PUBLISHED, sites], ids=lambda table: table.name)
def test_every_published_row_has_to_name_its_run(table: Table) -> None:
    assert not table.c["sync_run_id"].nullable


def test_a_run_names_what_it_read(world: AlertWorld) -> None:
    world.ran("ledger", slowest_ms=120, rows_read=7)
    with world.runtime.database.reading() as connection:
        run_id = str(connection.execute(select(sync_runs.c.sync_run_id)).scalar_one())
    found = lineage(world.runtime, run_id.upper())
    assert (found.run["feed"], found.run["rows_read"]) == ("ledger", 7)
    [source] = found.sources
    assert {name: source[name] for name in ("seq", "query_id", "node_alias", "object_name", "duration_ms")} == {
        "seq": 1, "query_id": "E04", "node_alias": "node-1", "object_name": "dbo.T", "duration_ms": 120,
    }  # fmt: skip


def test_what_is_no_run_is_told_apart_from_what_is_no_id(world: AlertWorld) -> None:
    with pytest.raises(NotFoundError, match="There is no run"):
        lineage(world.runtime, NO_RUN)
    with pytest.raises(InvalidInputError, match="'ledger' is no id of a run"):
        lineage(world.runtime, "ledger")
