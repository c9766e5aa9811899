"""What holds for every operation that writes: it can be repeated, and what is wrong with it is told at once.

Source: REST API, "Repeating a POST", "Errors", "PUT means merge".
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.base import metadata
from shared_code.storage.tables.idempotency import idempotency_keys
from tests.api.served_operations import SERVED
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.story_world import StoryWorld

Body = Mapping[str, Any]


def of_month(resource: str) -> str:
    """The path of a resource of a site and period."""
    return f"{BASE}/{resource}/{{siteId}}/{{period}}"


CREATING: Final[Mapping[str, tuple[Body, Body]]] = {
    of_month("notes"): (
        {"text": "Roof closed", "module": "statistics"},
        {"text": "Roof open", "module": "payroll"},
    ),
    of_month("submissions"): ({"action": "submit"}, {"action": "submit", "comment": "again"}),
    f"{BASE}/snapshots": (
        {"name": "May", "period": "2025-05", "siteIds": ["TP001"]},
        {"name": "May", "period": "2025-05", "all": True},
    ),
    f"{BASE}/job-groups": ({"title": "Bell"}, {"title": "Door"}),
    f"{BASE}/unit-accounts/{{period}}": ({}, {"force": True}),
    "/api/jobcodes/rates/calculate": (
        {"site_id": "TP001", "method": "average"},
        {"site_id": "TP002", "method": "average"},
    ),
    of_month("statistics") + "/copy": ({"from": "budget"}, {"from": "budget", "overwrite": True}),
    of_month("payroll") + "/copy-schedule": ({"from": "budget"}, {"from": "budget", "overwrite": True}),
}
"""POSTs that create something: a body, and another one."""

CHANGING: Final = {
    f"{BASE}/payroll/{{siteId}}/calculate",
    f"{BASE}/job-codes/assign",
    f"{BASE}/job-codes/status",
}
"""POSTs that may be sent again as they are: they make what there is so."""

RATE: Final = {"site_id": "TP001", "hourly_rate": 18.5, "effective_date": "2025-05-01", "reason": "new scale"}
WRONG: Final[Mapping[str, tuple[Body, list[tuple[str, str]]]]] = {
    of_month("statistics"): (
        {"days": [{"date": "2025-05-19", "valetDaily": 5}, {"date": "2025-05-20", "occupancy": 85},
                  {"date": "2025-05-21", "valetDaily": "12"}]},
        [("VALUE_OUT_OF_RANGE", "days[1].occupancy"), ("INVALID_DATA_TYPE", "days[2].valetDaily")],
    ),
    of_month("payroll"): (
        {"entries": [{"date": "2025-05-19", "jobGroupId": "valet", "hours": 8},
                     {"date": "2025-05-20", "jobGroupId": "valet", "hours": -1},
                     {"date": "2025-05-21", "jobGroupId": "valet", "hours": "8"}]},
        [("VALUE_OUT_OF_RANGE", "entries[1].hours"), ("INVALID_DATA_TYPE", "entries[2].hours")],
    ),
    of_month("revenue/external"): (
        {"note": "fine", "adjustmentPercent": 2, "override": {"amount": 5, "reason": "no"}},
        [("VALUE_OUT_OF_RANGE", "adjustmentPercent"), ("VALUE_OUT_OF_RANGE", "override.reason")],
    ),
    of_month("revenue/internal"): (
        {"adjustments": [{"category": "general", "amount": 1, "reason": "agreed so"},
                         {"category": "revenueShare", "amount": True, "reason": "agreed so"},
                         {"category": "nonsense", "amount": 1, "reason": "agreed so"}]},
        [("INVALID_DATA_TYPE", "adjustments[1].amount"), ("INVALID_DATA_TYPE", "adjustments[2].category")],
    ),
    of_month("revenue/other"): (
        {"miscellaneous": 5, "billableExpense": -10, "gpoFees": "x"},
        [("VALUE_OUT_OF_RANGE", "billableExpense"), ("INVALID_DATA_TYPE", "gpoFees")],
    ),
    of_month("parking-rates"): (
        {"rates": [{"category": "selfDaily", "rate": 5}, {"category": "valetDaily", "rate": 1000},
                   {"category": "nonsense", "rate": 1}]},
        [("VALUE_OUT_OF_RANGE", "rates[1].rate"), ("INVALID_DATA_TYPE", "rates[2].category")],
    ),
    of_month("other-expenses"): (
        {"signage": 5, "uniforms": "350", "lossAndDamageClaims": 5},
        [("INVALID_DATA_TYPE", "uniforms"), ("READ_ONLY_FIELD", "lossAndDamageClaims")],
    ),
    of_month("forecast"): (
        {"otherRevenue": {"miscellaneous": 5}, "statistics": {"days": [{"date": "2025-05-20", "occupancy": 85}]},
         "otherExpenses": {"uniforms": 3.001}},
        [("VALUE_OUT_OF_RANGE", "statistics.days[0].occupancy"), ("VALUE_OUT_OF_RANGE", "otherExpenses.uniforms")],
    ),
    "/api/jobcodes/{job_code_id}/rates": (
        RATE | {"hourly_rate": 0, "calculation_method": "nonsense"},
        [("VALUE_OUT_OF_RANGE", "hourly_rate"), ("INVALID_DATA_TYPE", "calculation_method")],
    ),
}  # fmt: skip
"""Every PUT with a body in which two things are wrong at different places, and what is told of it."""

PLACES: Final = {"siteId": "TP001", "period": "2025-05", "job_code_id": "CASH"}
KEY: Final = {"Idempotency-Key": "k1"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StoryWorld]:
    world = StoryWorld(tmp_path, feature_workflow=True)
    world.budget("TP001", {"6000": "20000", "9440": "3100"}, ["2025-05"])
    world.use("TP001", "CASH", 1)
    world.rate("TP001", "CASH", "14.00")
    world.budget_hours("TP001", "2025-05", "CASH", "310")
    yield world
    world.close()


@pytest.fixture
def api(world: StoryWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def stored(world: StoryWorld) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the keys themselves."""
    return {table.name: world.rows(table) for table in metadata.sorted_tables if table is not idempotency_keys}


