"""What the analysis sends to SQL Server: T-SQL that groups by columns, and sums of exact decimals."""

import re
from datetime import date
from pathlib import Path

import pytest

from shared_code.domain.months import days_of
from shared_code.domain.site_figures import Basis
from shared_code.domain.site_scope import SiteScope
from shared_code.services.benchmarks import site_benchmarks
from shared_code.services.periods import parse_period
from shared_code.services.pnl_site_cells import open_site
from shared_code.services.productivity import site_productivity
from shared_code.services.trend_analysis import read_trend
from shared_code.storage import trend_results
from tests.support.analysis_world import AnalysisWorld
from tests.support.operational import executed_statements, t_sql
from tests.support.t_sql_rules import judged_statements


@pytest.fixture
def statements(tmp_path: Path) -> list[str]:
    """The statements of all three analyses, as T-SQL."""
    world = AnalysisWorld(tmp_path)
    world.know_codes()
    world.add_sites("TP001", "TP002", "TP003")
    world.traffic("TP001", days_of("2022-01"), valet_daily=1)
    world.work("TP001", "VLT1", [date(2025, 6, 1)], "8", "100")
    with world.runtime.database.writing() as connection:
        connection.exec_driver_sql("UPDATE sites SET region_code = NULL")
    database = world.runtime.database
    with executed_statements(database) as executed, judged_statements(database) as breaches:
        site = open_site(world.runtime, SiteScope.of(["TP001"]), "TP001")
        for basis in Basis:
            site_productivity(world.runtime, site, parse_period("2025"), basis=basis)
        site_benchmarks(world.runtime, site, parse_period("2025"))
        for timeframe in ("90d", "36m"):
            read_trend(world.runtime, site, timeframe)
        with world.runtime.database.writing() as connection:
            trend_results.mark_stale(connection, ["TP001"], "2025-07")
            trend_results.fresh_counts(connection, SiteScope.of(["TP001"]), ["12m"], date(2025, 7, 16))
            trend_results.stale_of_earlier_months(connection, SiteScope.all_sites(), "2025-07")
    world.close()
    assert breaches == {}
    return [t_sql(statement) for statement in executed]


def test_nothing_is_written_in_the_language_of_sqlite(statements: list[str]) -> None:
    assert any("OPENJSON(" in statement for statement in statements)
    assert any("CONVERT(char(7)" in statement for statement in statements)
    assert not [s for s in statements if "json_each" in s or " LIMIT " in s or "substr(" in s]


def test_no_group_is_made_by_an_expression_with_parameters(statements: list[str]) -> None:
    grouped = [re.split(r"GROUP BY", statement)[-1] for statement in statements if "GROUP BY" in statement]
    assert grouped
    for columns in grouped:
        assert not re.search(r"[?:]|%\(", columns), columns


def test_nothing_is_divided_in_the_database(statements: list[str]) -> None:
    assert not [statement for statement in statements if re.search(r"[\w)] / [\w(]", statement)]


def test_flags_are_compared_as_bits(statements: list[str]) -> None:
    [marked] = [statement for statement in statements if statement.startswith("UPDATE forecasting.trend_results")]
    assert "is_stale = 0" in marked
    [stale] = [statement for statement in statements if "SELECT DISTINCT" in statement and "trend_results" in statement]
    assert "is_stale = 1" in stale
