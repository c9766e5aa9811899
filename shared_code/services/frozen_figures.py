"""The cells of a snapshot that others are compared with.

Source: REST API, "P&L" (snapshot and fpa-projection); Data model, "Results and snapshots".
"""

import re
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario
from shared_code.errors import NotFoundError
from shared_code.services.pnl_families import SnapshotChoice
from shared_code.storage import snapshots
from shared_code.storage.pnl_results import StoredMonth
from shared_code.storage.snapshots import Snapshot

_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def frozen_months(
    connection: Connection, scope: SiteScope, choice: SnapshotChoice, shown: Sequence[str]
) -> Iterator[StoredMonth]:
    """The trend of the sites of `scope` in the months `shown` (of one year) as it was, by site and month in order.

    Raises NotFoundError (PERIOD_NOT_AVAILABLE) where no such snapshot is stored.
    """
    first, last = shown[0], shown[-1]
    snapshot = _chosen(connection, scope, choice, first, last)
    return snapshots.months(connection, scope, snapshot.snapshot_id, [Scenario.TREND], first, last)


def _chosen(connection: Connection, scope: SiteScope, choice: SnapshotChoice, first: str, last: str) -> Snapshot:
    if choice.snapshot_id is None:
        found = snapshots.latest_covering(connection, scope, choice.kinds, first, last)
        if found is not None:
            return found
        kinds = " or ".join(kind.replace("_", " ") for kind in choice.kinds)
        raise NotFoundError(
            f"No {kinds} snapshot of {first} to {last} is stored to compare with.",
            code="PERIOD_NOT_AVAILABLE",
            field=choice.field,
        )
    given = choice.snapshot_id.lower()
    named = snapshots.find(connection, given) if _IDENTIFIER.fullmatch(given) else None
    if named is None:
        raise NotFoundError(
            "There is no such snapshot to compare with.",
            code="PERIOD_NOT_AVAILABLE",
            field="snapshotId",
            details={"providedValue": choice.snapshot_id[:100]},
        )
    return named
