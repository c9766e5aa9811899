"""The relay: takes what the outbox holds to where it belongs, and comes back later when that fails.

Source: Operations, "Retries and dead letters"; Data model, "Audit, messages, leases, cache".
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

FIRST_WAIT_S = 5
LONGEST_WAIT_S = 300
"""Seconds before the second attempt, doubled with every further one up to the longest."""

BATCH = 500
"""Messages of one round."""


class DueMessage(Protocol):
    """A message of the outbox that may be sent."""

    @property
    def message_id(self) -> str:
        """The row's key."""

    @property
    def attempts(self) -> int:
        """Attempts that have failed."""


MessageT = TypeVar("MessageT", bound=DueMessage)


class DestinationRefusedError(Exception):
    """The broker can be reached, but a queue or topic takes no message, for `reason`; the others have theirs."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(type(reason).__name__)
        self.reason = reason


class Courier(Protocol[MessageT]):
    """Knows the outbox and the broker; the services hand it in."""

    def due(self, limit: int) -> Sequence[MessageT]:
        """The oldest messages that may be sent now."""
        ...

    def deliver(self, messages: Sequence[MessageT]) -> None:
        """Give `messages` to the broker and mark them sent; raises what keeps the broker from taking them.

        `DestinationRefusedError` where that is one queue or topic: what was for the others is marked sent.
        """
        ...

    def postpone(self, messages: Sequence[MessageT], error: Exception) -> None:
        """Let those of them that have not been sent wait for their next attempt."""
        ...


def relay(courier: Courier[MessageT], most_rounds: int = 100, may_go_on: Callable[[], bool] = lambda: True) -> int:
    """Send what is due, in order; returns how many messages went out. A batch that fails waits for its next turn.

    A queue or topic that refuses its messages does not keep those for others waiting. `may_go_on` is asked before each
    round; what it raises ends the relay.
    """
    sent = 0
    for _ in range(most_rounds):
        if not may_go_on():
            break
        messages = courier.due(BATCH)
        if not messages:
            break
        try:
            courier.deliver(messages)
            sent += len(messages)
        except DestinationRefusedError as refusal:
            courier.postpone(messages, refusal.reason)
        except Exception as error:  # noqa: BLE001 - whatever the broker's trouble is, the messages stay and wait
            courier.postpone(messages, error)
            break
        if len(messages) < BATCH:
            break
    return sent


def next_attempt(attempts: int, now: datetime) -> datetime:
    """When a message that has failed `attempts` times (this one included) is tried again: 5, 10, 20, … 300 s."""
    return now + timedelta(seconds=min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(attempts - 1, 10)))
