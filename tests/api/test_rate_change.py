"""A rate change reaches everything that depends on it, on the very next read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, served
from tests.support.monthly_world import MonthlyWorld

PERIODS = ("2025-05", "2025-Q2", "2025")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """1,000 daily valet vehicles are saved for May at a budget rate of 20; the contract shares 10 %."""
    world = MonthlyWorld(tmp_path)
    world.add_districts(alpha="east")
    world.add_sites("TP001", district_code="alpha", region_code="east")
    world.belongs("TP001", "alpha", "east")
    world.budget("TP001", {"9410": "20000", "9411": "20000", "9510": "1000"})
    world.ledger("TP001", {"9410": "20000"}, "2025-01", "2025-02", "2025-03")
    world.share("TP001", "10")
    world.valet_days("TP001", "2025-05", dict.fromkeys(range(2, 32), "0") | {1: "1000"})
    with served(create_app(lambda: world.runtime)) as api:
        yield api
    world.close()


def read(reader: Api, path: str) -> dict[str, Any]:
    answer = reader.get(f"{BASE}/{path}")
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def figures(manager: Api, district: Api) -> dict[str, float]:
    """External revenue, internal revenue and FLC wherever they are shown."""
    found: dict[str, float] = {}
    for period in PERIODS:
        lines = {line["code"]: line["total"]["value"] for line in read(manager, f"pl-view/TP001/{period}")["lines"]}
        found |= {f"P&L {code} {period}": lines[code] for code in ("externalRevenue", "internalRevenue", "flc")}
        statistics = read(manager, f"statistics/TP001/{period}")["statistics"]
        found[f"external of statistics {period}"] = statistics["externalRevenue"]["net"]
        found[f"external {period}"] = read(manager, f"revenue/external/TP001/{period}")["net"]
        found[f"internal {period}"] = read(manager, f"revenue/internal/TP001/{period}")["total"]
        found[f"FLC {period}"] = read(manager, f"flc/TP001/{period}")["flc"]
    rolled_up = read(district, "pl-view/rollup/district/alpha?period=2025")["lines"]
    found["FLC of the district"] = next(line["total"]["value"] for line in rolled_up if line["code"] == "flc")
    return found


def test_a_rate_change_reaches_everything(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    district = api.signed_in("dm1@example.com", "district_manager", districts=["alpha"])
    before = figures(manager, district)
    rates = {"rates": [{"category": "valetDaily", "rate": 25.00}]}
    answer = manager.put(f"{BASE}/parking-rates/TP001/2025-05", rates)
    assert [warning["code"] for warning in answer.json()["data"]["warnings"]] == ["RATE_DEVIATION"]
    after = figures(manager, district)
    change = {name: round(value - before[name], 2) for name, value in after.items()}
    assert change == {name: 5000.0 if "external" in name else 500.0 for name in before}
    may = [after[f"{name} 2025-05"] for name in ("external of statistics", "external", "P&L externalRevenue")]
    assert may == [25000.0] * 3
