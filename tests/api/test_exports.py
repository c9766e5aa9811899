"""Exports over HTTP: every module in every format says what its GET says."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import Contract, ContractType, FeeRow, LaborJob, RevenueShareStructure
from shared_code.domain.escalation import Increment
from shared_code.domain.tiers import Tier
from shared_code.services.exports.table import heading_of
from tests.api.exporting import NOTE, TYPES, export, exported, exporting
from tests.api.serving import BASE, Api
from tests.support.export_world import fresh_world, pdf_text, read_xlsx
from tests.support.payroll_world import PayrollWorld

ANSWERS = [
    ("statistics/TP001/2025-05", "include=variance,totals,calculation"),
    ("statistics/TP001/2025-05", "granularity=week&view=budget"),
    ("statistics/TP001/2025", ""),
    ("payroll/TP001/2025-05", "level=code"),
    ("payroll/TP001/2025-Q2", "view=trend"),
    ("parking-rates/TP001/2025-Q2", ""),
    ("other-revenue/TP001/2025-05", "months=3"),
    ("other-expenses/TP001/2025", ""),
    ("pl-view/TP001/2025", "include=breakdown"),
    ("pl-view/TP001/2025-05", "view=budget"),
    ("rollup/district/alpha", "include=children"),
    ("rollup/company/all", "period=2025-05&siteId=TP001&siteId=TP003"),
]


CONTRACT = Contract(
    frozenset({ContractType.FIXED_FEE, ContractType.REVENUE_SHARE, ContractType.PER_LABOR_HOUR}),
    date(2024, 1, 1),
    increment=Increment(6, Decimal(4)),
    fees=(FeeRow(Decimal(5000), date(2024, 1, 1), name="Valet"),),
    labor_jobs=(LaborJob("VLT1", Decimal("21.505"), Decimal("32.2575"), date(2024, 1, 1)),),
    revenue_shares=(
        RevenueShareStructure(Accumulation.MONTHLY, (Tier(Decimal(4000), Decimal(10)), Tier(Decimal(0), Decimal(20)))),
    ),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PayrollWorld]:
    world = fresh_world(tmp_path_factory.mktemp("exports"))
    world.agree("TP003", CONTRACT)
    yield world
    world.close()


@pytest.fixture(scope="module")
def api(world: PayrollWorld) -> Iterator[Api]:
    with exporting(world) as api:
        yield api


def shown(api: Api, path: str, query: str = "") -> Any:
    """What the GET of the same name answers."""
    for name, other in (("other-revenue", "revenue/other"), ("rollup", "pl-view/rollup")):
        if path.startswith(name):
            path = path.replace(name, other, 1)
    answer = api.get(f"{BASE}/{path}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def number(field: str) -> float | None:
    return None if field == "" else float(field)


def same(row: dict[str, str], figures: dict[str, Any], names: dict[str, str]) -> None:
    """The fields of a row are the members of an answer."""
    assert {name: number(row[heading]) for name, heading in names.items()} == {name: figures[name] for name in names}


BLOCK = {
    "occupancy": "Occupancy",
    "occupiedRooms": "Occupied rooms",
    "driveInRatio": "Drive in ratio",
    "captureRatio": "Capture ratio",
    **{
        name + part: f"{name.capitalize()} {part.lower()}"
        for name in ("valet", "self")
        for part in ("Daily", "Overnight", "Monthly", "Aggregator", "Comps")
    },
}
REVENUE = {"net": "External revenue net", "gross": "External revenue gross"}
SUMS = {
    "valetVehicles": "Valet vehicles",
    "selfParkVehicles": "Self park vehicles",
    "totalVehicles": "Total vehicles",
}
FAMILIES = {"effective": "Effective", "forecast": "Forecast", "budget": "Budget", "priorYear": "Prior year"}


def test_statistics_by_day_are_those_of_the_get(api: Api) -> None:
    data = shown(api, "statistics/TP001/2025-05")
    rows = exported(api, "statistics/TP001/2025-05").table("Statistics")
    found = {(row["Period"], row["Figures"]): row for row in rows}
    for day in data["days"]:
        for name, family in FAMILIES.items():
            assert ((day["date"], family) in found) == (day[name] is not None)
            if day[name] is not None:
                same(found[day["date"], family], day[name], BLOCK)
                if day[name]["externalRevenue"] is not None:
                    same(found[day["date"], family], day[name]["externalRevenue"], REVENUE)
        effective, variance = found[day["date"], "Effective"], found[day["date"], "Variance"]
        assert (effective["Source"], effective["Note"] or None) == (day["source"], day["note"] and f"'{NOTE}")
        assert number(variance["Occupied rooms"]) == day["variance"]["occupiedRooms"]["amount"]
        percents = found[day["date"], "Variance percent"]
        assert number(percents["Occupied rooms"]) == day["variance"]["occupiedRooms"]["percent"]
        assert number(variance["External revenue net"]) == day["variance"]["externalRevenue"]["amount"]
    same(found["Total 2025-05", "Effective"], data["statistics"], BLOCK | SUMS)
    same(found["Total 2025-05", "Budget"], data["totals"]["budget"], BLOCK | SUMS)
    assert len(found) == len(rows)
    [capacity] = exported(api, "statistics/TP001/2025-05").table("Capacity of a day")
    same(capacity, data, {"availableRooms": "Available rooms", "availableParking": "Available parking"})


def test_statistics_of_a_year_and_of_weeks_are_those_of_the_get(api: Api) -> None:
    year = shown(api, "statistics/TP001/2025")
    rows = exported(api, "statistics/TP001/2025").table("Statistics")
    for row, month in zip(rows, year["months"], strict=False):
        assert row["Period"] == month["month"]
        same(row, month, BLOCK | SUMS)
    weeks = shown(api, "statistics/TP001/2025-05", "granularity=week")
    rows = exported(api, "statistics/TP001/2025-05", "granularity=week").table("Statistics")
    found = {(row["Period"], row["Figures"]): row for row in rows}
    for week in weeks["buckets"]:
        same(found[week["label"], "Effective"], week["effective"], BLOCK)


def test_the_calculation_of_external_revenue_is_that_of_the_get(api: Api) -> None:
    query = "include=calculation"
    (month,) = shown(api, "statistics/TP001/2025-05", query)["calculation"]
    rows = exported(api, "statistics/TP001/2025-05", query).table("Calculation of forecast external revenue")
    for row, part in zip(rows, month["components"], strict=False):
        same(row, part, {"count": "Vehicles", "rate": "Rate", "amount": "Amount"})
    assert {row["Category"]: number(row["Amount"]) for row in rows[8:]} == {
        "Gross": month["gross"],
        "Adjustments": month["adjustments"],
        "Calculated net": month["calculatedNet"],
        "Net": month["net"],
    }


def test_payroll_is_that_of_the_get(api: Api) -> None:
    data = shown(api, "payroll/TP001/2025-05", "level=code")
    file = exported(api, "payroll/TP001/2025-05", "level=code")
    rows = file.table("Payroll")
    by_day = {(row["Period"], row["Job code"]): row for row in rows}
    blocks = {"effective": "Effective", "budget": "Budget", "forecast": "Forecast", "variance": "Variance"}
    for day in data["days"]:
        for one in day["rows"]:
            row = by_day[day["date"], one["jobCode"]]
            assert number(row["Rate"]) == one["rate"]
            for name, block in blocks.items():
                hours, cost = number(row[f"{block} hours"]), number(row[f"{block} cost"])
                expected = one[name] or {"hours": None, "cost": None}
                assert (hours, cost) == (expected["hours"], expected["cost"])
    last = rows[-1]
    assert (last["Period"], last["Job family"]) == ("Total 2025-05", "All")
    assert number(last["Effective cost"]) == data["totals"]["period"]["effective"]["cost"]
    others = {row["Item"]: row for row in file.table("Salaries and hours without a group")}
    assert number(others["Allocated salaries"]["Cost"]) == data["salaried"]["cost"]
    unassigned = others["Hours without a job group"]
    assert (number(unassigned["Hours"]), unassigned["Codes"]) == (data["unassigned"]["hours"], "GSA1")


def test_a_view_of_payroll_leaves_the_others_out(api: Api) -> None:
    rows = exported(api, "payroll/TP001/2025-Q2", "view=budget").table("Payroll")
    assert "Budget cost" in rows[0]
    assert not {"Effective cost", "Forecast hours", "Actual hours"} & rows[0].keys()
    data = shown(api, "payroll/TP001/2025-Q2", "view=budget")
    assert number(rows[0]["Budget cost"]) == data["buckets"][0]["rows"][0]["budget"]["cost"]


def test_parking_rates_are_those_of_the_get(api: Api) -> None:
    data = shown(api, "parking-rates/TP001/2025-Q2")
    rows = exported(api, "parking-rates/TP001/2025-Q2").table("Parking rates")
    names = {"forecast": "Forecast", "budget": "Budget", "actual": "Actual", "effective": "Effective"}
    for row, rate in zip(rows, data["rates"], strict=False):
        assert (row["Month"], row["Source"]) == (rate["month"], rate["source"])
        same(row, rate, names)
    averages = [number(row["Effective"]) for row in rows if row["Month"] == "Average 2025-Q2"]
    assert averages == [average["rate"] for average in data["averages"]]


@pytest.mark.parametrize(("path", "title"), [("other-revenue", "Other revenue"), ("other-expenses", "Other expenses")])
def test_values_by_month_are_those_of_the_get(path: str, title: str, api: Api) -> None:
    data = shown(api, f"{path}/TP001/2025")
    rows = exported(api, f"{path}/TP001/2025").table(title)
    found = {(row["Month"], row["Figures"]): row for row in rows}

    def fields(row: dict[str, str], amounts: dict[str, Any]) -> None:
        values = [number(field) for field in list(row.values())[2:]]
        assert values == [amounts.get(name) for name in [*data["months"][0]["effective"]]]

    for month in data["months"]:
        fields(found[month["month"], "Effective"], month["effective"])
        if month.get("budget"):
            fields(found[month["month"], "Budget"], month["budget"])
        assert ((month["month"], "Forecast") in found) == (month["forecast"] is not None)
    totals = data["totals"].get("byAccount", data["totals"])
    fields(found["Total 2025", "Effective"], totals)


@pytest.mark.parametrize("path", ["pl-view/TP001/2025", "rollup/company/all"])
def test_the_pnl_is_that_of_the_get(path: str, api: Api) -> None:
    data = shown(api, path)
    rows = exported(api, path).table("P&L")
    found = {(row["Line"], row["Figures"]): row for row in rows}
    headings = [f"{column['period']} ({column['kind']})" for column in data["columns"]]
    for line in data["lines"]:
        value = found[line["name"], "Value"]
        assert [number(value[heading]) for heading in headings] == [one["value"] for one in line["values"]]
        assert number(value["Total"]) == line["total"]["value"]
        assert number(value["Actual subtotal"]) == line["actualSubtotal"]
        assert number(value["Percent of internal revenue"]) == line["percentOfInternalRevenue"]
        compared = found.get((line["name"], "Comparison"), dict.fromkeys(headings, ""))
        assert [number(compared[heading]) for heading in headings] == [one["comparison"] for one in line["values"]]
        varied = found.get((line["name"], "Variance"), dict.fromkeys(headings, ""))
        assert [number(varied[heading]) for heading in headings] == [
            None if one["variance"] is None else one["variance"]["amount"] for one in line["values"]
        ]


def test_a_breakdown_holds_every_part_of_the_get(api: Api) -> None:
    data = shown(api, "pl-view/TP001/2025-05", "include=breakdown")
    file = exported(api, "pl-view/TP001/2025-05", "include=breakdown")
    expected = []
    for line in data["lines"]:
        for month in line["breakdown"] or []:
            expected += [(line["name"], one["account"], one["amount"]) for one in month.get("accounts", [])]
            expected += [(line["name"], one["component"], one["amount"]) for one in month["calculation"]]
    rows = file.table("Breakdown")
    assert [(row["Line"], row["Part"], number(row["Amount"])) for row in rows] == expected
    [external] = [line for line in data["lines"] if line["code"] == "externalRevenue"]
    vehicles = file.table("Vehicles and rates")
    for row, part in zip(vehicles, external["breakdown"][0]["components"], strict=True):
        same(row, part, {"count": "Vehicles", "rate": "Rate", "amount": "Amount"})


def test_the_terms_of_a_contract_are_those_of_the_get(api: Api) -> None:
    data = shown(api, "pl-view/TP003/2025-Q3", "include=breakdown")
    [internal] = [line for line in data["lines"] if line["code"] == "internalRevenue"]
    expected = [
        (month["period"], heading_of(name), str(leaf))
        for month in internal["breakdown"]
        for name, component in month["components"].items()
        for leaf in leaves(component)
    ]
    rows = exported(api, "pl-view/TP003/2025-Q3", "include=breakdown").table("Contract terms")
    words = {"yes": "True", "no": "False", "": "None"}
    found = [
        (row["Month"], row["Component"], str(number(figure)) if figure else words.get(row["Text"], row["Text"]))
        for row in rows
        for figure in [row["Figure"] or row["Rate"]]
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
    terms = {row["Term"]: row for row in rows if row["Month"] == "2025-07"}
    assert terms["Structures 1: Tiers 2: Percentage"]["Figure"] == "20.00"
    assert terms["Structures 1: Tiers 2: To"]["Figure"] == ""
    assert terms["Jobs 1: Overtime rate"]["Rate"] == "32.257500"
    assert terms["Escalators 1: Is applied"]["Text"] == "yes"


def leaves(part: Any) -> Iterator[Any]:
    """What stands at the ends of a member, however deep."""
    if isinstance(part, dict | list):
        for below in part.values() if isinstance(part, dict) else part:
            yield from leaves(below)
    else:
        yield part


def test_the_average_rates_of_payroll_are_those_of_the_get(api: Api) -> None:
    data = shown(api, "payroll/TP001/2025-05")
    rows = exported(api, "payroll/TP001/2025-05").table("Average rates")
    assert data["averageRates"]
    assert [(row["Period"], row["Job code"], number(row["Rate"]), row["Effective date"]) for row in rows] == [
        ("2025-05", one["jobCode"], one["rate"], one["effectiveDate"]) for one in data["averageRates"]
    ]


def test_the_children_of_an_organization_are_those_of_the_get(api: Api) -> None:
    data = shown(api, "rollup/district/alpha", "include=children&limit=1")
    rows = exported(api, "rollup/district/alpha", "include=children&limit=1").table("Children, 1 of 2")
    assert [(row["Id"], number(row["FLC"])) for row in rows] == [(one["id"], one["flc"]) for one in data["children"]]


@pytest.mark.parametrize(("path", "query"), ANSWERS)
def test_a_workbook_says_what_the_csv_says(path: str, query: str, api: Api) -> None:
    expected = exported(api, path, query).rows
    answer = export(api, path, query, "xlsx")
    assert answer.headers["content-type"] == TYPES["xlsx"]
    rows = read_xlsx(answer.content).rows
    assert len(rows) == len(expected)
    for row, fields in zip(rows, expected, strict=True):
        padded = row + [None] * (len(fields) - len(row))
        for cell, field in zip(padded, fields, strict=True):
            if isinstance(cell, datetime):
                assert cell.date() == date.fromisoformat(field)
            elif isinstance(cell, int | float):
                assert Decimal(str(cell)) == Decimal(field)
            else:
                assert (cell or "") == field


@pytest.mark.parametrize(("path", "query"), ANSWERS)
def test_a_pdf_holds_every_figure_of_the_csv(path: str, query: str, api: Api) -> None:
    answer = export(api, path, query, "pdf")
    assert answer.headers["content-type"] == TYPES["pdf"]
    words = set(pdf_text(answer.content).split())
    for row in exported(api, path, query).rows:
        for field in row[:2] if row[:1] == ["Total"] else row:
            if field.replace(".", "").replace("-", "").isdigit() and "." in field:
                assert format(Decimal(field), ",f") in words
