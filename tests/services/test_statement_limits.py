"""How long statements of requests, messages and analyses may take."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.messaging.message import PL_REFRESH
from shared_code.services import messages, trend_analysis
from shared_code.services.runtime import Runtime
from shared_code.sql.statement_limit import limit_of_statements
from tests.support.message_world import body_of, message_of, message_world

OF_REQUESTS = 30


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Runtime]:
    with message_world(tmp_path, db_long_timeout_s=301, db_analytics_timeout_s=601) as app:
        yield app


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The limits under which a message was worked off and trends were looked for."""
    limits: list[int] = []

    def note(*_: Any) -> list[Any]:
        limits.append(limit_of_statements(OF_REQUESTS))
        return []

    monkeypatch.setattr(messages, "HANDLERS", {PL_REFRESH: note})
    monkeypatch.setattr(trend_analysis, "_work", note)
    return limits


def test_the_work_on_a_message_may_take_long_and_analyses_longer(app: Runtime, seen: list[int]) -> None:
    messages.handle_with(app, PL_REFRESH, message_of(body_of(siteId="0001", period="2025", inputsVersion=0)))
    lease: Any = None
    trend_analysis.analyse_trends(app, lease)
    assert seen == [301, 601]
    assert limit_of_statements(OF_REQUESTS) == OF_REQUESTS
