"""What tests of repositories start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.operational import SteppedDatabase, operational_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SteppedDatabase]:
    """An operational database with the newest schema and nothing else, on a Tuesday at noon."""
    with operational_database(tmp_path) as database:
        yield database
