"""Warnings about days and hours over HTTP: exactly at a threshold there is none, and every threshold can be set."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, data_of, served
from tests.support.export_world import fresh_world
from tests.support.payroll_world import PayrollWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PayrollWorld]:
    """TP001 has a budget of 800 hours a month, and 200 rooms."""
    world = fresh_world(tmp_path)
    yield world
    world.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    world = fresh_world(tmp_path_factory.mktemp("shared"))
    with served(create_app(lambda: world.runtime)) as api:
        yield api
    world.close()


def days(*numbers: int, **values: Any) -> dict[str, Any]:
    return {"days": [{"date": f"2025-05-{number:02d}", **values} for number in numbers]}


def hours(value: float) -> dict[str, Any]:
    """Hours of the valets in May; the other 400, 12.90 of them on each day, stand as budgeted."""
    return {"entries": [{"jobGroupId": "valet", "hours": value}], "overwrite": True}


def shift(value: float) -> dict[str, Any]:
    return {"entries": [{"date": "2025-05-10", "jobGroupId": "valet", "hours": value}]}


@pytest.mark.parametrize(
    ("code", "module", "quiet", "loud", "threshold"),
    [
        ("COMPS_HIGH", "statistics", days(5, valetDaily=40, valetComps=8), days(5, valetDaily=40, valetComps=8.01), 21),
        ("FULL_OCCUPANCY", "statistics", days(7, 8, occupancy=1), days(7, 8, 9, occupancy=1), 4),
        ("PAYROLL_VARIANCE", "payroll", hours(480), hours(480.01), 11),
        ("PAYROLL_VARIANCE", "payroll", hours(320), hours(319.99), 11),
    ],
)
def test_a_warning_begins_behind_its_threshold(
    code: str, module: str, quiet: dict[str, Any], loud: dict[str, Any], threshold: int, world: PayrollWorld
) -> None:
    with served(create_app(lambda: world.runtime)) as api:
        assert code not in saved(api, module, quiet)
        assert code in saved(api, module, loud)
    other = world.with_settings(warning_thresholds={code: threshold})
    with served(create_app(lambda: other)) as api:
        assert code not in warned(api, module)


def test_as_many_hours_scheduled_as_forecast_are_no_warning(world: PayrollWorld) -> None:
    world.schedule("TP001", "VLT1", "2025-05-10", 1374)
    with served(create_app(lambda: world.runtime)) as api:
        assert "SCHEDULE_ABOVE_FORECAST" not in saved(api, "payroll", shift(10))
        assert "SCHEDULE_ABOVE_FORECAST" in saved(api, "payroll", shift(9.99))


@pytest.mark.parametrize(("rooms", "is_warned_of"), [("200", False), ("200.01", True)])
def test_a_recorded_ratio_may_be_one_and_no_more(rooms: str, is_warned_of: bool, world: PayrollWorld) -> None:
    world.days("TP001", "2025-04-15", "2025-04-15", "400", rooms)
    with served(create_app(lambda: world.runtime)) as api:
        assert ("RATIO_OUT_OF_RANGE" in warned(api, "statistics", "2025-04")) is is_warned_of


def test_a_month_without_a_budget_is_the_only_one_named(world: PayrollWorld) -> None:
    with served(create_app(lambda: world.runtime)) as api:
        for module in ("statistics", "payroll", "parking-rates", "other-expenses"):
            assert "NO_BUDGET" not in warned(api, module, "2025-12")
            assert "NO_BUDGET" in warned(api, module, "2026-01")


@pytest.mark.parametrize(("amount", "is_turned"), [(250, True), (0.01, True), (0, False), (-250, False), (None, False)])
def test_only_a_positive_amount_that_reduces_revenue_is_turned_negative(
    amount: float | None, is_turned: bool, shared: Api
) -> None:
    for item in ("gpoFees", "signingBonus", "clientPaidExpense"):
        answer = shared.put(f"{BASE}/revenue/other/TP001/2025-05", {item: amount}, headers={"If-Match": "*"})
        assert ("SIGN_NORMALISED" in codes(data_of(answer))) is is_turned
    answer = shared.put(f"{BASE}/revenue/other/TP001/2025-05", {"miscellaneous": amount}, headers={"If-Match": "*"})
    assert codes(data_of(answer)) == []


def saved(api: Api, module: str, body: dict[str, Any]) -> list[str]:
    return codes(data_of(api.put(f"{BASE}/{module}/TP001/2025-05", body)))


def warned(api: Api, module: str, period: str = "2025-05") -> list[str]:
    return codes(data_of(api.get(f"{BASE}/{module}/TP001/{period}")))


def codes(data: dict[str, Any]) -> list[str]:
    return [one["code"] for one in data["warnings"]]
