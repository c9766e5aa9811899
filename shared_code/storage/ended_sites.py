"""Sites that ended long ago: what was agreed with them goes, years after their figures went to the archive.

Source: Data model, "Retention and archive".
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, exists, select

from shared_code.storage.ages import months_before
from shared_code.storage.tables.base import metadata
from shared_code.storage.tables.contracts import contract_shares, contracts
from shared_code.storage.tables.job_codes import site_job_code_rates
from shared_code.storage.tables.mappings import job_profile_mappings
from shared_code.storage.tables.organisation import sites

MONTHS_AFTER_THE_END: Final = 7 * 12

Due = Callable[[datetime], ColumnElement[bool]]
"""The rows whose time is over at a moment (UTC)."""


def agreed_with_ended_sites() -> Iterator[tuple[Table, Due]]:
    """Contracts with all their terms, rates and mappings of sites that ended seven years ago.

    What belongs to a row comes before it. A site has ended when its source has dropped it and says when its work ended.
    """
    for table in reversed(metadata.sorted_tables):
        if table in {contracts, site_job_code_rates, job_profile_mappings}:
            yield table, _of_site(table)
        elif "share_id" in table.c and table is not contract_shares:
            yield (
                table,
                _through(table, contract_shares, "share_id", _through(contract_shares, contracts, "contract_id")),
            )
        elif table.name.startswith("contract_") and "contract_id" in table.c:
            yield table, _through(table, contracts, "contract_id")


def _of_site(table: Table) -> Due:
    def due(now: datetime) -> ColumnElement[bool]:
        last = months_before(now.date(), MONTHS_AFTER_THE_END)
        ended = (sites.c.site_id == table.c.site_id, ~sites.c.is_active, sites.c.close_date < last)
        return exists(select(1).select_from(sites).where(*ended))

    return due


def _through(table: Table, above: Table, key: str, due: Due | None = None) -> Due:
    """Rows that belong to a row of `above` that is due."""
    is_due = due or _of_site(above)
    return lambda now: exists(select(1).select_from(above).where(above.c[key] == table.c[key], is_due(now)))


__all__ = ["MONTHS_AFTER_THE_END", "agreed_with_ended_sites"]
