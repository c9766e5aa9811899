"""Refreshing the stored P&L: what is computed, what is written, what is announced, what is left alone."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import update

from shared_code.domain.rounding import money
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario, compute_site_year
from shared_code.services.pnl_freshness import freshness, insurance_rates
from shared_code.services.refresh_pnl import RefreshReport, behind, refresh_pnl
from shared_code.storage import pnl_inputs, pnl_results
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.facts import actual_account_months
from shared_code.storage.tables.job_codes import site_job_codes
from shared_code.storage.tables.messages import outbox_messages
from shared_code.storage.tables.results import pnl_components, pnl_site_years
from shared_code.storage.tables.results import pnl_results as results
from tests.support.pnl_world import MONTHS, PnlWorld

EVERYTHING = SiteScope.all_sites()
BUDGET = {
    "4790": "-30000",
    "6000": "9300",
    "6200": "930",
    "7045": "300",
    "7080": "90",
    "7082": "310",
    "7113": "220",
    "7170": "2000",
    "9410": "62000",
    "9440": "3100",
}
CLOSED = ("2025-01", "2025-02", "2025-03", "2025-04", "2025-05", "2025-06")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def hotel(world: PnlWorld) -> PnlWorld:
    """One site with a budget, closed months and a running month."""
    world.add_sites("TP001")
    world.budget("TP001", BUDGET)
    world.ledger("TP001", {"4790": "-29000", "6000": "9000", "7045": "280", "9410": "60000"}, *CLOSED)
    world.ledger("TP001", {"7101": "75", "7045": "410"}, "2025-07")
    world.days("TP001", "2025-07-01", "2025-07-13", "2500", "110")
    world.employ("TP001", "GSA")
    world.employ("TP001", "MGR", "73000")
    world.labor("TP001", "GSA", "2025-07-01", "2025-07-15", "16", "280")
    world.labor("TP001", "MGR", "2025-07-01", "2025-07-15", "8", "90")
    return world


def refresh(world: PnlWorld, *site_ids: str, year: int = 2025, force: bool = False) -> RefreshReport:
    return refresh_pnl(world.runtime, [(site, year) for site in site_ids], force=force)


def stored(world: PnlWorld, period: str, scenario: str, *lines: str) -> list[str | None]:
    found = {row[:2]: row[2:] for row in world.rows(results, "period", "scenario", *lines)}
    return [None if value is None else str(money(value)) for value in found[period, scenario]]


def test_the_stored_months_are_what_the_rules_make_of_the_published_facts(hotel: PnlWorld) -> None:
    report = refresh(hotel, "TP001")
    lines = ("external_revenue", "internal_revenue", "payroll", "claims", "other_expense", "pteb", "insurance", "flc")
    assert (report.computed, report.written, report.changed, report.errors) == (1, 43, 12, ())
    assert stored(hotel, "2025-06", "trend", *lines) == [
        "60000.00", "29000.00", "9000.00", "0.00", "280.00", "0.00", "0.00", "19720.00",
    ]  # fmt: skip
    assert stored(hotel, "2025-07", "trend", *lines) == [
        "68500.00",  # 13 × 2,500 + 62,000 × 18 ÷ 31
        "30000.00",
        "12000.00",  # 15 × (280 + 73,000 ÷ 365) + 9,300 × 16 ÷ 31
        "75.00",
        "630.00",  # 410 posted to date, 220 forecast
        "1200.00",
        "844.00",
        "13251.00",
    ]  # fmt: skip
    assert stored(hotel, "2025-08", "trend", *lines) == [
        "62000.00", "30000.00", "9300.00", "0.00", "520.00", "930.00", "723.85", "16526.15",
    ]  # fmt: skip


def test_entities_of_one_account_are_added(hotel: PnlWorld) -> None:
    hotel.ledger("TP001", {"6000": "50.505"}, "2025-06", entity="02")
    refresh(hotel, "TP001")
    assert stored(hotel, "2025-06", "actual", "payroll") == ["9050.51"]


def test_the_components_of_every_stored_line_add_up_to_it(hotel: PnlWorld) -> None:
    refresh(hotel, "TP001")
    sums: dict[tuple[str, str, str], Decimal] = {}
    for period, scenario, line, amount in hotel.rows(pnl_components, "period", "scenario", "line", "amount"):
        sums[period, scenario, line] = sums.get((period, scenario, line), Decimal(0)) + amount
    assert len(sums) > 200
    for (period, scenario, line), total in sums.items():
        assert stored(hotel, period, scenario, line) == [str(money(total))]


def test_components_keep_account_name_source_and_the_inputs_of_a_formula(hotel: PnlWorld) -> None:
    refresh(hotel, "TP001")
    columns = ("scenario", "line", "seq", "component", "label", "amount", "rate_source", "detail")
    rows = [row[1:] for row in hotel.rows(pnl_components, "period", *columns) if row[0] == "2025-07"]
    shown = [(*row[:5], str(row[5]), row[6], row[7] and json.loads(row[7])) for row in rows]
    assert ("budget", "other_expense", 1, "7113", "Office supplies", "220.000000", "budget", None) in shown
    assert (
        "trend", "other_expense", 0, "7045", "Employee relations", "410.000000", "actual",
        {"posted": "410", "forecast": "300"},
    ) in shown  # fmt: skip
    assert (
        "trend", "pteb", 0, "payroll_ratio", "Payroll × budget PTEB ÷ budget payroll", "1200.000000", None,
        {"payroll": "12000", "budgetPteb": "930", "budgetPayroll": "9300"},
    ) in shown  # fmt: skip


def test_a_site_year_is_behind_until_it_is_stored(hotel: PnlWorld) -> None:
    assert behind(hotel.runtime, EVERYTHING, [2025, 2026]) == {("TP001", 2025), ("TP001", 2026)}
    refresh(hotel, "TP001")
    assert behind(hotel.runtime, EVERYTHING, [2025, 2026]) == {("TP001", 2026)}


def test_changed_inputs_leave_the_site_year_behind_and_no_other(hotel: PnlWorld) -> None:
    hotel.add_sites("TP002")
    refresh(hotel, "TP001", "TP002")
    hotel.inputs_changed("TP001")
    assert behind(hotel.runtime, EVERYTHING, [2025]) == {("TP001", 2025)}


def test_a_new_month_leaves_every_site_year_behind(hotel: PnlWorld) -> None:
    refresh(hotel, "TP001")
    hotel.clock.moment = datetime(2025, 8, 1, 16, tzinfo=UTC)
    assert behind(hotel.runtime, EVERYTHING, [2025]) == {("TP001", 2025)}
    report = refresh(hotel, "TP001")
    assert (report.written, report.changed) == (8, 2)  # July is closed now, August is running
    assert stored(hotel, "2025-07", "trend", "claims") == ["75.00"]


def test_the_month_changes_at_midnight_of_the_site_and_not_of_the_company(world: PnlWorld) -> None:
    world.add_sites("EAST1")
    world.add_sites("WEST1", time_zone="America/Los_Angeles")
    world.clock.moment = datetime(2025, 8, 1, 5, tzinfo=UTC)  # 1 August 01:00 in New York, 31 July in Los Angeles
    refresh(world, "EAST1", "WEST1")
    assert world.rows(pnl_site_years, "site_id", "business_month") == [("EAST1", "2025-08"), ("WEST1", "2025-07")]


def test_another_insurance_rate_leaves_the_site_year_behind(hotel: PnlWorld) -> None:
    refresh(hotel, "TP001")
    dearer = hotel.with_settings(insurance_rate_other=Decimal("5.00"))
    assert behind(dearer, EVERYTHING, [2025]) == {("TP001", 2025)}
    refresh_pnl(dearer, [("TP001", 2025)])
    assert stored(hotel, "2025-08", "forecast", "insurance") == ["775.00"]
    assert behind(dearer, EVERYTHING, [2025]) == frozenset()
    dearer.close()


def test_a_scope_sees_only_its_own_sites_behind(hotel: PnlWorld) -> None:
    hotel.add_sites("TP002")
    assert behind(hotel.runtime, SiteScope.of(["TP002"]), [2025]) == {("TP002", 2025)}


def test_computing_again_from_the_same_inputs_writes_nothing_and_announces_nothing(hotel: PnlWorld) -> None:
    refresh(hotel, "TP001")
    tables = (results, pnl_components, pnl_site_years, outbox_messages)
    before = [hotel.rows(table) for table in tables]
    hotel.clock.moment = datetime(2025, 7, 16, 17, tzinfo=UTC)
    report = refresh(hotel, "TP001", force=True)
    assert (report.computed, report.written, report.changed) == (1, 0, 0)
    assert [hotel.rows(table) for table in tables] == before


def test_what_is_not_behind_is_not_computed(hotel: PnlWorld) -> None:
    refresh(hotel, "TP001")
    report = refresh(hotel, "TP001")
    assert (report.asked, report.computed, report.written) == (1, 0, 0)


def test_only_the_rows_that_changed_are_written(hotel: PnlWorld) -> None:
    refresh(hotel, "TP001")
    hotel.clock.moment = datetime(2025, 7, 16, 17, tzinfo=UTC)
    hotel.ledger("TP001", {"7185": "12.50"}, "2025-03")
    hotel.inputs_changed("TP001")
    report = refresh(hotel, "TP001")
    assert (report.written, report.changed) == (2, 1)
    rewritten = {row[:2] for row in hotel.rows(results, "period", "scenario", "calculated_at") if row[2].hour == 17}
    assert rewritten == {("2025-03", "actual"), ("2025-03", "trend")}
    assert stored(hotel, "2025-03", "trend", "other_expense", "flc") == ["292.50", "19707.50"]


def test_a_renamed_account_changes_the_components_that_show_it(hotel: PnlWorld) -> None:
    refresh(hotel, "TP001")
    with hotel.runtime.database.writing() as connection:
        connection.execute(update(accounts).where(accounts.c.main_account == "7113").values(name="Stationery"))
    hotel.inputs_changed("TP001")
    refresh(hotel, "TP001")
    labels = {row[1] for row in hotel.rows(pnl_components, "component", "label") if row[0] == "7113"}
    assert labels == {"Stationery"}


def test_every_changed_month_is_announced_with_flc_and_its_variance_to_budget(hotel: PnlWorld) -> None:
    refresh(hotel, "TP001")
    events = [json.loads(row[1]) for row in hotel.rows(outbox_messages, "destination", "payload")]
    assert {row[0] for row in hotel.rows(outbox_messages, "destination")} == {"forecasting-events"}
    assert sorted(event["period"] for event in events) == list(MONTHS)
    (july,) = [event for event in events if event["period"] == "2025-07"]
    assert (july["eventType"], july["siteId"]) == ("PLViewRefreshed", "TP001")
    assert (Decimal(july["flc"]), Decimal(july["variance"])) == (Decimal("13251.00"), Decimal("-3599.00"))


def test_a_month_without_flc_is_announced_without_figures(world: PnlWorld) -> None:
    world.add_sites("TP001")
    refresh(world, "TP001")
    events = [json.loads(row[0]) for row in world.rows(outbox_messages, "payload")]
    assert {(event["flc"], event["variance"]) for event in events} == {(None, None)}


def test_a_budget_that_was_never_published_is_unavailable_and_not_zero(world: PnlWorld) -> None:
    world.add_sites("TP001", "TP002")
    refresh(world, "TP001")
    assert stored(world, "2025-08", "budget", "payroll", "flc") == [None, None]
    assert {row[1] for row in world.rows(results, "scenario", "data_status") if row[0] == "budget"} == {"unavailable"}


def test_the_first_publication_of_a_budget_turns_unavailable_into_zero_for_sites_without_a_row(
    world: PnlWorld,
) -> None:
    world.add_sites("TP001", "TP002")
    refresh(world, "TP001", "TP002")
    world.budget("TP002", BUDGET)
    world.inputs_changed("TP002")
    assert behind(world.runtime, EVERYTHING, [2025]) == {("TP001", 2025), ("TP002", 2025)}
    refresh(world, "TP001")
    assert stored(world, "2025-08", "budget", "payroll", "flc") == ["0.00", "0.00"]


def test_a_closed_month_that_the_ledger_never_brought_is_unavailable(hotel: PnlWorld) -> None:
    hotel.forget(actual_account_months, period="2025-03")
    refresh(hotel, "TP001")
    assert stored(hotel, "2025-03", "trend", "payroll", "flc") == [None, None]
    assert stored(hotel, "2025-04", "trend", "payroll") == ["9000.00"]


def test_a_month_that_has_just_begun_has_nothing_posted_yet(hotel: PnlWorld) -> None:
    hotel.clock.moment = datetime(2025, 8, 1, 16, tzinfo=UTC)
    refresh(hotel, "TP001")
    assert stored(hotel, "2025-08", "trend", "claims", "flc") == ["0.00", "16526.15"]


def test_a_ledger_that_has_been_away_for_a_whole_month_is_unavailable_in_the_running_month(hotel: PnlWorld) -> None:
    hotel.clock.moment = datetime(2025, 9, 2, 16, tzinfo=UTC)
    refresh(hotel, "TP001")
    assert stored(hotel, "2025-08", "trend", "claims") == [None]
    assert stored(hotel, "2025-09", "trend", "claims", "payroll", "flc") == [None, "9300.00", None]


def test_the_salary_of_a_code_that_is_no_longer_active_costs_nothing(hotel: PnlWorld) -> None:
    hotel.employ("TP001", "SUP", "36500")
    with hotel.runtime.database.writing() as connection:
        connection.execute(update(site_job_codes).where(site_job_codes.c.job_code_id == "MGR").values(is_active=False))
    refresh(hotel, "TP001")
    # 15 × (280 + 90 recorded for the code that has no salary any more + 100 of the other salary) + 4,800
    assert stored(hotel, "2025-07", "trend", "payroll") == ["11850.00"]


def test_a_site_that_cannot_be_computed_says_why_and_does_not_stop_the_others(hotel: PnlWorld) -> None:
    hotel.add_sites("MARS1", time_zone="Mars/Olympus")
    report = refresh(hotel, "MARS1", "TP001", "NOWHERE")
    assert report.computed == 1
    mars, nowhere = report.errors
    assert (mars.site_id, mars.year, mars.code) == ("MARS1", 2025, "CALCULATION_ERROR")
    assert mars.message.startswith("The time zone 'Mars/Olympus' of site MARS1 does not exist")
    assert (nowhere.code, nowhere.message) == ("SITE_NOT_FOUND", "There is no site NOWHERE")
    assert [row[0] for row in hotel.rows(pnl_site_years, "site_id")] == ["TP001"]


def test_a_figure_that_cannot_be_kept_is_an_error_of_its_site_alone(hotel: PnlWorld) -> None:
    hotel.add_sites("TP002")
    hotel.budget("TP002", {"6000": "0.00001", "6200": "900000000"})
    hotel.labor("TP002", "GSA", "2025-07-01", "2025-07-15", "16", "280")
    report = refresh(hotel, "TP001", "TP002")
    (error,) = report.errors
    assert (error.site_id, error.year, error.code) == ("TP002", 2025, "CALCULATION_ERROR")
    assert "pteb of 2025-07 (trend)" in error.message
    assert report.computed == 1


@pytest.mark.parametrize("year", [0, 1999, 2100, -5])
def test_a_year_that_is_none_is_refused_without_touching_the_database(hotel: PnlWorld, year: int) -> None:
    with hotel.statements() as seen:
        (error,) = refresh(hotel, "TP001", year=year).errors
    assert (error.code, seen.texts) == ("INVALID_PERIOD", [])


def test_an_older_computation_never_replaces_a_newer_one(hotel: PnlWorld) -> None:
    old = _computed_but_not_stored(hotel)
    hotel.ledger("TP001", {"7185": "12.50"}, "2025-03")
    hotel.inputs_changed("TP001")
    refresh(hotel, "TP001")
    newer = hotel.rows(results), hotel.rows(pnl_site_years)
    with hotel.runtime.database.writing() as connection:
        outcome = pnl_results.store(connection, EVERYTHING, 2025, {"TP001": old}, hotel.clock.now())
    assert outcome.rows_written == 0
    assert outcome.superseded == {("TP001", 2025)}
    assert (hotel.rows(results), hotel.rows(pnl_site_years)) == newer


def test_a_computation_of_an_earlier_month_never_replaces_that_of_a_later_one(hotel: PnlWorld) -> None:
    hotel.clock.moment = datetime(2025, 8, 1, 16, tzinfo=UTC)
    refresh(hotel, "TP001")
    newer = hotel.rows(results)
    hotel.clock.moment = datetime(2025, 7, 31, 16, tzinfo=UTC)
    report = refresh(hotel, "TP001")
    assert (report.written, list(report.superseded)) == (0, [("TP001", 2025)])
    own = {(month.period, month.scenario): month for month in report.superseded["TP001", 2025].months}
    assert own["2025-07", Scenario.TREND].kind.value == "current"
    assert hotel.rows(results) == newer
    assert hotel.rows(pnl_site_years, "business_month") == [("2025-08",)]


def test_inputs_that_change_while_a_site_is_computed_leave_it_behind(hotel: PnlWorld) -> None:
    computed = _computed_but_not_stored(hotel)
    hotel.inputs_changed("TP001")
    with hotel.runtime.database.writing() as connection:
        pnl_results.store(connection, EVERYTHING, 2025, {"TP001": computed}, hotel.clock.now())
    assert behind(hotel.runtime, EVERYTHING, [2025]) == {("TP001", 2025)}


def test_a_store_never_touches_a_site_outside_the_scope(hotel: PnlWorld) -> None:
    computed = _computed_but_not_stored(hotel)
    with hotel.runtime.database.writing() as connection:
        pnl_results.store(connection, SiteScope.of(["TP002"]), 2025, {"TP001": computed}, hotel.clock.now())
    assert hotel.rows(results) == []


def test_refreshes_of_one_site_at_the_same_time_store_one_and_the_same_result(hotel: PnlWorld) -> None:
    reports: list[RefreshReport] = []
    threads = [threading.Thread(target=lambda: reports.append(refresh(hotel, "TP001"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.written for report in reports) == 43
    assert len(hotel.rows(results)) == 43
    assert len(hotel.rows(outbox_messages)) == 12


def test_a_batch_of_sites_takes_as_many_statements_as_a_single_one(world: PnlWorld) -> None:
    few, many = [f"A{number:03d}" for number in range(3)], [f"B{number:03d}" for number in range(300)]
    world.add_sites(*few, *many)
    world.budget([*few, *many], {"4790": "-30000", "6000": "9300"}, ["2025-07", "2025-08"])
    world.ledger([*few, *many], {"6000": "9000"}, "2025-06")
    counted = []
    for site_ids in (few, many):
        with world.statements() as seen:
            report = refresh_pnl(world.runtime, [(site, 2025) for site in site_ids], batch_sites=300)
        assert (report.computed, report.errors) == (len(site_ids), ())
        counted.append(seen)
    assert counted[0].others == counted[1].others <= 30
    rows = len(world.rows(results)) + len(world.rows(pnl_components))
    assert counted[1].inserts <= rows // 10_000 + 4


def test_batches_are_separate_and_their_progress_is_told(world: PnlWorld) -> None:
    world.add_sites("A1", "A2", "A3")
    told: list[tuple[int, int]] = []
    refresh_pnl(
        world.runtime,
        [(site, year) for site in ("A1", "A2", "A3") for year in (2025, 2026)],
        batch_sites=2,
        progress=lambda done, asked: told.append((done, asked)),
    )
    assert told == [(2, 6), (3, 6), (5, 6), (6, 6)]


def _computed_but_not_stored(world: PnlWorld) -> pnl_results.ComputedSiteYear:
    """What a refresh has in its hands just before it stores."""
    with world.runtime.database.reading() as connection:
        state = freshness(world.runtime, connection, EVERYTHING, [2025])
        rates = insurance_rates(world.runtime.settings)
        inputs = pnl_inputs.site_year_inputs(connection, EVERYTHING, 2025, state.calendar.dates, state.published, rates)
    rows = pnl_results.rows_of(compute_site_year(inputs["TP001"]))
    return pnl_results.ComputedSiteYear(state.stamps["TP001", 2025], rows)
