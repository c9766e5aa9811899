"""The list of revenue categories over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from shared_code.api.app import create_app
from shared_code.domain.internal_revenue_line import COMPONENT_LABELS
from shared_code.domain.other_revenue import NEVER_NEGATIVE, NEVER_POSITIVE, OtherRevenueItems
from shared_code.domain.parking_rates import REVENUE_ACCOUNTS
from shared_code.domain.statistics import VEHICLE_ACCOUNTS, Category
from shared_code.services.pnl_table import line_code
from shared_code.storage.tables.revenue_categories import revenue_categories
from tests.api.serving import BASE, Api, first_error, served
from tests.support.revenue_world import RevenueWorld

CATEGORIES = f"{BASE}/revenue/categories"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RevenueWorld]:
    world = RevenueWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def api(world: RevenueWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def listed(api: Api) -> dict[str, dict[str, Any]]:
    answer = api.get(CATEGORIES)
    assert answer.status_code == 200, answer.text
    return {row["code"]: row for row in answer.json()["data"]}


def test_a_category_tells_its_accounts_and_how_it_is_entered(api: Api) -> None:
    assert listed(api)["valetDaily"] == {
        "code": "valetDaily", "name": "Valet daily", "group": "external", "sign": "positive", "granularity": "day",
        "revenueAccount": "9411", "vehicleAccount": "9510", "editable": True,
        "description": "Cars that valets park for a day",
    }  # fmt: skip


def test_the_delivered_accounts_are_those_that_are_calculated_with(api: Api) -> None:
    rows = listed(api)
    for category in Category:
        row = rows[line_code(category)]
        assert (row["revenueAccount"], row["vehicleAccount"]) == (
            REVENUE_ACCOUNTS.get(category), VEHICLE_ACCOUNTS.get(category),
        )  # fmt: skip
    assert rows["externalRevenue"]["revenueAccount"] == "9410"
    assert [rows[code]["vehicleAccount"] for code in ("valetComps", "selfComps", "occupiedRooms")] == [
        "9540", "9580", "9440",
    ]  # fmt: skip


def test_components_and_items_have_the_signs_that_their_rules_give_them(api: Api) -> None:
    rows = listed(api)
    internal = [code for code, row in rows.items() if row["group"] == "internal"]
    assert internal == [line_code(name) for name in COMPONENT_LABELS]
    assert not any(rows[code]["editable"] for code in internal)
    for name in OtherRevenueItems.__dataclass_fields__:
        sign = "positive" if name in NEVER_NEGATIVE else "negative" if name in NEVER_POSITIVE else "either"
        row = rows[line_code(name)]
        assert (row["group"], row["sign"], row["granularity"], row["editable"]) == ("other", sign, "month", True)


def test_the_list_may_be_held_for_an_hour(api: Api) -> None:
    answer = api.get(CATEGORIES)
    assert answer.headers["cache-control"] == "private, max-age=3600"
    count = len(answer.json()["data"])
    assert answer.json()["meta"] == {"total": count, "page": 1, "limit": 50, "hasMore": False}


def test_the_mapping_is_data_and_not_code(api: Api, world: RevenueWorld) -> None:
    table = revenue_categories
    with world.runtime.database.writing() as connection:
        connection.execute(update(table).where(table.c.category == "valet_daily").values(revenue_account="9499"))
    assert listed(api)["valetDaily"]["revenueAccount"] == "9499"


def test_whoever_reads_no_revenue_does_not_get_the_list(api: Api) -> None:
    billing = api.signed_in("ba1@example.com", "billing_admin")
    refused = billing.get(CATEGORIES)
    assert (refused.status_code, first_error(refused)["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
