"""The unit accounts of a month are to be validated.

Source: Operations, "Entities".
"""

from typing import NoReturn

from shared_code.dead_letter_reasons import PoisonReason
from shared_code.messaging.contracts import PoisonError, UnitAccountBatchRequested
from shared_code.services.consumers.delivery import Delivery
from shared_code.services.runtime import Runtime


def refuse_unknown_batch(app: Runtime, delivery: Delivery[UnitAccountBatchRequested]) -> NoReturn:  # noqa: ARG001
    """Refuse the message: this installation has entered no batch that it could mean.

    Raises `PoisonError` (`UNKNOWN_BATCH`).
    """
    body = delivery.body
    raise PoisonError(f"There is no batch {body.batch_id} of {body.period}", PoisonReason.UNKNOWN_BATCH)
