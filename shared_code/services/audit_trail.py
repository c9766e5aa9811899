"""Reading the audit trail.

Source: REST API, "Audit and export".
"""

from datetime import date

from shared_code.domain.site_scope import SiteScope
from shared_code.services.day_window import day_window
from shared_code.services.runtime import Runtime
from shared_code.storage import audit_reading
from shared_code.storage.audit_reading import AuditFilter, RecordedEntry


def read_trail(
    runtime: Runtime,
    scope: SiteScope,
    *,
    first: date | None = None,
    last: date | None = None,
    module: str | None = None,
    user: str | None = None,
    field: str | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[RecordedEntry], int]:
    """A page of the trail of `scope`, the newest first, and how many entries there are in all.

    `first` and `last` are days as `day_window` takes them, and raises for them.
    """
    wanted = AuditFilter(*day_window(runtime, first, last), module, user, field)
    with runtime.database.reading() as connection:
        return audit_reading.page(connection, scope, wanted, offset=offset, limit=limit)
