"""The API on a small company."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_code.api.app import create_app
from tests.api.serving import Api, served
from tests.support.rate_world import RateWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RateWorld]:
    world = RateWorld(tmp_path)
    world.add_sites("TP001", "TP002", "0170")
    world.add_code("VLT1", default_rate="15.00")
    world.add_code("CASH")
    world.add_pair("TP001", "VLT1")
    world.add_pair("TP001", "CASH")
    yield world
    world.close()


@pytest.fixture
def api(world: RateWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api
