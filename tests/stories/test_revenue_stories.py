"""A rate that reaches everything, and the signs of other revenue.

Source: User stories, "S11 A rate change reaches everything", "S12 Signs of other revenue".
"""

from typing import Any

import pytest

from tests.api.serving import BASE, Api, data_of, first_error, told
from tests.support.story_world import StoryWorld

OTHER = f"{BASE}/revenue/other/TP001"
PERIODS = ("2025-05", "2025-Q2", "2025")


def shown(manager: Api, district: Api) -> dict[str, float]:
    """External revenue, internal revenue and FLC wherever they are shown."""

    def read(reader: Api, path: str) -> Any:
        return data_of(reader.get(f"{BASE}/{path}"))

    found: dict[str, float] = {}
    for period in PERIODS:
        lines = {line["code"]: line["total"]["value"] for line in read(manager, f"pl-view/TP001/{period}")["lines"]}
        found |= {f"P&L {code} {period}": lines[code] for code in ("externalRevenue", "internalRevenue", "flc")}
        statistics = read(manager, f"statistics/TP001/{period}")["statistics"]
        found[f"external of statistics {period}"] = statistics["externalRevenue"]["net"]
        found[f"external {period}"] = read(manager, f"revenue/external/TP001/{period}")["net"]
        found[f"internal {period}"] = read(manager, f"revenue/internal/TP001/{period}")["total"]
        found[f"FLC {period}"] = read(manager, f"flc/TP001/{period}")["flc"]
    rolled_up = read(district, "pl-view/rollup/district/Alpha?period=2025")["lines"]
    found["FLC of the district"] = next(line["total"]["value"] for line in rolled_up if line["code"] == "flc")
    return found


def test_s11_a_rate_change_reaches_everything_on_the_very_next_read(am1: Api, dm1: Api, world: StoryWorld) -> None:
    world.budget("TP001", {"9410": "20000", "9411": "20000", "9510": "1000"}, ["2025-05"])
    days = [{"date": f"2025-05-{day:02d}", "valetDaily": 100 if day <= 10 else 0} for day in range(1, 32)]
    data_of(am1.put(f"{BASE}/statistics/TP001/2025-05", {"days": days}))
    before = shown(am1, dm1)

    answer = am1.put(f"{BASE}/parking-rates/TP001/2025-05", {"rates": [{"category": "valetDaily", "rate": 25.00}]})

    assert [warning["code"] for warning in data_of(answer)["warnings"]] == ["RATE_DEVIATION"]
    after = shown(am1, dm1)
    change = {name: round(value - before[name], 2) for name, value in after.items()}
    assert change == {name: 5000.00 if "external" in name else 500.00 for name in before}
    assert {after[f"{name} 2025-05"] for name in ("external of statistics", "external", "P&L externalRevenue")} == {
        25_000.00
    }


def test_s12_items_that_reduce_revenue_are_stored_negative(am1: Api) -> None:
    data = data_of(am1.put(f"{OTHER}/2025-05", {"gpoFees": 250, "miscellaneous": -40, "signingBonus": 0}))
    forecast = data["months"][0]["forecast"]
    assert [forecast[name] for name in ("gpoFees", "miscellaneous", "signingBonus", "billableExpense", "total")] == [
        -250.00, -40.00, 0, None, -290.00,
    ]  # fmt: skip
    assert [(warning["code"], warning["field"]) for warning in data["warnings"]] == [("SIGN_NORMALISED", "gpoFees")]
    cleared = data_of(am1.put(f"{OTHER}/2025-05", {"gpoFees": None}))["months"][0]["forecast"]
    assert (cleared["gpoFees"], cleared["total"]) == (None, -40.00)


def test_s12_an_item_that_adds_revenue_is_never_negative(am1: Api) -> None:
    assert told(am1.put(f"{OTHER}/2025-05", {"billableExpense": -10})) == (
        400, "VALUE_OUT_OF_RANGE", "billableExpense",
    )  # fmt: skip


@pytest.mark.parametrize("sent", [{"miscellaneous": 1}, {"gpoFees": None}, {"billableExpense": 0}])
def test_s12_a_closed_month_is_locked_for_any_value(sent: dict[str, Any], am1: Api) -> None:
    answer = am1.put(f"{OTHER}/2025-03", sent)
    assert told(answer)[:2] == (409, "PERIOD_LOCKED")
    assert first_error(answer)["details"]["lockedMonths"] == ["2025-03"]
