"""A kept answer is what would be computed now: whatever was saved, calculated, arranged or imported in between.

Two servers stand on one database. All reads are asked of the one that keeps its answers; then the other one, which
keeps none, takes a write; then both have to answer alike.

Source: REST API, "Caching and freshness".
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest

from shared_code.services.reference_data.import_table import import_table
from shared_code.sql.types import new_identifier
from shared_code.storage import feed_versions
from shared_code.storage.publication import RunStamp
from tests.api.kept_answers import (
    CLOSE_TO_WRITES,
    MANAGER,
    OF_A_SITE,
    OF_MANY,
    READS,
    SITE,
    VIEWER,
    WRITES,
    Twins,
    Write,
    twins,
)
from tests.api.serving import BASE
from tests.support.assignment import assign
from tests.support.pnl_world import PnlWorld
from tests.support.whole_company import whole_company


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PnlWorld]:
    world = whole_company(tmp_path_factory.mktemp("company"))
    yield world
    world.close()


@pytest.fixture(scope="module")
def company(world: PnlWorld) -> Iterator[Twins]:
    with twins(world.runtime) as both:
        both.sign_in(MANAGER, "district_manager", districts=["ALPHA"])
        yield both


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_write_shows_in_the_very_next_read_of_everything(company: Twins, write: Write) -> None:
    company.read(CLOSE_TO_WRITES, MANAGER)
    write(company, company.next_number())
    assert company.differing(CLOSE_TO_WRITES, MANAGER) == []


IMPORTS: Final = {
    "sites": "site_id,time_zone,version\nTP001,Asia/Tokyo,1\n",
    "site_job_codes": "site_id,job_code_id,is_salaried,version\nTP001,VLT1,true,1\n",
    "site_job_code_rates": "site_id,job_code_id,effective_date,hourly_rate,reason\nTP001,VLT1,2025-06-01,31,agreed\n",
}
"""Files of reference data of which each changes something."""


@pytest.mark.parametrize("table", IMPORTS)
def test_imported_reference_data_shows_in_the_very_next_read(
    company: Twins, world: PnlWorld, table: str, tmp_path: Path
) -> None:
    company.read(CLOSE_TO_WRITES, MANAGER)
    file = tmp_path / f"{table}.csv"
    file.write_text(IMPORTS[table])
    report = import_table(world.runtime, table, file, operator="operator")
    assert report.is_good, report.findings
    assert company.differing(CLOSE_TO_WRITES, MANAGER) == []


@pytest.mark.parametrize("url", READS)
def test_the_second_read_of_an_answer_computes_nothing(company: Twins, world: PnlWorld, url: str) -> None:
    user = VIEWER if url in OF_MANY else MANAGER
    reader = company.users[user][0]
    # Twice, for the first read may store what it has computed: that is a change of its own.
    first = [reader.get(url) for _ in range(2)][-1]
    assert first.status_code == 200, first.text
    with world.statements() as seen:
        again = reader.get(url)
    assert len(seen.texts) == (2 if url in OF_A_SITE and not _shows_other_sites(url) else _OF_MANY[_level(url)])
    assert (again.json()["data"], again.headers["Cache-Control"]) == (
        first.json()["data"],
        first.headers["Cache-Control"],
    )
    assert again.json()["requestId"] != first.json()["requestId"]


def test_everybody_is_answered_as_their_rights_are(company: Twins) -> None:
    """In turns, so that what one was answered is there when the next one asks the same."""
    company.sign_in("admin1@example.com", "forecasting_admin")
    company.sign_in("am1@example.com", "account_manager", sites=[SITE])
    company.sign_in("vp1@example.com", "regional_vp", regions=["EAST"])
    users = ("admin1@example.com", "am1@example.com", VIEWER, MANAGER, "vp1@example.com")
    assert {user: company.differing(OF_A_SITE[::4] + OF_MANY[::2], user) for user in users} == {
        user: [] for user in users
    }


def test_the_pay_that_an_administrator_sees_is_kept_for_nobody(company: Twins) -> None:
    company.sign_in("admin2@example.com", "forecasting_admin")
    url = f"{BASE}/payroll/{SITE}/job-codes"
    admin, manager = company.users["admin2@example.com"][0], company.users[MANAGER][0]
    for _ in range(2):
        assert 73000 in [code["allocatedSalaryCost"] for code in admin.get(url).json()["data"]]
        assert 73000 not in [code["allocatedSalaryCost"] for code in manager.get(url).json()["data"]]


def test_a_right_that_is_taken_away_shows_in_the_very_next_read(company: Twins, world: PnlWorld) -> None:
    user, url = "am2@example.com", f"{BASE}/other-expenses/{SITE}/2025-05"
    company.sign_in(user, "account_manager", sites=[SITE])
    company.sign_in(
        user,
        "regional_vp",
        regions=["EAST"],
        roles=["account_manager", "regional_vp"],
        scopes=["forecasting:read", "forecasting:write"],
    )
    reader = company.users[user][0]
    assert reader.get(url).json()["data"]["editable"]
    assign(world.runtime, user, "account_manager", [("site", "TP003")])
    assert reader.get(url).json()["data"]["lockReason"] == "role"
    assert company.differing([url], user) == []


def test_the_next_day_is_another_answer(company: Twins, world: PnlWorld) -> None:
    urls = CLOSE_TO_WRITES
    company.read(urls, MANAGER)
    before = world.clock.moment
    world.clock.moment += timedelta(hours=13)
    company.sign_in(MANAGER, "district_manager", districts=["ALPHA"])
    try:
        assert company.differing(urls, MANAGER) == []
    finally:
        world.clock.moment = before


def test_a_source_grows_stale_in_a_kept_answer_too(company: Twins, world: PnlWorld) -> None:
    clock, url = world.clock, f"{BASE}/pl-view/{SITE}/2025-05?view=budget"
    read_at = clock.moment - timedelta(hours=23, minutes=50)
    with world.runtime.database.writing() as connection:
        feed_versions.record(
            connection,
            feed="budget",
            slice_="all",
            run=RunStamp(new_identifier(), read_at),
            row_count=1,
            content_through=None,
            content_hash=b"",
            watermark=None,
            status="ok",
        )
    reader = company.users[MANAGER][0]
    WRITES["other expenses"](company, company.next_number())
    assert not reader.get(url).json()["meta"]["stale"]
    before = clock.moment
    try:
        clock.moment += timedelta(minutes=11)
        assert reader.get(url).json()["meta"]["stale"]
    finally:
        clock.moment = before


@pytest.mark.parametrize("seed", range(2))
def test_in_any_order_of_writes_and_reads_a_kept_answer_is_what_would_be_computed(company: Twins, seed: int) -> None:
    chance = Random(seed)
    for _ in range(8):
        name = chance.choice(list(WRITES))
        WRITES[name](company, company.next_number())
        user, urls = chance.choice([(VIEWER, OF_MANY), (MANAGER, OF_A_SITE), (MANAGER, CLOSE_TO_WRITES)])
        assert company.differing(chance.sample(urls, 5), user) == [], name


def _shows_other_sites(url: str) -> bool:
    return "/productivity" in url or "/benchmarks" in url


def _level(url: str) -> str:
    return next((name for name in ("district", "region") if f"rollup/{name}" in url), "")


_OF_MANY: Final = {"district": 6, "region": 6, "": 4}
"""Statements of a kept answer about many sites: who asks, how the sites stand, and which organisation it is."""
