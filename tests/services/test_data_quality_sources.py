"""Published facts laid beside the sums of their source, and rows that no read asks for."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, update

from shared_code.services.quality.source_sums import RECONCILED, SOURCE_CHECKS
from shared_code.services.quality.validation import PARTS
from shared_code.sources.warehouse.catalogue import QUERIES
from shared_code.sources.warehouse.objects import (
    account_summary,
    budget_datatab_pr,
    budget_final,
    chart_of_account,
    payroll_summary,
    revenue_daily_detail,
    revenue_daily_detail_invoice,
)
from shared_code.sources.warehouse.reconciliation import MONTHS_OF_NO_CALENDAR, sums_by_site
from shared_code.sources.warehouse.window import Window
from shared_code.storage.tables.facts import (
    actual_account_months,
    actual_parking_months,
    actual_payroll_days,
    actual_statistic_days,
    budget_account_months,
    budget_payroll_months,
)
from shared_code.storage.tables.mappings import account_mappings
from tests.support.example_rows import example_row
from tests.support.operational import sql_server
from tests.support.validated_world import ExtractedWorld

MAY_25 = date(2025, 5, 25)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExtractedWorld]:
    with closing(ExtractedWorld(tmp_path)) as world:
        yield world


def _balance(**values: Any) -> dict[str, Any]:
    usual = {"COST_CENTER": "0046", "PERIOD": 202505, "MAIN_ACCOUNT": "4790", "ENTITY": "01", "BALANCE": Decimal(-100)}
    return usual | values


def _budget(**values: Any) -> dict[str, Any]:
    return {"COST_CENTER": "46", "PERIOD": "202505", "MAIN_ACCOUNT": "4790", "BALANCE": Decimal(-100)} | values


def _profile(**values: Any) -> dict[str, Any]:
    usual = {"COST_CENTER": "0046", "YEAR": 2025, "MONTH": 5, "JOB_PROFILE": "VALET"}
    return usual | {"BALANCE_DESC": "PR Hours", "BALANCE": Decimal(160)} | values


def _revenue(**values: Any) -> dict[str, Any]:
    usual = {"SITE": "0046", "DATE": MAY_25, "REVENUE_CODE": "VD1", "VEHICLECOUNT": Decimal(5)}
    return usual | {"NETEXTERNALREVENUE": Decimal(50)} | values


def _hours(**values: Any) -> dict[str, Any]:
    usual = {"WORK_LOCATION": "46", "TITLE": "VALET", "DATE": MAY_25, "PAY_TYPE": "Regular"}
    return usual | {"TOTAL_HOURS": Decimal(8), "TOTAL_DOLLARS": Decimal(120)} | values


CASES: dict[str, tuple[Table, dict[str, Any], Table, dict[str, Any], str]] = {
    "budget": (budget_final, _budget(), budget_account_months, {"balance": Decimal(-90)}, "balance"),
    "ledger": (account_summary, _balance(), actual_account_months, {"balance": Decimal("-99.98")}, "balance"),
    "budget_payroll": (budget_datatab_pr, _profile(), budget_payroll_months, {"hours": Decimal(150)}, "hours"),
    "daily_revenue": (
        revenue_daily_detail,
        _revenue(),
        actual_statistic_days,
        {"total_net_revenue": Decimal(40)},
        "total_net_revenue",
    ),
    "parking_rates_actual": (
        revenue_daily_detail_invoice,
        _revenue(),
        actual_parking_months,
        {"vehicles": Decimal(4)},
        "vehicles",
    ),
    "paid_hours": (payroll_summary, _hours(), actual_payroll_days, {"hours_all": Decimal(7)}, "hours_all"),
}
"""Of every feed a row of its source, the facts that it becomes, and how they are falsified in which measure."""


def _extract(world: ExtractedWorld, feed: str, source: Table, row: dict[str, Any]) -> None:
    world.deliver(
        chart_of_account, {"MAIN_ACCOUNT": "4790", "ACCOUNT_NAME": "Fee", "IS_SUMMARY_CATEGORY": "INTERNAL REVENUE"}
    )
    world.run("chart_of_accounts")
    world.deliver(source, row)
    # On a Sunday the daily revenue looks back five weeks.
    as_of = date(2025, 6, 8) if feed == "daily_revenue" else date(2025, 6, 10)
    assert {outcome.end.state for outcome in world.run_all(feed, as_of)} <= {"succeeded", "unchanged"}


@pytest.mark.parametrize("feed", [item.feed for item in RECONCILED])
def test_what_is_published_must_add_up_to_what_the_source_has(feed: str, world: ExtractedWorld) -> None:
    source, row, facts, false, measure = CASES[feed]
    _extract(world, feed, source, row)
    assert world.asked(feed) == []

    world.execute(update(facts).values(**false))

    assert world.asked(feed) == [("SOURCE_SUM_DIFFERS", "0046", "2025-05", measure)]


def test_a_cent_is_no_difference(world: ExtractedWorld) -> None:
    _extract(world, "ledger", account_summary, _balance())
    world.execute(update(actual_account_months).values(balance=Decimal("-99.99")))
    assert world.asked("ledger") == []


def test_rows_that_came_to_the_source_later_and_sites_that_it_has_lost_are_differences(world: ExtractedWorld) -> None:
    _extract(world, "ledger", account_summary, _balance())
    world.withdraw(account_summary)
    world.deliver(account_summary, _balance(COST_CENTER="47", PERIOD=202504))
    assert world.asked("ledger") == [
        ("SOURCE_SUM_DIFFERS", "0046", "2025-05", "balance"),
        ("SOURCE_SUM_DIFFERS", "0047", "2025-04", "balance"),
    ]


def test_sites_that_the_product_does_not_have_and_months_that_are_not_closed_are_left_out(
    world: ExtractedWorld,
) -> None:
    _extract(world, "ledger", account_summary, _balance())
    world.deliver(account_summary, _balance(COST_CENTER="9999"), _balance(COST_CENTER="-"), _balance(PERIOD=202506))
    assert world.asked("ledger") == []


def test_a_month_that_has_ended_a_few_days_ago_may_still_change(world: ExtractedWorld) -> None:
    world.clock.moment = datetime(2025, 6, 9, 12, tzinfo=UTC)
    _extract(world, "ledger", account_summary, _balance())
    world.clock.moment = datetime(2025, 6, 9, 23, tzinfo=UTC)
    world.execute(update(actual_account_months).values(balance=Decimal(0)))
    assert world.asked("ledger") == []
    world.clock.moment += timedelta(days=1)
    assert world.asked("ledger") == [("SOURCE_SUM_DIFFERS", "0046", "2025-05", "balance")]


def test_before_a_feed_was_read_there_is_nothing_to_compare(world: ExtractedWorld) -> None:
    world.deliver(account_summary, _balance())
    assert world.asked(*[item.feed for item in RECONCILED]) == []


def test_budgets_are_compared_after_their_accounts_were_mapped(world: ExtractedWorld) -> None:
    mapping = {"source_account": "4OLD", "main_account": "4790", "sign_factor": -1, "effective_to": None}
    world.write(account_mappings, example_row(account_mappings) | mapping | {"effective_from": "2020-01"})
    _extract(world, "budget", budget_final, _budget(MAIN_ACCOUNT="4OLD"))
    assert world.published(budget_account_months, "balance") == [Decimal(100)]
    assert world.asked("budget") == []


@pytest.mark.parametrize(
    ("feed", "table", "row", "shown"),
    [
        ("budget", budget_final, _budget(PERIOD="202513"), "202513"),
        ("budget", budget_final, _budget(PERIOD="202600"), "202600"),
        ("budget", budget_final, _budget(PERIOD="2024AB"), "2024AB"),
        ("budget", budget_final, _budget(PERIOD="      "), None),
        ("ledger", account_summary, _balance(PERIOD=202513), "202513"),
        ("ledger", account_summary, _balance(PERIOD=202499), "202499"),
        ("ledger", account_summary, _balance(PERIOD=None), None),
    ],
)
def test_rows_of_a_month_that_no_calendar_has_are_reported(
    feed: str, table: Table, row: dict[str, Any], shown: str | None, world: ExtractedWorld
) -> None:
    world.deliver(table, row)
    assert world.asked(feed) == [("INVALID_PERIOD", "0046", shown, "period")]


@pytest.mark.parametrize("period", [202401, 202412, 202501, 202512, 202601, 202612, 202213])
def test_months_and_years_that_nobody_reads_are_not(period: int, world: ExtractedWorld) -> None:
    world.deliver(budget_final, _budget(PERIOD=str(period)))
    world.deliver(account_summary, _balance(PERIOD=period))
    assert world.asked("budget", "ledger") == []


def test_a_source_that_is_away_leaves_every_comparison_unknown(world: ExtractedWorld) -> None:
    _extract(world, "ledger", account_summary, _balance())
    world.runtime.settings.edw_sample_path.unlink()
    assert world.asked("ledger") == [
        ("SOURCE_UNAVAILABLE", None, None, "reference"),
        ("SOURCE_UNAVAILABLE", None, None, "reconciliation"),
    ]


def test_a_table_that_has_changed_leaves_its_own_comparison_unknown_and_no_other(world: ExtractedWorld) -> None:
    _extract(world, "ledger", account_summary, _balance())
    world.deliver(budget_final, _budget(PERIOD="202513"))
    world.drop_column(account_summary.c.BALANCE)
    asked = world.asked("budget", "ledger")
    assert ("INVALID_PERIOD", "0046", "202513", "period") in asked
    assert [field for code, _, _, field in asked if code.startswith("SOURCE_")] == ["reconciliation"]


def test_every_check_of_a_source_belongs_to_a_part_of_the_validation() -> None:
    assert {check.feed for check in SOURCE_CHECKS} <= {source for part in PARTS for source in part}
    assert {item.feed for item in RECONCILED} == set(CASES)


@pytest.mark.parametrize("feed", [item.feed for item in RECONCILED])
def test_sql_server_adds_up_by_site_without_an_order_inside(feed: str) -> None:
    [item] = [one for one in RECONCILED if one.feed == feed]
    statement: Any = sums_by_site(QUERIES[feed], item.measures).statement(_WINDOW)
    text = str(statement.compile(dialect=sql_server()))
    assert text.count("ORDER BY") == 1
    assert text.rstrip().endswith("ORDER BY s.site")


@pytest.mark.parametrize("feed", MONTHS_OF_NO_CALENDAR)
def test_sql_server_compares_periods_as_the_column_holds_them(feed: str) -> None:
    statement: Any = MONTHS_OF_NO_CALENDAR[feed].statement(_WINDOW)
    compiled = statement.compile(dialect=sql_server())
    kinds = {type(value) for name, value in compiled.params.items() if name.startswith(("after", "before"))}
    assert kinds == {str if feed == "budget" else int}
    assert "PERIOD IS NULL" in str(compiled).replace("[PERIOD]", "PERIOD")


_WINDOW = Window(
    date_from=date(2025, 5, 1), date_to_exclusive=date(2025, 6, 1), period_from="2025-05", period_to="2025-05"
)
