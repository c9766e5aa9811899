"""What operators see of the runs: the ledger.

Source: Source side, "Run history, lineage, failure".
"""

from sqlalchemy import RowMapping

from shared_code.errors import InvalidInputError
from shared_code.services.extraction.catalogue import ALIASES, FEEDS
from shared_code.services.rate_labor_reading import FEED as RATE_FEED
from shared_code.services.runtime import Runtime
from shared_code.storage import runs
from shared_code.storage.quality_checks import FEED as VALIDATION_FEED

MOST_RUNS = 200


def recent_runs(runtime: Runtime, *, feed: str | None = None, limit: int = 50) -> list[RowMapping]:
    """The newest runs first; of one feed, or of all. Raises `InvalidInputError` for a feed that there is not."""
    if not 1 <= limit <= MOST_RUNS:
        raise InvalidInputError(
            f"A limit of {limit} is not possible; 1 to {MOST_RUNS} is", code="VALUE_OUT_OF_RANGE", field="limit"
        )
    with runtime.database.reading() as connection:
        return runs.recent_runs(connection, feed=None if feed is None else _known_feed(feed), limit=limit)


def _known_feed(name: str) -> str:
    """The name by which the ledger knows the feed."""
    feed = ALIASES.get(name, name)
    known = sorted([*FEEDS, RATE_FEED, VALIDATION_FEED])
    if feed not in known:
        raise InvalidInputError(f"There is no feed {name!r}; the ledger has {', '.join(known)}", field="feed")
    return feed
