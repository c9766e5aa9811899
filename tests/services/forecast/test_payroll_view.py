"""The payroll of a site as it is read: the same figures as the P&L, in a few statements."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario
from shared_code.services.forecast.author import Author
from shared_code.services.forecast.payroll_entries import HOURS, PayrollEntry, Target
from shared_code.services.forecast.payroll_rows import Level
from shared_code.services.forecast.payroll_saving import PayrollRequest
from shared_code.services.forecast.payroll_view import PayrollView, Viewer, ViewOptions, read_payroll
from shared_code.services.forecast.saving import save
from shared_code.services.periods import month_period, parse_period
from shared_code.services.pnl_families import TREND
from shared_code.services.pnl_site_cells import open_site, read_site_cells
from shared_code.storage import payroll_reading
from tests.support.payroll_world import PayrollWorld, valet_company

MONTHS = ("2025-03", "2025-04", "2025-05", "2025-06")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PayrollWorld]:
    world = valet_company(PayrollWorld(tmp_path))
    world.budget("TP001", {"6000": "26000.33", "6200": "4420"})
    world.ledger("TP001", {"6000": "25123.45"}, "2025-01", "2025-02", "2025-03")
    world.labor("TP001", "VLT1", "2025-04-01", "2025-04-13", "23.7", "401.11")
    for month in MONTHS:
        world.budget_hours("TP001", month, "VLT1", "601", "9001")
        world.budget_hours("TP001", month, "VLT2", "163", "3043")
    world.rate("TP001", "VLT2", "19.777777", "2025-05-17")
    world.add_code("VLTM", "valet")
    world.use("TP001", "VLTM", 2, salary="73001")
    yield world
    world.close()


def enter(world: PayrollWorld, *entries: tuple[str, str]) -> None:
    """Hours of the group by day."""
    site = open_site(world.runtime, SiteScope.all_sites(), "TP001")
    for day, hours in entries:
        period = parse_period(day[:7])
        when = month_period(day[:7]).first.replace(day=int(day[8:]))
        entry = PayrollEntry("entries[0]", "date", when, when, Target(Level.GROUP, "valet"), {HOURS: Decimal(hours)})
        save(world.runtime, site, period, Author("am1"), [PayrollRequest(None, (entry,))])


def view(world: PayrollWorld, *months: str) -> list[PayrollView]:
    site = open_site(world.runtime, SiteScope.all_sites(), "TP001")
    with world.runtime.database.reading() as connection:
        return read_payroll(
            connection,
            site,
            [month_period(month) for month in months],
            world.runtime.settings,
            ViewOptions(),
            Viewer(may_write=True, reads_pay=True),
        )


@pytest.mark.parametrize("entries", [(), (("2025-04-21", "40.01"), ("2025-05-16", "33.33"), ("2025-05-20", "7.77"))])
def test_the_total_of_a_month_is_the_payroll_cell_of_the_pnl(
    entries: tuple[tuple[str, str], ...], world: PayrollWorld
) -> None:
    enter(world, *entries)
    site = open_site(world.runtime, SiteScope.all_sites(), "TP001")
    cells = read_site_cells(world.runtime, site, parse_period("2025"), [TREND])
    for month, shown in zip(MONTHS, view(world, *MONTHS), strict=True):
        total = shown.totals.period
        assert total.effective.cost == cells.rows(TREND, [month])[PnlRow.PAYROLL][0]
        forecast = cells.months[Scenario.FORECAST, month].cells[PnlRow.PAYROLL]
        assert total.forecast.cost == forecast
        assert (total.entered is None) is (month not in {day[:7] for day, _ in entries})


def test_reading_takes_as_many_statements_for_a_year_as_for_a_month(world: PayrollWorld) -> None:
    enter(world, ("2025-05-16", "33"))
    with world.statements() as one:
        view(world, "2025-05")
    for number in range(20):
        world.add_code(f"GSA{number:02d}", "valet")
        world.use("TP001", f"GSA{number:02d}", 1)
        world.budget_hours("TP001", "2025-05", f"GSA{number:02d}", "100", "1500")
    with world.statements() as many:
        view(world, *[f"2025-{month:02d}" for month in range(1, 13)])
    assert len(many.texts) == len(one.texts)


def test_saving_takes_as_many_statements_for_many_days_and_codes_as_for_one(world: PayrollWorld) -> None:
    site = open_site(world.runtime, SiteScope.all_sites(), "TP001")
    month = month_period("2025-05")

    def enter_to(last_day: int, hours: str) -> int:
        """Hours from the first to a day of May; the number of cells that got a value."""
        last = month.first.replace(day=last_day)
        target = Target(Level.GROUP, "valet")
        entry = PayrollEntry("entries[0]", "period", month.first, last, target, {HOURS: Decimal(hours)})
        request = PayrollRequest(None, (entry,), overwrite=True)
        [saved] = save(world.runtime, site, month, Author("am1"), [request])
        return saved.changes.created

    enter_to(1, "4")
    with world.statements() as one:
        assert enter_to(2, "10") == 2
    for number in range(20):
        world.add_code(f"GSA{number:02d}", "valet")
        world.use("TP001", f"GSA{number:02d}", 1)
    with world.statements() as many:
        assert enter_to(31, "500") > 600
    assert len(many.texts) == len(one.texts)


def test_a_site_out_of_scope_has_no_saved_hours(world: PayrollWorld) -> None:
    enter(world, ("2025-05-16", "33"))
    month = month_period("2025-05")
    with world.runtime.database.reading() as connection:
        seen = payroll_reading.saved_days(connection, SiteScope.of(["TP002"]), "TP001", month.first, month.last)
        assert seen == []
        assert payroll_reading.saved_days(connection, SiteScope.of(["TP001"]), "TP001", month.first, month.last)
