"""The P&L, what a site contributes, and how it differs from the budget.

Source: User stories, "S13 P&L, FLC and variance".
"""

from typing import Any

from tests.api.serving import BASE, Api, data_of
from tests.support.story_world import StoryWorld


def lines_of(api: Api, period: str) -> dict[str, dict[str, Any]]:
    return {line["code"]: line for line in data_of(api.get(f"{BASE}/pl-view/TP001/{period}"))["lines"]}


def test_s13_flc_is_internal_revenue_less_the_six_expense_rows(am1: Api, world: StoryWorld) -> None:
    world.ledger(
        "TP001",
        {
            "4790": "-100000", "6000": "40000", "7101": "500", "7170": "2000", "7185": "7500", "6200": "8000",
            "7080": "2500", "9410": "900000",
        },
        "2025-03",
    )  # fmt: skip
    lines = {code: line["total"]["value"] for code, line in lines_of(am1, "2025-03").items()}
    given = ("internalRevenue", "payroll", "claims", "parkingRents", "otherExpense", "pteb", "insurance")
    assert [lines[code] for code in given] == [100_000, 40_000, 500, 2_000, 7_500, 8_000, 2_500]
    flc = data_of(am1.get(f"{BASE}/flc/TP001/2025-03"))
    assert (flc["flc"], flc["flcMargin"]) == (39_500.00, 39.5)
    external = lines_of(am1, "2025-03")["externalRevenue"]
    assert (external["total"]["value"], external["percentOfInternalRevenue"]) == (900_000, None)


def test_s13_more_is_good_for_revenue_and_bad_for_expenses(am1: Api, world: StoryWorld) -> None:
    world.budget("TP001", {"4790": "-50000", "6000": "50000"}, ["2025-02"])
    world.ledger("TP001", {"4790": "-54000", "6000": "54000", "7101": "300"}, "2025-02")
    lines = lines_of(am1, "2025-02")

    def variance(code: str) -> tuple[Any, ...]:
        found = lines[code]["total"]["variance"]
        return found["amount"], found["percent"], found["favorable"], found["severity"]

    assert variance("internalRevenue") == (4_000.00, 8.0, True, "high")
    assert variance("payroll") == (4_000.00, 8.0, False, "high")
    assert variance("claims") == (300.00, None, False, None)


def test_s13_columns_carry_the_number_of_their_month(am1: Api) -> None:
    columns = data_of(am1.get(f"{BASE}/pl-view/TP001/2025"))["columns"]
    assert {column["period"]: column["month"] for column in columns} == {
        f"2025-{month:02d}": month for month in range(1, 13)
    }
    [april] = data_of(am1.get(f"{BASE}/pl-view/TP001/2025-04"))["columns"]
    [may] = data_of(am1.get(f"{BASE}/pl-view/TP001/2025-05"))["columns"]
    assert (april["month"], may["month"]) == (4, 5)
