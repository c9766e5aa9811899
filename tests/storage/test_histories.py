"""Histories that operators page through, as SQL Server gets the statements."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.storage import audit_reading, flow_runs, notes, quality_checks
from shared_code.storage.audit_reading import AuditFilter
from shared_code.storage.flow_runs import RunFilter
from tests.support.operational import NOON, SteppedDatabase, executed_statements, operational_database, t_sql

ALL = SiteScope.all_sites()
BEFORE, AFTER = NOON - timedelta(days=30), NOON + timedelta(days=1)
JOBS = {"refresh_pnl_all": "pl-refresh", "trend_analysis": "trend-analysis"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SteppedDatabase]:
    with operational_database(tmp_path) as database:
        yield database


def test_a_page_is_cut_by_the_server_in_two_statements(database: SteppedDatabase) -> None:
    some = SiteScope.of(["TP001", "TP002"])
    with executed_statements(database) as seen, database.reading() as connection:
        wanted = AuditFilter(BEFORE, AFTER, user="DM1@example.com", field="hours")
        assert audit_reading.page(connection, some, wanted, offset=50, limit=50) == ([], 0)
        runs = RunFilter(["payroll", "pl-refresh"], BEFORE, AFTER)
        assert flow_runs.page(connection, runs, JOBS, offset=50, limit=50) == ([], 0)
        assert notes.page(connection, ALL, "TP001", "2025-06", offset=50, limit=50) == ([], 0)
    statements = [t_sql(statement) for statement in seen]
    assert len(statements) == 6
    for counted, paged in zip(statements[::2], statements[1::2], strict=True):
        assert counted.startswith("SELECT count(*)")
        assert re.search(r"OFFSET :\w+ ROWS\s+FETCH FIRST :\w+ ROWS ONLY", paged)
    trail = statements[1]
    assert "forecasting.audit_events" in trail
    assert "integration.integration_audit_events" in trail
    assert "lower(forecasting.audit_events.user_id) = " in trail
    assert "OPENJSON" in trail


def test_the_state_of_all_flows_takes_two_statements(database: SteppedDatabase) -> None:
    with executed_statements(database) as seen, database.reading() as connection:
        assert flow_runs.latest_of_feeds(connection) == flow_runs.latest_of_jobs(connection, JOBS) == []
        assert quality_checks.latest_run(connection) is None
    ledger, slots, checks = [t_sql(statement) for statement in seen]
    assert "integration.sync_runs" in ledger
    assert "CASE forecasting.job_slots.job WHEN" in slots
    assert "TOP" in checks
