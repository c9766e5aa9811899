"""Hours spread over days and job codes: nothing is lost, and nothing changes when it is entered again."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_code.domain.site_scope import SiteScope
from shared_code.services.forecast.author import Author
from shared_code.services.forecast.cells import ChangeCount
from shared_code.services.forecast.payroll_entries import HOURS, PayrollEntry, Target, even_parts
from shared_code.services.forecast.payroll_rows import Level
from shared_code.services.forecast.payroll_saving import PayrollRequest
from shared_code.services.forecast.saving import SavedSection, save
from shared_code.services.periods import parse_period
from shared_code.services.pnl_site_cells import open_site
from shared_code.storage.tables.forecasts import payroll_forecast_days
from tests.support.payroll_world import PayrollWorld, valet_company

AMOUNTS = st.decimals(min_value=0, max_value=2000, places=2)
FIRST, LAST = date(2025, 4, 1), date(2025, 4, 30)


@pytest.fixture(scope="module")
def world() -> Iterator[PayrollWorld]:
    with TemporaryDirectory() as folder:
        world = valet_company(PayrollWorld(Path(folder)))
        world.add_code("VLT3", "valet")
        world.use("TP001", "VLT3", 3)
        yield world
        world.close()


def enter(world: PayrollWorld, hours: Decimal, first: date = FIRST, last: date = LAST) -> SavedSection:
    """Enter hours of the group for some days, over whatever is saved."""
    site = open_site(world.runtime, SiteScope.all_sites(), "TP001")
    entry = PayrollEntry("entries[0]", "period", first, last, Target(Level.GROUP, "valet"), {HOURS: hours})
    request = PayrollRequest(None, (entry,), overwrite=True)
    [saved] = save(world.runtime, site, parse_period("2025-04"), Author("am1"), [request])
    return saved


def saved_hours(world: PayrollWorld) -> list[tuple[date, str, Decimal]]:
    return [
        (day, code, hours)
        for day, code, hours in world.rows(payroll_forecast_days, "work_date", "job_code_id", "regular_hours")
    ]


@given(amount=st.decimals(min_value=0, max_value=309_969, places=2), count=st.integers(1, 31))
def test_even_parts_add_up_and_none_is_negative(amount: Decimal, count: int) -> None:
    parts = even_parts(amount, count)
    assert (len(parts), sum(parts)) == (count, amount)
    assert min(parts) >= 0
    assert all(part == round(part, 2) for part in parts)


@settings(max_examples=15, deadline=None)
@given(amount=AMOUNTS)
def test_a_month_of_a_group_adds_up_to_what_was_entered_and_entering_it_again_changes_nothing(
    amount: Decimal, world: PayrollWorld
) -> None:
    enter(world, amount)
    rows = saved_hours(world)
    assert sum(hours for _, _, hours in rows) == amount
    assert {day for day, _, _ in rows} == {date(2025, 4, number) for number in range(15, 31)}
    assert all(hours >= 0 for _, _, hours in rows)
    before = world.saved()
    assert enter(world, amount).changes == ChangeCount()
    assert world.saved() == before


@settings(max_examples=15, deadline=None)
@given(amount=st.decimals(min_value=0, max_value=160, places=2), day=st.integers(15, 30))
def test_hours_of_a_day_go_to_its_codes_by_employees_to_the_cent(
    amount: Decimal, day: int, world: PayrollWorld
) -> None:
    when = date(2025, 4, day)
    enter(world, amount, when, when)
    shares = {code: hours for at, code, hours in saved_hours(world) if at == when}
    assert sum(shares.values()) == amount
    for code, employees in (("VLT1", 3), ("VLT2", 1), ("VLT3", 3)):
        assert abs(shares[code] - amount * employees / 7) <= Decimal("0.01")
