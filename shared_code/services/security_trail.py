"""What the audit trail keeps of security: calls that were denied, exports, and reads of pay that others see masked.

Source: REST API, "Audit and export"; Data model, "Audit, messages, leases, cache".
"""

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared_code.services.runtime import Runtime
from shared_code.sql.transient import retry_use_case
from shared_code.storage import audit
from shared_code.storage.audit import AuditEntry

MODULE: Final = "security"
"""Name of these entries in the audit trail."""

_log = logging.getLogger(__name__)


class SecurityEventKind(StrEnum):
    """What happened, as the field of the entry says."""

    DENIED = "denied"
    EXPORT = "export"
    PAY_READ = "pay_read"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """Something to be kept: what `operation` (`GET /path/{template}`) was called by whom.

    `detail` says more: the reason of a denial, the format of an export. `site_id` and `period` are what the path
    names, where it names them.
    """

    kind: SecurityEventKind
    user_id: str
    operation: str
    detail: str | None = None
    site_id: str | None = None
    period: str | None = None
    role: str | None = None
    source: str = "api"
    request_id: str = ""


def record_security_event(runtime: Runtime, event: SecurityEvent) -> None:
    """Write `event` down. Raises what the database raises: without the entry, the answer must not leave."""
    entry = AuditEntry(
        user_id=event.user_id[:256],
        module=MODULE,
        item_key=event.operation[:200],
        source=event.source,
        site_id=event.site_id,
        period=event.period,
        field=event.kind.value,
        new_value=event.detail,
        role_code=event.role,
        request_id=event.request_id,
    )

    def write() -> None:
        with runtime.database.writing() as connection:
            audit.add_entries(connection, [entry], runtime.clock.now())

    retry_use_case(write)


def record_denied_call(runtime: Runtime, event: SecurityEvent) -> None:
    """Write a denied call down. The call is denied in any case: a fault is logged and goes no further."""
    try:
        record_security_event(runtime, event)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets the refusal and nothing else
        _log.error("A denied call could not be written down", exc_info=error)
