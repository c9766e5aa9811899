"""Two people who save the same month at the same moment, over HTTP: no update is ever lost."""

import random
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Barrier
from typing import Any, Final

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.forecasts import forecast_versions
from tests.api.serving import BASE, Api, data_of, first_error, hosted, served, told
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company
from tests.support.story_world import StoryWorld

ROOT: Final = Path(__file__).parents[2]
URL: Final = f"{BASE}/statistics/TP001/2025-06"
RATES: Final = f"{BASE}/parking-rates/TP001/2025-06"
ALL: Final = f"{BASE}/forecast/TP001/2025-06"
ROUNDS: Final = 200
FEW: Final = 25
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


def put(api: Api, values: Values, version: int) -> httpx.Response:
    return api.put(URL, {"days": rows(values)}, headers={"If-Match": f'"{version}"'})


def at_once(pool: ThreadPoolExecutor, *calls: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """The answers to calls that are made at the same moment."""
    barrier = Barrier(len(calls))

    def make(call: Callable[[], httpx.Response]) -> httpx.Response:
        barrier.wait(30)
        return call()

    return [future.result(60) for future in [pool.submit(make, call) for call in calls]]


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
    with ThreadPoolExecutor(2) as pool:
        for number in range(1, ROUNDS + 1):
            sent = chosen(chance, number), chosen(chance, number)
            changes = [any(expected.get(cell) != value for cell, value in values.items()) for values in sent]
            assert all(changes)
            answers = at_once(
                pool, *(partial(put, api, values, version) for api, values in zip(writers, sent, strict=True))
            )
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


def test_without_a_version_both_are_stored_in_one_order_and_the_later_one_decides(
    writers: tuple[Api, Api], world: StatisticsWorld
) -> None:
    expected = Values()
    with ThreadPoolExecutor(2) as pool:
        for number in range(1, FEW + 1):
            sent: list[Values] = [
                {("2025-06-01", field): float(number), ("2025-06-02", "valetDaily"): float(2 * number + place)}
                for place, field in enumerate(("valetDaily", "selfDaily"))
            ]
            answers = at_once(pool, *(partial(put_blindly, api, sent[i]) for i, api in enumerate(writers)))
            versions = [data_of(answer)["version"] for answer in answers]
            assert sorted(versions) == [2 * number - 1, 2 * number]
            for _, values in sorted(zip(versions, sent, strict=True), key=lambda pair: pair[0]):
                expected |= values
    assert saved(writers[0]) == (2 * FEW, expected)
    assert {entry[4] for entry in world.trail()} == set(range(1, 2 * FEW + 1))


def put_blindly(api: Api, values: Values) -> httpx.Response:
    return api.put(URL, {"days": rows(values)})


def put_rate(api: Api, rate: int, version: int) -> httpx.Response:
    return api.put(RATES, {"version": version, "rates": [{"category": "valetDaily", "rate": rate}]})


def test_writers_of_two_modules_never_meet(writers: tuple[Api, Api], world: StatisticsWorld) -> None:
    with ThreadPoolExecutor(2) as pool:
        for number in range(FEW):
            answers = at_once(
                pool,
                partial(put, writers[0], {("2025-06-01", "valetDaily"): number + 1.0}, number),
                partial(put_rate, writers[1], number + 1, number),
            )
            assert [data_of(answer)["version"] for answer in answers] == [number + 1] * 2
    assert world.rows(forecast_versions, "module", "version") == [("parking_rates", FEW), ("statistics", FEW)]
    assert len(world.events()) == 2 * FEW


def test_a_save_of_all_that_comes_second_stores_none_of_its_sections(
    writers: tuple[Api, Api], world: StatisticsWorld
) -> None:
    rate_version = 0
    with ThreadPoolExecutor(2) as pool:
        for version in range(FEW):
            value = float(version + 1)
            everything = {
                "parkingRates": {"version": rate_version, "rates": [{"category": "valetDaily", "rate": value}]},
                "statistics": {"version": version, "days": rows({("2025-06-01", "valetDaily"): value})},
            }
            of_all, of_one = at_once(
                pool,
                partial(writers[0].put, ALL, everything),
                partial(put, writers[1], {("2025-06-01", "selfDaily"): value}, version),
            )
            if of_all.status_code == 200:
                rate_version += 1
                assert told(of_one) == (412, "VERSION_CONFLICT", "version")
            else:
                assert told(of_all) == (412, "VERSION_CONFLICT", "statistics.version")
                assert of_one.status_code == 200
    stored = dict(world.rows(forecast_versions, "module", "version"))
    assert (stored["statistics"], stored.get("parking_rates", 0)) == (FEW, rate_version)


def test_a_writer_of_a_year_and_one_of_a_month_lose_nothing(writers: tuple[Api, Api], world: StatisticsWorld) -> None:
    june, july = 0, 0
    with ThreadPoolExecutor(2) as pool:
        for number in range(1, FEW + 1):
            cell = {"month": "2025-07", "category": "valetDaily", "rate": number}
            year = {"version": june + july, "rates": [cell]}
            of_year, of_month = at_once(
                pool,
                partial(writers[0].put, f"{BASE}/parking-rates/TP001/2025", year),
                partial(put_rate, writers[1], number, june),
            )
            june += 1
            assert data_of(of_month)["version"] == june
            if of_year.status_code == 200:
                july += 1
            else:
                assert told(of_year) == (412, "VERSION_CONFLICT", "version")
                assert first_error(of_year)["details"]["conflictingKeys"] == []
    stored = dict(world.rows(forecast_versions, "period", "version"))
    assert (stored["2025-06"], stored.get("2025-07", 0)) == (june, july)


SECOND_HOST: Final = """
import sys
from pathlib import Path
from shared_code.api.app import create_app
from shared_code.clock import FixedClock
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from tests.api.serving import hosted
from tests.support.statistics_world import MID_APRIL
runtime = Runtime(Settings(db_primary_connection=sys.argv[1]), FixedClock(MID_APRIL))
with hosted(create_app(lambda: runtime)) as host:
    print(host.url, flush=True)
    sys.stdin.read()
runtime.close()
"""


@pytest.fixture
def writers_of_two_hosts(tmp_path: Path) -> Iterator[tuple[Api, Api]]:
    """Two writers, each at a host of their own: two processes on one database."""
    world = StoryWorld(tmp_path)
    database = world.runtime.settings.db_primary_connection
    second = Popen([sys.executable, "-c", SECOND_HOST, database], cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True)
    with second, hosted(create_app(lambda: world.runtime)) as first, ExitStack() as clients:
        assert second.stdout is not None
        urls = {"am1": first.url, "dm1": second.stdout.readline().strip()}
        assert all(urls.values()), "the second host did not start; its errors are above"
        api = {
            user: Api(clients.enter_context(httpx.Client(base_url=url, headers=world.signed_in(user), timeout=30)))
            for user, url in urls.items()
        }
        yield api["am1"], api["dm1"]
        second.communicate(timeout=20)
    world.close()


def test_two_processes_on_one_database_lose_nothing_either(writers_of_two_hosts: tuple[Api, Api]) -> None:
    writers, expected = writers_of_two_hosts, Values()
    with ThreadPoolExecutor(2) as pool:
        for version in range(FEW):
            sent: list[Values] = [
                {
                    ("2025-06-01", "valetDaily"): 2.0 * version + place,
                    (f"2025-06-0{2 + place}", "selfDaily"): version + 1.0,
                }
                for place in (1, 2)
            ]
            answers = at_once(pool, *(partial(put, api, sent[i], version) for i, api in enumerate(writers)))
            assert sorted(answer.status_code for answer in answers) == [200, 412]
            first = [answer.status_code for answer in answers].index(200)
            _check_refusal(answers[1 - first], sent[1 - first], sent[first], version + 1, ("am1", "dm1")[first])
            expected |= sent[first]
    assert [saved(api) for api in writers] == [(FEW, expected)] * 2
