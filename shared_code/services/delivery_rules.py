"""How the queue in the database delivers what Service Bus would deliver by the rules of its entities.

Source: Operations, "Entities".
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from shared_code.messaging.message import DAYS_TO_LIVE, SUBSCRIPTIONS
from shared_code.storage.embedded_queue import QUEUE_RULES, DeliveryRules

_OF_SUBSCRIPTIONS: Final[Mapping[str, DeliveryRules]] = {
    subscription.source: DeliveryRules(
        lock=timedelta(minutes=1), max_deliveries=10, time_to_live=timedelta(days=DAYS_TO_LIVE[subscription.topic])
    )
    for subscription in SUBSCRIPTIONS
}


def rules_of(source: str) -> DeliveryRules:
    """The rules of a queue, or of a subscription as dead letters name it."""
    return _OF_SUBSCRIPTIONS.get(source, QUEUE_RULES)
