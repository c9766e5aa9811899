"""How long messages have been waiting for their handler, whichever broker holds them.

The queue in the database can be looked into. Service Bus lets nobody look into a queue with sessions, so what it holds
is told from what this database knows: the messages that were sent, without those that were handled.

Source: Operations, "Monitoring and alerts"; Data model, "Audit, messages, leases, cache".
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from shared_code.errors import TransientError
from shared_code.messaging.message import QUEUES, SUBSCRIPTIONS
from shared_code.messaging.service_bus import ServiceBus
from shared_code.services.runtime import Runtime
from shared_code.storage import message_ages
from shared_code.storage.message_ages import Consumer

LONGEST_WAIT: Final = timedelta(minutes=15)
"""How long a message may wait, to be sent or to be handled, before that needs attention."""

LOOKED_BACK: Final = timedelta(days=1)
"""How long a message lives in a queue; what was sent before has been handled, or is a dead letter."""

MOST_DEAD_LETTERS: Final = 1_000
"""Dead letters of a queue that are looked at."""

CONSUMERS: Final = (
    *[Consumer(queue, queue) for queue in QUEUES],
    *[Consumer(one.source, one.topic, one.subject, one.properties) for one in SUBSCRIPTIONS],
)
"""Queues and subscriptions of this app."""

_log = logging.getLogger(__name__)


def oldest_waiting(runtime: Runtime, connection: Connection, now: datetime) -> dict[str, datetime]:
    """Since when the oldest message waits that could be handled, by queue or `topic/subscription`; none: no entry.

    Dead letters do not wait any more. A Service Bus that cannot be asked for them leaves its oldest messages waiting.
    """
    found = message_ages.oldest_by_queue(connection, now)
    if (broker := runtime.service_bus) is None:
        return found
    since = now - LOOKED_BACK
    sent = message_ages.oldest_sent(connection, CONSUMERS, since, {})
    late = [name for name, moment in sent.items() if now - moment > LONGEST_WAIT]
    if late:
        sent = message_ages.oldest_sent(connection, CONSUMERS, since, _dead(broker, late))
    return {
        name: min(moments)
        for name in sorted({*found, *sent})
        if (moments := [ages[name] for ages in (found, sent) if name in ages])
    }


def _dead(broker: ServiceBus, names: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """The ids of the dead letters of these queues and subscriptions."""
    try:
        return {name: broker.dead_letters.ids(name, MOST_DEAD_LETTERS) for name in names}
    except TransientError as error:
        _log.warning("%s; they are taken for messages that wait", error.message)
        return {}


__all__ = ["CONSUMERS", "LONGEST_WAIT", "oldest_waiting"]
