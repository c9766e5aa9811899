"""The operational database that tests of messages share, with a clock that is moved by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.operational import SteppedDatabase, operational_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SteppedDatabase]:
    with operational_database(tmp_path) as database:
        yield database
