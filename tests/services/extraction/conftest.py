"""What every test of a feed starts from."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from shared_code.settings import Settings
from shared_code.sql.engine import operational_engine
from shared_code.storage import schema
from shared_code.storage.tables.messages import outbox_messages
from tests.services.extraction.world import World

MakeWorld = Callable[..., World]


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty operational database of the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "forecasting.db"
    engine = operational_engine(Settings(db_primary_connection=f"sqlite:///{path}"))
    schema.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def make_world(tmp_path: Path, migrated_database: Path) -> Iterator[MakeWorld]:
    """Makes the world of a test under settings of its own."""
    with ExitStack() as opened:

        def make(**settings: Any) -> World:
            return opened.enter_context(closing(World(tmp_path, migrated_database, **settings)))

        yield make


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """An empty warehouse and an empty operational database, on a Tuesday at noon."""
    return make_world()


@pytest.fixture
def company(world: World) -> World:
    """A world with the sites 0001 to 0008, without the events of their arrival."""
    world.know_sites(*[f"{number:04d}" for number in range(1, 9)])
    world.execute(outbox_messages.delete())
    return world