def test_of_every_post_it_is_known_whether_it_creates_something() -> None:
    assert {path for method, path in SERVED if method == "POST"} <= CREATING.keys() | CHANGING


@pytest.mark.parametrize("path", [path for path in CREATING if ("POST", path) in SERVED])
def test_a_post_that_is_sent_again_is_answered_again_and_does_nothing(path: str, api: Api, world: StoryWorld) -> None:
    body, other = CREATING[path]
    url = path.format(**PLACES)
    before = stored(world)
    first = api.post(url, body, headers=KEY)
    assert first.is_success, first.text
    after = stored(world)
    again = api.post(url, body, headers=KEY)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert _lasting(again) == _lasting(first)
    refused = api.post(url, other, headers=KEY)
    assert told(refused) == (409, "CONFLICT", "Idempotency-Key")
    assert first_error(refused)["details"] == {"reason": "idempotency_key_reused"}
    assert stored(world) == after
    assert after != before


def _lasting(answer: httpx.Response) -> dict[str, str]:
    """The headers that are not about this one request."""
    passing = {"date", "x-request-id", "x-ratelimit-remaining", "idempotency-replayed"}
    return {name: value for name, value in answer.headers.items() if name not in passing}


def test_every_put_is_in_the_table() -> None:
    assert {path for method, path in SERVED if method == "PUT"} == WRONG.keys()


@pytest.mark.parametrize("path", WRONG)
def test_everything_that_is_wrong_with_a_put_is_told_at_once_and_nothing_is_stored(
    path: str, api: Api, world: StoryWorld
) -> None:
    body, faults = WRONG[path]
    before = stored(world)
    answer = api.put(path.format(**PLACES), body)
    assert (answer.status_code, answer.json()["message"]) == (400, "Validation failed")
    assert [(error["code"], error["field"]) for error in answer.json()["errors"]] == faults
    assert stored(world) == before


TWO_MONTHS: Final = ("2025-05", "2025-03")
"""An open month and a closed one."""

HALF_GOOD: Final[Mapping[str, tuple[Body, int]]] = {
    "statistics/TP001/2025-05": (
        {"days": [{"date": "2025-05-19", "valetDaily": 5}, {"date": "2025-05-20", "occupiedRooms": 201}]},
        422,
    ),
    "payroll/TP001/2025-05": (
        {"entries": [{"date": "2025-05-19", "jobFamily": "Unmapped", "hours": 8},
                     {"date": "2025-05-20", "jobGroupId": "nobody", "hours": 8}]},
        422,
    ),
    "parking-rates/TP001/2025": (
        {"rates": [{"month": month, "category": "selfDaily", "rate": 5} for month in TWO_MONTHS]},
        409,
    ),
    "revenue/other/TP001/2025": ({"months": [{"month": month, "miscellaneous": 5} for month in TWO_MONTHS]}, 409),
    "other-expenses/TP001/2025": ({"months": [{"month": month, "signage": 5} for month in TWO_MONTHS]}, 409),
    "forecast/TP001/2025": (
        {"otherRevenue": {"months": [{"month": "2025-05", "miscellaneous": 5}]},
         "otherExpenses": {"months": [{"month": "2025-03", "signage": 5}]}},
        409,
    ),
}  # fmt: skip
"""Writes with a row that is good and one that breaks a rule or is locked, and the status of the answer."""


@pytest.mark.parametrize("path", HALF_GOOD)
def test_a_write_that_is_good_in_part_stores_nothing(path: str, api: Api, world: StoryWorld) -> None:
    body, status = HALF_GOOD[path]
    before = stored(world)
    answer = api.put(f"{BASE}/{path}", body)
    assert answer.status_code == status, answer.text
    assert stored(world) == before
