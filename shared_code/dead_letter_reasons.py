"""Why a message is not worked off any more: every reason that the product gives, and what the queue itself gives.

Source: Operations, "Retries and dead letters".
"""

from enum import StrEnum, unique


@unique
class PoisonReason(StrEnum):
    """Why a handler has set a message aside: no later delivery could mend it."""

    INVALID_BODY = "INVALID_BODY"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    UNKNOWN_VERSION = "UNKNOWN_VERSION"
    UNKNOWN_SITE = "UNKNOWN_SITE"
    UNKNOWN_JOB = "UNKNOWN_JOB"
    UNKNOWN_BATCH = "UNKNOWN_BATCH"
    NOT_FOUND = "NOT_FOUND"
    INVALID_PERIOD = "INVALID_PERIOD"
    VALUE_OUT_OF_RANGE = "VALUE_OUT_OF_RANGE"
    CALCULATION_ERROR = "CALCULATION_ERROR"
    INTERNAL_ERROR = "INTERNAL_ERROR"

    @classmethod
    def of(cls, code: str) -> "PoisonReason":
        """The reason that an error of this code is; `INTERNAL_ERROR` for a code that no handler is known to raise."""
        return next((reason for reason in cls if reason == code), cls.INTERNAL_ERROR)


@unique
class QueueReason(StrEnum):
    """Why a queue has given a message up, in the words of Service Bus; the queue in the database uses the same."""

    MAX_DELIVERIES = "MaxDeliveryCountExceeded"
    EXPIRED = "TTLExpiredException"
    UNKNOWN = "Unknown"
    """The queue has given none."""
