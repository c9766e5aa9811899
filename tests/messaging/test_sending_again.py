"""What a lost broker had is sent again, also what a relay under way is just giving to it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared_code.messaging.message import PL_REFRESH, Message
from shared_code.services.outbox_relay import relay_outbox, send_again, unsent
from shared_code.services.runtime import Runtime
from shared_code.storage import outbox
from shared_code.storage.outbox import StoredMessage
from tests.support.operational import SteppedDatabase, settings_of


class ForgetfulBus:
    """A broker that takes messages, is lost at once, and comes back empty: what it holds now is in `held`."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.lost: Callable[[], None] = lambda: None

    def send(self, messages: Sequence[StoredMessage], sent: Callable[[Sequence[Any]], None]) -> None:
        self.held += [message.dedup_id for message in messages]
        lost, self.lost = self.lost, lambda: None
        lost()
        sent(messages)

    def close(self) -> None:
        """Nothing to give back."""


@pytest.fixture
def bus() -> ForgetfulBus:
    return ForgetfulBus()


@pytest.fixture
def app(tmp_path: Path, database: SteppedDatabase, bus: ForgetfulBus) -> Iterator[Runtime]:
    app = Runtime(settings_of(tmp_path / "forecasting.db"), database.clock)
    app.__dict__["service_bus"] = bus
    yield app
    app.close()


def leave(app: Runtime, *dedup_ids: str) -> None:
    with app.database.writing() as connection:
        messages = [Message(PL_REFRESH, "E", "TP001", dedup_id, {"no": dedup_id}) for dedup_id in dedup_ids]
        outbox.append(connection, messages, app.clock.now())


def lose(app: Runtime, bus: ForgetfulBus) -> None:
    bus.held.clear()
    send_again(app, timedelta(days=1), by="operator")


def test_what_was_sent_is_sent_once_more(app: Runtime, bus: ForgetfulBus) -> None:
    leave(app, "1", "2")
    assert relay_outbox(app) == 2
    lose(app, bus)
    assert relay_outbox(app) == 2
    assert bus.held == ["1", "2"]


def test_what_a_relay_gave_to_the_broker_that_is_lost_is_not_noted_as_sent(app: Runtime, bus: ForgetfulBus) -> None:
    leave(app, "1", "2")
    bus.lost = lambda: lose(app, bus)
    assert relay_outbox(app) == 0
    assert [(part.messages, part.attempts, part.errors) for part in unsent(app)] == [(2, 0, ())]
    assert relay_outbox(app) == 2
    assert bus.held == ["1", "2"]
    assert unsent(app) == []


def test_what_the_lost_broker_did_not_take_waits_no_longer(app: Runtime, bus: ForgetfulBus) -> None:
    leave(app, "1")
    bus.lost = fail
    assert relay_outbox(app) == 0
    assert relay_outbox(app) == 0
    lose(app, bus)
    assert relay_outbox(app) == 1


def test_what_is_to_be_sent_later_stays_so(app: Runtime, bus: ForgetfulBus) -> None:
    later = app.clock.now() + timedelta(seconds=30)
    with app.database.writing() as connection:
        outbox.append(connection, [Message(PL_REFRESH, "E", "TP001", "1", {}, not_before=later)], app.clock.now())
    lose(app, bus)
    assert relay_outbox(app) == 0


def fail() -> None:
    raise ConnectionError("the broker is away")
