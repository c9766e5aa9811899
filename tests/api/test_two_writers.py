"""Two people who save the same month at the same moment, over HTTP: no update is ever lost."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, Final

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.forecasts import forecast_versions
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company

URL: Final = f"{BASE}/statistics/TP001/2025-06"
ROUNDS: Final = 200
FIELDS: Final = ("occupancy", "valetDaily", "selfDaily")

Values = dict[tuple[str, str], float]
"""What is saved, by date and field."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StatisticsWorld]:
    world = small_company(StatisticsWorld(tmp_path))
    world.budget("TP001", BUDGET_JUNE, ["2025-06"])
    yield world
    world.close()


@pytest.fixture
def writers(world: StatisticsWorld) -> Iterator[tuple[Api, Api]]:
    with served(create_app(lambda: world.runtime)) as api:
        yield (
            api.signed_in("am1", "account_manager", sites=["TP001"]),
            api.signed_in("dm1", "district_manager", districts=["alpha"]),
        )


def rows(values: Values) -> list[dict[str, Any]]:
    """The days of a request that sends `values`."""
    days: dict[str, dict[str, Any]] = {}
    for (day, field), value in values.items():
        days.setdefault(day, {"date": day})[field] = value
    return list(days.values())


def put(api: Api, values: Values, version: int, barrier: Barrier | None = None) -> httpx.Response:
    if barrier is not None:
        barrier.wait(30)
    return api.put(URL, {"days": rows(values)}, headers={"If-Match": f'"{version}"'})


def saved(api: Api) -> tuple[int, Values]:
    """The version, and everything that is saved."""
    data = api.get(f"{URL}?view=forecast&include=variance").json()["data"]
    values = {
        (day["date"], field): day["forecast"][field]
        for day in data["days"]
        if day["forecast"] is not None
        for field in FIELDS
        if day["forecast"][field] is not None
    }
    return data["version"], values


def chosen(chance: random.Random, round_number: int) -> Values:
    """A few cells with values that nobody has sent before."""
    cells = chance.sample([(f"2025-06-0{day}", field) for day in (1, 2) for field in FIELDS], k=chance.randint(1, 3))
    number = 2 * round_number + chance.randint(0, 1)
    return {(day, field): number / 1000 if field == "occupancy" else number for day, field in cells}


def test_in_200_rounds_the_second_is_told_what_changed_and_nothing_is_lost(
    writers: tuple[Api, Api], world: StatisticsWorld
) -> None:
    chance = random.Random(20250415)  # the same rounds each time
    version, expected = 0, Values()
    barrier = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        for number in range(1, ROUNDS + 1):
            sent = chosen(chance, number), chosen(chance, number)
            changes = [any(expected.get(cell) != value for cell, value in values.items()) for values in sent]
            assert all(changes)
            futures = [
                pool.submit(put, api, values, version, barrier) for api, values in zip(writers, sent, strict=True)
            ]
            answers = [future.result(60) for future in futures]
            first, second = (0, 1) if answers[0].status_code == 200 and _is_first(answers[0], version) else (1, 0)
            assert answers[first].status_code == 200, answers[first].text
            expected |= sent[first]
            version += 1
            if all(expected.get(cell) == value for cell, value in sent[second].items()):
                assert answers[second].status_code == 200
                continue
            _check_refusal(answers[second], sent[second], sent[first], version, ("am1", "dm1")[first])
            if number % 2:
                assert put(writers[second], sent[second], version).status_code == 200
                expected |= sent[second]
                version += 1
    assert saved(writers[0]) == (version, expected)
    assert world.rows(forecast_versions, "version") == [(version,)]
    assert {entry[4] for entry in world.trail()} == set(range(1, version + 1))
    assert len(world.events()) == version


def _is_first(answer: httpx.Response, version: int) -> bool:
    """Whether a write changed something, and was not merely equal to what another one had just stored."""
    counts = answer.json()["data"]["changes"].values()
    return answer.headers["etag"] == f'"{version + 1}"' and any(counts)


def _check_refusal(answer: httpx.Response, sent: Values, others: Values, version: int, by: str) -> None:
    """The loser is told who was first, the version now, and which of the cells sent have changed."""
    assert told(answer) == (412, "VERSION_CONFLICT", "version")
    details = first_error(answer)["details"]
    assert (details["providedVersion"], details["currentVersion"], details["updatedBy"]) == (version - 1, version, by)
    assert details["conflictingKeys"] == sorted(f"{day}.{field}" for day, field in sent.keys() & others.keys())


def test_changes_that_do_not_overlap_may_be_sent_again_with_the_current_version(writers: tuple[Api, Api]) -> None:
    mine, theirs = {("2025-06-05", "valetDaily"): 5.0}, {("2025-06-06", "valetDaily"): 6.0}
    assert put(writers[1], theirs, 0).status_code == 200
    refused = put(writers[0], mine, 0)
    assert first_error(refused)["details"]["conflictingKeys"] == []
    assert put(writers[0], mine, 1).status_code == 200
    assert saved(writers[0]) == (2, theirs | mine)
