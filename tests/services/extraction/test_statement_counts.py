"""Set by set, never row by row: the statements of an extraction are as many for sixty sites as for three."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from shared_code.services.extraction.catalogue import FEEDS
from shared_code.services.extraction.extract import extract
from shared_code.services.extraction.feed import SliceRequest
from shared_code.sources.warehouse import objects
from shared_code.storage.tables.facts import actual_payroll_days
from tests.services.extraction.world import TUESDAY, World
from tests.support.operational import t_sql
from tests.support.t_sql_rules import judged_statements

YESTERDAY = TUESDAY - timedelta(days=1)


def _deliver(world: World, sites: int, titles: int) -> None:
    """A company in which something of every feed is at each site, with each job title where there are titles."""
    codes = [f"{number:04d}" for number in range(1, sites + 1)]
    jobs = [f"JOB {number}" for number in range(titles)]
    world.deliver(
        objects.master_non_financial, *[{"SITE": s, "SITE_NAME": s, "DISTRICT": s, "SVP_REGION": s} for s in codes]
    )
    chart = {"4785": "INTERNAL REVENUE", "6100": "PAYROLL"}
    world.deliver(
        objects.chart_of_account,
        *[{"MAIN_ACCOUNT": a, "ACCOUNT_NAME": a, "IS_SUMMARY_CATEGORY": kind} for a, kind in chart.items()],
    )
    for site in codes:
        _deliver_site(world, site, jobs, [*chart, "9999"])


def _deliver_site(world: World, site: str, jobs: list[str], accounts: list[str]) -> None:
    one = Decimal(1)
    account = [{"COST_CENTER": site, "MAIN_ACCOUNT": number, "BALANCE": one} for number in accounts]
    world.deliver(objects.budget_final, *[{**row, "PERIOD": "202506"} for row in account[:2]])
    world.deliver(objects.account_summary, *[{**row, "PERIOD": 202506, "ENTITY": "01"} for row in account])
    budget = {"COST_CENTER": site, "YEAR": 2025, "MONTH": 6, "BALANCE_DESC": "PR Hours", "BALANCE": one}
    world.deliver(objects.budget_datatab_pr, *[{**budget, "JOB_PROFILE": job} for job in [*jobs, "PILOT"]])
    revenue = {"SITE": site, "DATE": YESTERDAY, "REVENUE_CODE": "VD1", "VEHICLECOUNT": one, "NETEXTERNALREVENUE": one}
    world.deliver(objects.revenue_daily_detail, revenue)
    world.deliver(objects.revenue_daily_detail_invoice, revenue)
    paid = {"WORK_LOCATION": site, "DATE": YESTERDAY, "PAY_TYPE": "Regular", "TOTAL_HOURS": one, "TOTAL_DOLLARS": one}
    world.deliver(objects.payroll_summary, *[{**paid, "TITLE": job} for job in jobs])
    day = {"LOCATION_EXTERNAL_ID": site, "YEAR": 2025, "DAY_OF_THE_YEAR": 161}
    world.deliver(
        objects.shift_entity, *[{**day, "WORK_ROLE": job, "REGULAR_MINUTES": 60, "DELETED": "No"} for job in jobs]
    )
    world.deliver(objects.schedule_cost_entity, *[{**day, "WORK_ROLE": job, "SCHEDULE_COST": "1"} for job in jobs])
    person = {"EMPLOYEE_ID": f"E{site}", "COST_CENTER": site, "JOB_PROFILE": "ACCTMGR"}
    world.deliver(objects.workday_rls_bisecurity, {**person, "UPN": f"{site}@example.com", "SITE": site})
    salary = {**person, "ALLOCATION_PER_COST_CENTER_AMOUNT": one, "DW_LOAD_DATE": YESTERDAY}
    world.deliver(objects.workday_site_salaries, *[{**salary, "JOB_PROFILE": job} for job in jobs])
    wage = {"EMPLOYEE_ID": f"E{site}", "LOCATION_SITE": site, "JOB": "x"}
    world.deliver(objects.workday_wage_rate, *[{**wage, "JobProfileCode": job} for job in jobs])
    world.deliver(objects.gl_accounts, {"ACCOUNT_NUMBER": f"01-{site}", "STATUS": "Active", "DB_SOURCE": "ENC"})


@contextmanager
def _sent_statements() -> Iterator[list[str]]:
    """The statements that any engine sends while the block runs, a bulk insert being one."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _counted(world: World, as_of: date) -> dict[str, tuple[str, int]]:
    """State and number of statements of each run, by feed and slice."""
    found: dict[str, tuple[str, int]] = {}
    names = [name for name in FEEDS if name not in {"unit_accounts", "budget_api", "workday_api"}]
    for name in names:
        world.clock.moment += timedelta(minutes=10)
        with _sent_statements() as statements:
            report = extract(world.runtime, SliceRequest(as_of), feeds=[name])
        assert {outcome.end.error_text for outcome in report.outcomes} == {None}
        found[name] = (" ".join(outcome.end.state for outcome in report.outcomes), len(statements))
    return found


