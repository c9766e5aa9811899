"""What goes wrong on a broker beside its death: messages that come twice, out of order, or that make no sense.

Source: Operations, "Message form" and "Retries and dead letters".
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from azure.servicebus import ServiceBusClient, ServiceBusMessage

from shared_code.clock import Clock
from shared_code.json_text import json_bytes
from shared_code.messaging.events import refresh_message
from shared_code.messaging.message import PL_REFRESH
from shared_code.services.outbox_relay import send_again
from shared_code.services.runtime import Runtime
from tests.faults.world import FaultWorld
from tests.support.service_bus_emulator import Emulator

STRANGER: Final = "TP099"
"""A site that there is not, until somebody enters it."""

_OF_STRANGER: Final = dict(
    refresh_message("RefreshRequested", STRANGER, 2026, 1, datetime(2026, 1, 1, tzinfo=UTC), "req_stranger").payload
)


def _text(body: Mapping[str, Any]) -> str:
    return json_bytes(body).decode()


POISON: Final = {
    "no-json": "no JSON",
    "no-object": "[1, 2]",
    "future": _text({**_OF_STRANGER, "schemaVersion": 99}),
    "nonsense": _text({**_OF_STRANGER, "eventType": "Nonsense"}),
    "stranger": _text(_OF_STRANGER),
}
"""Bodies that can never be worked off."""


class Mischief:
    """Sends to the broker what the product never would. `poison` holds the bodies of what cannot succeed, by id."""

    def __init__(self, world: FaultWorld, emulator: Emulator) -> None:
        self._world = world
        self._emulator = emulator
        self.done: Counter[str] = Counter()
        self.poison: dict[str, str] = {}

    def disturb(self) -> None:
        """Repeat messages, repeat others in the wrong order under new ids, and poison one."""
        with closing(sqlite3.connect(self._world.database, timeout=60)) as connection:
            sent = connection.execute(
                "SELECT dedup_id, session_id, subject, payload FROM outbox_messages "
                "WHERE destination = ? AND sent_at IS NOT NULL ORDER BY RANDOM() LIMIT 10",
                (PL_REFRESH,),
            ).fetchall()
        number = self.done["poisoned"]
        again = [_message(message_id, *rest) for message_id, *rest in sent]
        shuffled = [_message(f"{message_id[:100]}:again{number}", *rest) for message_id, *rest in reversed(sent)]
        kind, body = list(POISON.items())[number % len(POISON)]
        poison = {f"{kind}-{number}": body}
        self._send([*again, *shuffled])
        self.done["sent twice"] += len(again)
        self.done["sent out of order"] += len(shuffled)
        self._poison(poison)
        self.done["poisoned"] += 1

    def lose_broker(self, clock: Clock) -> None:
        """Kill the broker with all that it holds and start it; whoever sent to it sends again."""
        self._emulator.kill()
        self._emulator.start()
        self.done["brokers killed"] += 1
        runtime = Runtime(self._world.settings(), clock)
        self.done["sent again"] += send_again(runtime, timedelta(days=1), by="townepark")
        runtime.close()
        self._poison(self.poison)

    def _poison(self, bodies: dict[str, str]) -> None:
        self._send([_message(message_id, STRANGER, "RefreshRequested", body) for message_id, body in bodies.items()])
        self.poison |= bodies

    def _send(self, messages: list[ServiceBusMessage]) -> None:
        with (
            ServiceBusClient.from_connection_string(self._emulator.connection_string) as client,
            client.get_queue_sender(PL_REFRESH) as sender,
        ):
            for message in messages:
                sender.send_messages(message)


def _message(message_id: str, session_id: str, subject: str, body: str) -> ServiceBusMessage:
    return ServiceBusMessage(body.encode(), message_id=message_id, session_id=session_id, subject=subject)
