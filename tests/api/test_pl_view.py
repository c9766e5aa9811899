"""The P&L of a site and of organisations over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import feed_versions, versions
from shared_code.storage.publication import RunStamp
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.pnl_world import PnlWorld

VIEW = f"{BASE}/pl-view"
BUDGET = {"4790": "-30000", "6000": "9300", "6200": "930", "7113": "220", "7170": "2000", "9410": "62000"}
LINES = [
    "externalRevenue", "internalRevenue", "payroll", "claims", "parkingRents", "otherExpense", "pteb", "insurance",
    "flc", "flcToBudgetCumulative", "occupiedRooms",
]  # fmt: skip


@pytest.fixture
def company(tmp_path: Path) -> Iterator[PnlWorld]:
    """Business date 16 July 2025; the ledger is closed through June."""
    world = PnlWorld(tmp_path)
    world.add_districts(alpha="east", beta="west")
    world.add_sites("TP001", "TP002", "TP003")
    for site, district, region in (("TP001", "alpha", "east"), ("TP002", "alpha", "east"), ("TP003", "beta", "west")):
        world.belongs(site, district, region)
        world.budget(site, BUDGET)
        world.ledger(site, {"4790": "-32500.55", "6000": "9000"}, *[f"2025-0{month}" for month in range(1, 7)])
    yield world
    world.close()


@pytest.fixture
def pnl(company: PnlWorld) -> Iterator[Api]:
    with served(create_app(lambda: company.runtime)) as api:
        yield api


def line(body: dict[str, Any], code: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in body["data"]["lines"] if one["code"] == code)
    return found


def test_a_month_of_a_site_against_its_budget(pnl: Api) -> None:
    answer = pnl.get(f"{VIEW}/tp001/2025-06")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    body = answer.json()
    data = body["data"]
    shown = ("siteId", "siteName", "period", "periodType", "view", "compare", "status", "editable", "lockReason")
    assert {name: data[name] for name in shown} == {
        "siteId": "TP001", "siteName": "Site TP001", "period": "2025-06", "periodType": "month", "view": "trend",
        "compare": "budget", "status": "draft", "editable": False, "lockReason": "granularity",
    }  # fmt: skip
    assert "version" not in data
    assert data["columns"] == [{"period": "2025-06", "month": 6, "label": "Jun", "kind": "actual"}]
    assert [one["code"] for one in data["lines"]] == LINES
    assert '"value":32500.55,"source":"actual","comparison":30000.00' in answer.text
    assert line(body, "internalRevenue") == {
        "code": "internalRevenue", "name": "Internal Revenue", "type": "revenue",
        "values": [
            {
                "period": "2025-06", "month": 6, "value": 32500.55, "source": "actual", "comparison": 30000.0,
                "variance": {"amount": 2500.55, "percent": 8.34, "favorable": True, "severity": "high"},
            }
        ],
        "total": {
            "value": 32500.55, "comparison": 30000.0,
            "variance": {"amount": 2500.55, "percent": 8.34, "favorable": True, "severity": "high"},
        },
        "actualSubtotal": 32500.55, "percentOfInternalRevenue": 100.0,
    }  # fmt: skip
    assert body["meta"] == {
        "total": 1, "page": 1, "limit": 50, "hasMore": False, "stale": False, "businessDate": "2025-07-16",
        "dataAsOf": {"budget": None, "actual": None, "schedule": None, "contract": None},
    }  # fmt: skip


def test_an_overridden_external_revenue_is_a_saved_figure_and_no_mixture(pnl: Api) -> None:
    def shown() -> tuple[float, str]:
        (value,) = line(pnl.get(f"{VIEW}/TP001/2025-09").json(), "externalRevenue")["values"]
        return value["value"], value["source"]

    assert shown() == (62000, "budget")
    target = f"{BASE}/revenue/external/TP001/2025-09"
    assert pnl.put(target, {"override": {"amount": 41000, "reason": "Renovation"}}).is_success
    assert shown() == (41000, "forecast")
    assert pnl.put(target, {"override": None}).is_success
    assert shown() == (62000, "budget")


def test_a_year_has_twelve_columns_and_its_quarters_three(pnl: Api) -> None:
    year = pnl.get(f"{VIEW}/TP001/2025").json()["data"]
    assert [column["month"] for column in year["columns"]] == list(range(1, 13))
    assert [column["kind"] for column in year["columns"]] == ["actual"] * 6 + ["trend"] + ["forecast"] * 5
    quarter = pnl.get(f"{VIEW}/TP001/2025-q2").json()["data"]
    assert (quarter["period"], quarter["periodType"], len(quarter["columns"])) == ("2025-Q2", "quarter", 3)


def test_another_view_is_compared_with_what_is_asked_for(pnl: Api) -> None:
    body = pnl.get(f"{VIEW}/TP001/2025-06?view=budget&compare=actual").json()
    assert (body["data"]["view"], body["data"]["compare"]) == ("budget", "actual")
    [value] = line(body, "payroll")["values"]
    assert (value["value"], value["source"], value["comparison"]) == (9300, "budget", 9000)
    assert pnl.get(f"{VIEW}/TP001/2025-06?compare=ly").json()["data"]["compare"] == "prior-year"


def test_a_breakdown_is_there_when_it_is_asked_for(pnl: Api) -> None:
    without = pnl.get(f"{VIEW}/TP001/2025-06").json()
    assert "breakdown" not in line(without, "otherExpense")
    detailed = pnl.get(f"{VIEW}/TP001/2025-06?view=budget&include=breakdown").json()
    assert line(detailed, "otherExpense")["breakdown"] == [
        {
            "period": "2025-06",
            "month": 6,
            "calculation": [],
            "accounts": [{"account": "7113", "name": "Office supplies", "amount": 220.0}],
        }
    ]
    assert line(detailed, "flc")["breakdown"] is None


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("TP@001/2025-06", 400, "INVALID_SITE_ID", "siteId"),
        ("TP%2F001/2025-06", 400, "INVALID_SITE_ID", "siteId"),
        ("TP001%00/2025-06", 400, "INVALID_SITE_ID", "siteId"),
        ("TP001%250/2025-06", 400, "INVALID_SITE_ID", "siteId"),
        ("%FF/2025-06", 400, "INVALID_SITE_ID", "siteId"),
        ("%D9%A1/2025-06", 400, "INVALID_SITE_ID", "siteId"),
        ("rollup/2025-06", 400, "INVALID_SITE_ID", "siteId"),
        ("A" * 21 + "/2025-06", 400, "INVALID_SITE_ID", "siteId"),
        ("ZZ999/2025-06", 404, "SITE_NOT_FOUND", "siteId"),
        ("TP001/2025-13", 400, "INVALID_PERIOD", "period"),
        ("TP001/202504", 400, "INVALID_PERIOD", "period"),
        ("TP001/2025-4", 400, "INVALID_PERIOD", "period"),
        ("TP001/2025-04-01", 400, "INVALID_PERIOD", "period"),
        ("TP001/April-2025", 400, "INVALID_PERIOD", "period"),
        ("TP001/1999", 400, "INVALID_PERIOD", "period"),
        ("TP001/2025%0A", 400, "INVALID_PERIOD", "period"),
        ("TP001/" + "2" * 5000, 400, "INVALID_PERIOD", "period"),
        ("TP001/2023-12", 404, "PERIOD_NOT_AVAILABLE", "period"),
        ("TP001/2027-01", 404, "PERIOD_NOT_AVAILABLE", "period"),
        ("TP001/2025?view=other", 400, "INVALID_DATA_TYPE", "view"),
        ("TP001/2025?view=", 400, "INVALID_DATA_TYPE", "view"),
        ("TP001/2025?view=trend%00", 400, "INVALID_DATA_TYPE", "view"),
        ("TP001/2025?view=trend&view=trend", 400, "DUPLICATE", "view"),
        ("TP001/2025?compare=trend", 400, "INVALID_DATA_TYPE", "compare"),
        ("TP001/2025?view=actual&compare=actual", 400, "INVALID_DATA_TYPE", "compare"),
        ("TP001/2025?compare=snapshot", 404, "PERIOD_NOT_AVAILABLE", "compare"),
        ("TP001/2025?include=everything", 400, "INVALID_DATA_TYPE", "include"),
    ],
)
def test_what_is_wrong_with_the_call_is_named(path: str, status: int, code: str, field: str, pnl: Api) -> None:
    got, _, body = pnl.send("GET", f"{VIEW}/{path}")
    assert (got, body["errors"][0]["code"], body["errors"][0]["field"]) == (status, code, field)
    assert len(str(body["errors"][0]["details"].get("providedValue", ""))) <= 100


def test_details_say_which_periods_are_accepted(pnl: Api) -> None:
    assert first_error(pnl.get(f"{VIEW}/TP001/2025-13"))["details"] == {
        "providedValue": "2025-13",
        "acceptedFormats": ["YYYY-MM", "YYYY-Qn", "YYYY"],
    }
    assert first_error(pnl.get(f"{VIEW}/TP001/2023"))["details"] == {
        "providedValue": "2023",
        "earliest": "2024-01-01",
        "latest": "2026-12-31",
    }
    assert first_error(pnl.get(f"{VIEW}/TP001/2025?view=actual&compare=actual"))["details"]["reason"] == "same_as_base"


def test_an_earlier_stage_answers_before_a_later_one(pnl: Api) -> None:
    assert told(pnl.get(f"{VIEW}/T@/2025-13?view=x")) == (400, "INVALID_SITE_ID", "siteId")
    assert told(pnl.get(f"{VIEW}/ZZ999/2025-13?view=x")) == (404, "SITE_NOT_FOUND", "siteId")
    assert told(pnl.get(f"{VIEW}/TP001/2025-13?view=x")) == (400, "INVALID_PERIOD", "period")
    assert told(pnl.get(f"{VIEW}/TP001/2027?view=x")) == (404, "PERIOD_NOT_AVAILABLE", "period")
    assert told(pnl.get(f"{VIEW}/TP001/2025?view=x", headers={"Accept": "text/html"})) == (
        400,
        "INVALID_DATA_TYPE",
        "view",
    )
    assert told(pnl.get(f"{VIEW}/TP001/2025", headers={"Accept": "text/html"})) == (406, "NOT_ACCEPTABLE", "Accept")


def publish(runtime: Runtime, feed: str, moment: datetime) -> None:
    """A feed that was read at `moment`; every answer shows how old its sources are."""
    with runtime.database.writing() as connection:
        feed_versions.record(
            connection, feed=feed, slice_="all", run=RunStamp(new_identifier(), moment), row_count=1,
            content_through=None, content_hash=b"\0" * 32, watermark=None, status="ok",
        )  # fmt: skip
        versions.raise_versions(connection, [versions.SHARED_TAG], moment)


def test_figures_say_how_old_they_are(pnl: Api, company: PnlWorld) -> None:
    publish(company.runtime, "budget", datetime(2025, 7, 16, 5, tzinfo=UTC))
    publish(company.runtime, "ledger", datetime(2025, 7, 16, 6, tzinfo=UTC))
    publish(company.runtime, "paid_hours", datetime(2025, 7, 15, 20, tzinfo=UTC))
    fresh = pnl.get(f"{VIEW}/TP001/2025-06").json()
    assert fresh["meta"]["stale"] is False
    assert fresh["meta"]["dataAsOf"] == {
        "budget": "2025-07-16T05:00:00.000Z",
        "actual": "2025-07-15T20:00:00.000Z",
        "schedule": None,
        "contract": None,
    }
    publish(company.runtime, "shifts", datetime(2025, 7, 15, 15, tzinfo=UTC))
    lagging = pnl.get(f"{VIEW}/TP001/2025-06").json()
    assert lagging["meta"]["stale"] is True
    assert "STALE_SOURCE" in [warning["code"] for warning in lagging["data"]["warnings"]]


def test_a_district_is_the_sum_of_its_sites(pnl: Api) -> None:
    body = pnl.get(f"{VIEW}/rollup/district/ALPHA?period=2025-06").json()
    data = body["data"]
    assert (data["organizationLevel"], data["organizationId"], data["name"]) == ("district", "alpha", "Alpha")
    assert (data["siteCount"], data["partial"], data["failedSites"], data["children"]) == (2, False, [], [])
    assert line(body, "internalRevenue")["total"]["value"] == 65001.1
    assert body["meta"]["businessDate"] == "2025-07-16"


def test_the_company_is_shown_for_the_current_year_with_a_page_of_its_parts(pnl: Api) -> None:
    body = pnl.get(f"{VIEW}/rollup/company/all?include=children&limit=1").json()
    assert (body["data"]["period"], body["data"]["siteCount"]) == ("2025", 3)
    [child] = body["data"]["children"]
    assert (child["id"], child["name"], child["level"]) == ("east", "East", "region")
    assert (body["meta"]["total"], body["meta"]["limit"], body["meta"]["hasMore"]) == (2, 1, True)


def test_filters_choose_sites(pnl: Api) -> None:
    chosen = pnl.get(f"{VIEW}/rollup/portfolio/me?period=2025-06&siteId=tp001&siteId=TP003").json()
    assert chosen["data"]["siteCount"] == 2
    assert pnl.get(f"{VIEW}/rollup/company/all?period=2025-06&district=beta").json()["data"]["siteCount"] == 1
    nothing = pnl.get(f"{VIEW}/rollup/company/all?period=2025-06&region=north")
    assert told(nothing) == (404, "NOT_FOUND", "organizationId")


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("continent/all", 400, "INVALID_DATA_TYPE", "organizationLevel"),
        ("site/TP001", 400, "INVALID_DATA_TYPE", "organizationLevel"),
        ("district/nowhere", 404, "NOT_FOUND", "organizationId"),
        ("district/a%2Fb%00", 404, "NOT_FOUND", "organizationId"),
        ("district/nowhere?period=x", 404, "NOT_FOUND", "organizationId"),
        ("company/all?period=2025-06-01", 400, "INVALID_PERIOD", "period"),
        ("company/all?period=2019", 404, "PERIOD_NOT_AVAILABLE", "period"),
        ("company/all?siteId=T@1", 400, "INVALID_SITE_ID", "siteId"),
        ("company/all?limit=999", 400, "VALUE_OUT_OF_RANGE", "limit"),
        ("company/all?include=sites", 400, "INVALID_DATA_TYPE", "include"),
        ("district", 400, "INVALID_SITE_ID", "siteId"),
        ("district/alpha/more", 404, "NOT_FOUND", None),
    ],
)
def test_a_rollup_that_cannot_be_meant_is_refused(
    path: str, status: int, code: str, field: str | None, pnl: Api
) -> None:
    got, _, body = pnl.send("GET", f"{VIEW}/rollup/{path}")
    assert (got, body["errors"][0]["code"], body["errors"][0]["field"]) == (status, code, field)
