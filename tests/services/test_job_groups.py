"""Job groups: ids, and writers who are in each other's way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from shared_code.errors import ConflictError
from shared_code.services.forecast.author import Author
from shared_code.services.job_code_list import switch_codes
from shared_code.services.job_groups import JobGroupChange, change_group, create_group, new_group_id
from shared_code.storage import job_groups
from shared_code.storage.job_groups import JobGroup
from tests.support.job_world import JobWorld
from tests.support.operational import executed_statements, t_sql

AUTHOR = Author("admin1", role="forecasting_admin", request_id="req_1")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[JobWorld]:
    world = JobWorld(tmp_path)
    world.add_sites("TP001")
    world.add_group("valet", "Valet")
    world.add_code("VLT1", "Valet", "valet")
    world.use("TP001", "VLT1", 1)
    yield world
    world.close()


@pytest.fixture
def overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look at the groups sees none: the one that is there is entered a moment later."""
    read, looks = job_groups.all_groups, []

    def look(connection: Connection, **options: Any) -> list[JobGroup]:
        looks.append(1)
        return [] if len(looks) == 1 else read(connection, **options)

    monkeypatch.setattr(job_groups, "all_groups", look)


@pytest.mark.parametrize(
    ("title", "taken", "made"),
    [
        ("Guest Service", (), "guest-service"),
        ("  -- Bell / Door -- ", (), "bell-door"),
        ("Valet", {"VALET"}, "valet-2"),
        ("Valet", {"valet", "valet-2", "valet-3"}, "valet-4"),
        ("門", (), "group"),
        ("x" * 255, {"x" * 50}, "x" * 48 + "-2"),
    ],
)
def test_an_id_follows_from_the_title_and_is_new(title: str, taken: set[str], made: str) -> None:
    assert new_group_id(title, taken) == made


@pytest.mark.usefixtures("overtaken")
def test_whoever_loses_the_race_for_a_title_is_told_that_it_is_taken(world: JobWorld) -> None:
    with pytest.raises(ConflictError) as refused:
        create_group(world.runtime, "Valet", AUTHOR)
    assert (refused.value.code, refused.value.status) == ("DUPLICATE", 409)
    assert world.trail() == []


@pytest.mark.usefixtures("overtaken")
def test_whoever_loses_the_race_for_an_id_gets_another_one(world: JobWorld) -> None:
    assert create_group(world.runtime, "Valet!", AUTHOR).job_group_id == "valet-2"
    assert [entry["item_key"] for entry in world.trail()] == ["valet-2"]


def test_writers_wait_for_each_other_on_sql_server(world: JobWorld) -> None:
    with executed_statements(world.runtime.database) as seen:
        change_group(world.runtime, "valet", JobGroupChange(title="Valets"), AUTHOR)
        switch_codes(world.runtime, ["VLT1"], is_active=False, author=AUTHOR)
    texts = [t_sql(statement) for statement in seen]
    locked = [text for text in texts if "WITH (UPDLOCK, HOLDLOCK)" in text]
    assert ["job_groups" in locked[0], "job_codes" in locked[1]] == [True, True]
