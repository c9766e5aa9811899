"""The Service Bus queues and subscriptions: one message a call, handed to the service that works it off.

A normal end completes the message. An error hands it back, for delivery again until the broker dead-letters it.

Source: Operations, "Entities"; Azure Functions, "Service Bus triggers".
"""

from collections.abc import Callable
from datetime import UTC

import azure.functions as func

from functions.invocation import in_invocation, named_like
from shared_code.messaging.message import (
    ALERTS,
    JOBS,
    PAYROLL_CALCULATE,
    PL_REFRESH,
    STATISTICS_UPDATE,
    TREND,
    UNIT_ACCOUNTS,
    Subscription,
)
from shared_code.messaging.received import ReceivedMessage

blueprint = func.Blueprint()  # type: ignore[no-untyped-call] # the SDK leaves this one untyped

_QueueFunction = Callable[[func.ServiceBusMessage], None]


def _queue(name: str) -> Callable[[_QueueFunction], _QueueFunction]:
    """Registers a function for the messages of queue `name`, in order within a session.

    Binary, because the default lets members of a JSON body replace the message's own properties; one at a time,
    because batches mix the properties of their messages up.
    """

    def register(handle: _QueueFunction) -> _QueueFunction:
        blueprint.service_bus_queue_trigger(
            arg_name="message",
            queue_name=name,
            connection="SERVICEBUS",
            is_sessions_enabled=True,
            cardinality=func.Cardinality.ONE,
            data_type=func.DataType.BINARY,
        )(_delivered_to(handle))
        return handle

    return register


def _subscribed(subscription: Subscription) -> Callable[[_QueueFunction], _QueueFunction]:
    """Registers a function for the messages of `subscription`, as `_queue` does for those of a queue."""

    def register(handle: _QueueFunction) -> _QueueFunction:
        blueprint.service_bus_topic_trigger(
            arg_name="message",
            topic_name=subscription.topic,
            subscription_name=subscription.name,
            connection="SERVICEBUS",
            is_sessions_enabled=subscription.has_sessions,
            cardinality=func.Cardinality.ONE,
            data_type=func.DataType.BINARY,
        )(_delivered_to(handle))
        return handle

    return register


def _delivered_to(handle: _QueueFunction) -> Callable[..., None]:
    def delivered(message: func.ServiceBusMessage, context: func.Context) -> None:
        in_invocation(handle, context, message)

    return named_like(handle, delivered)


def _handle(queue: str, message: func.ServiceBusMessage) -> None:
    from shared_code.services import messages  # noqa: PLC0415 - on first use: a database driver is slow to import

    messages.handle(queue, received(message))


def received(message: func.ServiceBusMessage) -> ReceivedMessage:
    """Azure's message as ours. Azure gives times without a zone, in UTC."""
    enqueued = message.enqueued_time_utc
    return ReceivedMessage(
        message_id=message.message_id or f"sequence:{message.sequence_number}",
        session_id=message.session_id,
        subject=message.subject,
        body=message.get_body(),
        delivery_count=message.delivery_count or 1,
        enqueued_at=enqueued.replace(tzinfo=UTC) if enqueued else None,
        correlation_id=message.correlation_id,
        properties=message.application_properties or {},
    )


@_queue(STATISTICS_UPDATE)
def statistics_update(message: func.ServiceBusMessage) -> None:
    """Statistics of a site changed: its aggregates, then a request for its P&L."""
    _handle(STATISTICS_UPDATE, message)


@_queue(PAYROLL_CALCULATE)
def payroll_calculate(message: func.ServiceBusMessage) -> None:
    """Payroll or rates of a site changed: a request for its P&L."""
    _handle(PAYROLL_CALCULATE, message)


@_queue(PL_REFRESH)
def pl_refresh(message: func.ServiceBusMessage) -> None:
    """The P&L of a site-year is wanted: computed where the stored one is behind."""
    _handle(PL_REFRESH, message)


@_queue(UNIT_ACCOUNTS)
def unit_accounts(message: func.ServiceBusMessage) -> None:
    """One batch of unit accounts of a period is to be validated."""
    _handle(UNIT_ACCOUNTS, message)


@_queue(JOBS)
def jobs(message: func.ServiceBusMessage) -> None:
    """One slice of a scheduled job."""
    _handle(JOBS, message)


@_subscribed(ALERTS)
def alerts(message: func.ServiceBusMessage) -> None:
    """The FLC of a site is far from its budget: an alert."""
    _handle(ALERTS.source, message)


@_subscribed(TREND)
def trend(message: func.ServiceBusMessage) -> None:
    """Statistics of a site changed: its trend analyses are stale."""
    _handle(TREND.source, message)
