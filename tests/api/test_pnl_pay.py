"""The salary of a single person does not stand in the breakdown of a P&L, unless the reader may know it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.storage.tables.messages import audit_events
from tests.api.exporting import export, exported, exporting
from tests.api.serving import BASE, Api, contents, data_of
from tests.support.export_world import fresh_world
from tests.support.payroll_world import PayrollWorld

PNL = f"{BASE}/pl-view/TP001/2025-05"
SALARY_OF_MAY = 6200
"""31 days of 73,000 a year, which the one salaried manager of TP001 earns."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PayrollWorld]:
    world = fresh_world(tmp_path)
    yield world
    world.close()


@pytest.fixture
def api(world: PayrollWorld) -> Iterator[Api]:
    with exporting(world) as api:
        yield api


def manager(api: Api) -> Api:
    return api.signed_in("am1@example.com", "account_manager", sites=["TP001"])


def payroll(api: Api) -> tuple[float, dict[str, float]]:
    """Payroll of May, and the addends that it is shown to have."""
    lines: list[dict[str, Any]] = data_of(api.get(f"{PNL}?include=breakdown"))["lines"]
    [line] = [line for line in lines if line["code"] == "payroll"]
    [month] = line["breakdown"]
    return line["total"]["value"], {one["component"]: one["amount"] for one in month["calculation"]}


def pay_reads(world: PayrollWorld) -> list[str]:
    """Who has read pay in a P&L or an export; saving shows it as well."""
    rows = world.rows(audit_events, "field", "item_key", "user_id")
    return [user for field, operation, user in rows if field == "pay_read" and operation.startswith("GET")]


def test_hours_and_salaries_are_one_addend_for_who_reads_no_pay(api: Api, world: PayrollWorld) -> None:
    total, addends = payroll(manager(api))
    assert addends == {"payroll_cost": total}
    assert "7600" not in contents(manager(api).get(f"{PNL}?include=breakdown"))
    rows = exported(manager(api), "pl-view/TP001/2025-05", "include=breakdown").table("Breakdown")
    assert [(row["Part"], float(row["Amount"])) for row in rows if row["Line"] == "Payroll"] == [
        ("payroll_cost", total)
    ]
    assert pay_reads(world) == []


def test_who_reads_pay_sees_them_apart_which_is_written_down_each_time(api: Api, world: PayrollWorld) -> None:
    for _ in range(2):
        total, addends = payroll(api)
        assert addends == {"hourly_cost": round(total - SALARY_OF_MAY, 2), "salaried_cost": SALARY_OF_MAY}
    assert pay_reads(world) == ["local"] * 2
    assert export(api, "pl-view/TP001/2025-05", "include=breakdown").status_code == 200
    assert pay_reads(world) == ["local"] * 3
    assert api.get(PNL).status_code == 200
    assert export(api, "pl-view/TP001/2025-05").status_code == 200
    assert pay_reads(world) == ["local"] * 3


def test_salaries_of_several_people_are_no_secret(api: Api, world: PayrollWorld) -> None:
    world.add_code("GSC8", "valet")
    world.use("TP001", "GSC8", 1, salary="73000")
    world.inputs_changed("TP001")
    total, addends = payroll(manager(api))
    assert addends == {"hourly_cost": round(total - 2 * SALARY_OF_MAY, 2), "salaried_cost": 2 * SALARY_OF_MAY}
    assert payroll(api) == (total, addends)
    assert pay_reads(world) == []
