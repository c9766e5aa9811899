"""Statements that take long are told in the log, without their values."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from shared_code.sql.engine import operational_engine
from tests.support.operational import settings_of


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = operational_engine(settings_of(tmp_path / "a.db"))
    yield made
    made.dispose()


def run(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT\n  :salary AS pay"), {"salary": 98765})


def test_a_statement_that_takes_long_is_told_by_its_text_and_hash(
    engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_code.sql.slow_statements.SLOW_S", -1.0)
    run(engine)
    [message] = [record.getMessage() for record in caplog.records if "SELECT ? AS pay" in record.getMessage()]
    assert message.startswith("A statement took 0.0 s (")
    assert "98765" not in caplog.text


def test_others_are_not_told(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    run(engine)
    assert "A statement took" not in caplog.text
