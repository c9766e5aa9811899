"""Which cells others have changed since somebody read them, as the audit trail tells.

What users save is written down in the operational trail and nowhere else; that of the integration schema has what is
imported, which has no versions. Entries go to the archive after two years, when nobody holds what they read before.

Source: REST API, "Versions and concurrency"; Data model, "Audit, messages, leases, cache".
"""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from shared_code.domain.site_scope import SiteScope
from shared_code.sql.lists import in_list
from shared_code.storage.database import within
from shared_code.storage.tables.messages import audit_events

CellName = tuple[str, str, str]
"""Month (`YYYY-MM`), key and field."""


def cells_of_last_writes(
    connection: Connection, scope: SiteScope, site_id: str, module: str, months: Collection[str], writes: int
) -> set[CellName]:
    """The cells that the last `writes` writes of a module changed in `months`, counted month by month.

    A write of three months counts three times, as it does in the version of a period.
    """
    trail = audit_events
    of_module = (
        within(scope.narrowed_to([site_id]), trail.c.site_id),
        trail.c.module == module,
        in_list(trail.c.period, months),
        trail.c.version.is_not(None),
    )
    latest = (
        select(trail.c.period, trail.c.version, func.max(trail.c.audit_id).label("last_id"))
        .where(*of_module)
        .group_by(trail.c.period, trail.c.version)
        .order_by(func.max(trail.c.audit_id).desc())
        .limit(writes)
        .subquery("latest")
    )
    rows = connection.execute(
        select(trail.c.period, trail.c.item_key, trail.c.field)
        .join(latest, (latest.c.period == trail.c.period) & (latest.c.version == trail.c.version))
        .where(*of_module)
    )
    return {(period, key, field) for period, key, field in rows if field is not None}