Fill = Callable[[World], None]


@pytest.fixture
def worlds(tmp_path: Path, migrated_database: Path) -> Iterator[tuple[World, World]]:
    """A company of three sites with one job, and one of sixty with ten."""
    made = []
    for name, sites, titles in (("small", 3, 1), ("large", 60, 10)):
        (tmp_path / name).mkdir()
        world = World(tmp_path / name, migrated_database)
        _deliver(world, sites, titles)
        made.append(world)
    with closing(made[0]), closing(made[1]):
        yield made[0], made[1]


def test_sixty_sites_take_as_many_statements_as_three(worlds: tuple[World, World]) -> None:
    small, large = worlds
    first = _counted(small, TUESDAY)

    assert _counted(large, TUESDAY) == first
    assert {state for state, _ in first.values()} == {"succeeded", "succeeded unchanged"}
    assert len(large.published(actual_payroll_days, "site_id")) == 600
    again = _counted(small, TUESDAY)
    assert _counted(large, TUESDAY) == again
    assert {state for state, _ in again.values()} == {"unchanged", "unchanged unchanged"}


def test_a_change_at_every_site_takes_as_many_statements_as_a_change_at_three(worlds: tuple[World, World]) -> None:
    counts = []
    for world in worlds:
        _counted(world, TUESDAY)
        _double(world)
        counts.append(_counted(world, TUESDAY))

    assert counts[0] == counts[1]
    assert counts[0]["paid_hours"][0] == counts[0]["ledger"][0] == "succeeded"


CHANGED = [
    ("BUDGET_FINAL", "BALANCE"),
    ("ACCOUNT_SUMMARY", "BALANCE"),
    ("BUDGET_DATATAB_PR", "BALANCE"),
    ("REVENUE_DAILY_DETAIL", "VEHICLECOUNT"),
    ("vwREVENUE_DAILY_DETAIL_INVOICE", "VEHICLECOUNT"),
    ("vwPAYROLL_SUMMARY", "TOTAL_HOURS"),
    ("SHIFT_ENTITY", "REGULAR_MINUTES"),
    ("WORKDAY_SITE_SALARIES", "ALLOCATION_PER_COST_CENTER_AMOUNT"),
]


def _double(world: World) -> None:
    """Twice the figures at the source."""
    with world._warehouse.begin() as connection:
        for table, column in CHANGED:
            connection.exec_driver_sql(f'UPDATE "{table}" SET "{column}" = "{column}" * 2')


PUBLISHED_BY_SLICE = [
    "budget",
    "ledger",
    "budget_payroll",
    "daily_revenue",
    "parking_rates_actual",
    "paid_hours",
    "shifts",
    "schedule_cost",
]

REFUSED_BY_SQL_SERVER = (" IS 0", " IS 1", "||", " LIMIT ", "json_each", "GLOB", "datetime(", "substr(")


def test_sql_server_is_sent_t_sql_by_every_feed(worlds: tuple[World, World]) -> None:
    world = worlds[0]
    statements: list[Any] = []

    def note(connection: Any, statement: Any, *rest: Any) -> None:
        statements.append(statement)

    engine = world.runtime.database.engine
    event.listen(engine, "before_execute", note)
    with judged_statements(world.runtime.database) as breaches:
        _counted(world, TUESDAY)
        _double(world)
        _counted(world, TUESDAY)
    event.remove(engine, "before_execute", note)
    assert breaches == {}

    texts = [t_sql(statement) for statement in statements if not isinstance(statement, str)]
    assert len(set(texts)) > 100
    assert [text for text in texts if any(word in text for word in REFUSED_BY_SQL_SERVER)] == []


def test_the_app_inserts_and_deletes_staged_rows_and_never_updates_them(worlds: tuple[World, World]) -> None:
    world = worlds[0]
    extract(world.runtime, SliceRequest(TUESDAY), feeds=["sites", "chart_of_accounts"])

    with world.counted_statements() as statements:
        extract(world.runtime, SliceRequest(TUESDAY), feeds=PUBLISHED_BY_SLICE)

    assert any(statement.startswith("INSERT INTO stg_") for statement in statements)
    assert [statement for statement in statements if statement.startswith(("UPDATE stg_", "UPDATE main.stg_"))] == []
