"""What changes of job groups and job codes have in common: the trail, and the answers that they put behind.

Source: REST API, "Job groups and job codes"; Data model, "Audit, messages, leases, cache".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from shared_code.clock import business_date
from shared_code.services.forecast.author import Author
from shared_code.services.runtime import Runtime
from shared_code.storage import audit, job_groups, versions
from shared_code.storage.audit import AuditEntry

GROUPS_MODULE, CODES_MODULE = "job-groups", "job-codes"
"""Names of these changes in the audit trail."""


@dataclass(frozen=True, slots=True)
class AdministeredCell:
    """A field of a job group or job code (`key`) that became something else; the field is spelled as in JSON."""

    key: str
    field: str
    old: object
    new: object


def note_changes(
    runtime: Runtime,
    connection: Connection,
    module: str,
    cells: Sequence[AdministeredCell],
    codes: Iterable[str],
    author: Author,
    now: datetime,
) -> None:
    """Write `cells` down, and put behind what is answered about the sites that use `codes`.

    Belongs into the transaction of the change; without a changed cell it does nothing.
    """
    if not cells:
        return
    audit.add_entries(connection, [_entry(module, cell, author) for cell in cells], now)
    versions.raise_versions(connection, {versions.SHARED_TAG}, now)
    this_year = business_date(runtime.clock, runtime.settings.business_time_zone).year
    readable = range(this_year - 1, this_year + 2)
    sites = job_groups.sites_using(connection, codes)
    versions.raise_inputs_versions(connection, [(site_id, year) for site_id in sites for year in readable], now)


def _entry(module: str, cell: AdministeredCell, author: Author) -> AuditEntry:
    return AuditEntry(
        user_id=author.user_id,
        module=module,
        item_key=cell.key,
        source=author.source,
        field=cell.field,
        old_value=_text(cell.old),
        new_value=_text(cell.new),
        reason=author.reason,
        role_code=author.role,
        request_id=author.request_id or None,
    )


def _text(value: object) -> str | None:
    """A value as the trail shows it: flags as in JSON."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
