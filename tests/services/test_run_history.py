"""What operators see of the runs: the ledger."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.clock import FixedClock
from shared_code.errors import InvalidInputError
from shared_code.services.run_history import recent_runs
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import runs
from shared_code.storage.runs import RunEnd, RunStart
from tests.support.operational import NOON, empty_database, settings_of


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Runtime]:
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    app = Runtime(settings_of(path), FixedClock(NOON))
    yield app
    app.close()


def _run(app: Runtime, feed: str, *, hours_ago: float) -> None:
    """A run that has succeeded."""
    run_id, moment = new_identifier(), NOON - timedelta(hours=hours_ago)
    with app.database.writing() as connection:
        runs.open_run(connection, RunStart(run_id, "f", feed, "full", "timer", None, None, None, None, 1), moment)
        runs.close_run(connection, run_id, RunEnd("succeeded"), moment)


def test_the_newest_runs_come_first_and_may_be_of_one_feed(app: Runtime) -> None:
    for hours, feed in ((3, "budget"), (1, "ledger"), (2, "budget")):
        _run(app, feed, hours_ago=hours)

    assert [row["feed"] for row in recent_runs(app)] == ["ledger", "budget", "budget"]
    assert [row["feed"] for row in recent_runs(app, limit=1)] == ["ledger"]
    assert len(recent_runs(app, feed="budget")) == 2
    assert recent_runs(app, feed="job_code_rates") == []


def test_a_feed_that_there_is_not_is_refused_with_those_there_are(app: Runtime) -> None:
    with pytest.raises(InvalidInputError, match=r"There is no feed 'bugdet'; the ledger has budget, .*data_validation"):
        recent_runs(app, feed="bugdet")


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_only_a_bounded_number_of_runs_is_listed(app: Runtime, limit: int) -> None:
    with pytest.raises(InvalidInputError, match=f"A limit of {limit} is not possible; 1 to 200 is"):
        recent_runs(app, limit=limit)
