"""Where a run's rows come from: the run, and every read of a source with its query, parameters and content.

Source: Source side, "Run history, lineage, failure".
"""

from sqlalchemy import Connection, RowMapping, select

from shared_code.storage.tables.runs import sync_run_sources, sync_runs


def run(connection: Connection, sync_run_id: str) -> RowMapping | None:
    """The run of this id; None when there is none."""
    return connection.execute(select(sync_runs).where(sync_runs.c.sync_run_id == sync_run_id)).mappings().one_or_none()


def sources(connection: Connection, sync_run_id: str) -> list[RowMapping]:
    """The reads of the run, in order."""
    table = sync_run_sources
    chosen = [column for column in table.columns if column.name != "sync_run_id"]
    of_run = select(*chosen).where(table.c.sync_run_id == sync_run_id).order_by(table.c.seq)
    return list(connection.execute(of_run).mappings())
