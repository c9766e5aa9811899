"""Requests for the P&L of site-years: one that is open for each, raised by newer changes until it is met.

Source: Data model, "Results and snapshots"; Operations, "Flow".
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, case, func, literal, or_, select, update

from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.sql.types import UtcTimestamp, new_identifier
from shared_code.storage.tables.results import calculation_requests
from shared_code.storage.versions import SiteYear

_IS_OPEN: Final = calculation_requests.c.state.in_(["queued", "running"])

_COLUMNS = ("request_id", "site_id", "year", "from_period", "reason", "requested_version", "state", "requested_at")


@dataclass(frozen=True, slots=True)
class Wish:
    """The P&L of a site-year from a month (`YYYY-MM`) on is wanted, as `version` of its inputs gives it."""

    site_id: str
    year: int
    from_period: str
    reason: str
    version: int


def enter(connection: Connection, wishes: Sequence[Wish], now: datetime) -> None:
    """Enter `wishes`, one a site-year; a request that is open already gets the newer version and the earlier month."""
    if not wishes:
        return
    table = calculation_requests
    open_keys = select(table.c.site_id, table.c.year).where(_IS_OPEN, _of_sites(wish.site_id for wish in wishes))
    known: set[SiteYear] = {(row.site_id, row.year) for row in connection.execute(open_keys)}
    raised = [
        {"of_site": wish.site_id, "of_year": wish.year, "version": wish.version, "since": wish.from_period}
        for wish in wishes
        if (wish.site_id, wish.year) in known
    ]
    if raised:
        version: BindParameter[int] = bindparam("version")
        since: BindParameter[str] = bindparam("since")
        connection.execute(
            update(table)
            .where(_IS_OPEN, table.c.site_id == bindparam("of_site"), table.c.year == bindparam("of_year"))
            .values(
                requested_version=case((table.c.requested_version < version, version), else_=table.c.requested_version),
                from_period=case((table.c.from_period > since, since), else_=table.c.from_period),
            ),
            raised,
        )
    new = [
        (new_identifier(), wish.site_id, wish.year, wish.from_period, wish.reason, wish.version, "queued", now)
        for wish in wishes
        if (wish.site_id, wish.year) not in known
    ]
    insert_rows(connection, table, _COLUMNS, new)


def has_open(connection: Connection, site_years: Collection[SiteYear]) -> bool:
    """Whether a request for any of `site_years` is open."""
    table = calculation_requests
    rows = connection.execute(
        select(table.c.site_id, table.c.year).where(_IS_OPEN, _of_sites(site_id for site_id, _ in site_years))
    )
    return any((row.site_id, row.year) in site_years for row in rows)


def begin(connection: Connection, site_id: str, years: Collection[int], now: datetime) -> None:
    """The open requests of these site-years are being worked on."""
    table = calculation_requests
    connection.execute(
        update(table)
        .where(_IS_OPEN, table.c.site_id == site_id, table.c.year.in_(sorted(years)))
        .values(state="running", started_at=func.coalesce(table.c.started_at, literal(now, UtcTimestamp())))
    )


def settle(
    connection: Connection, computed: Mapping[SiteYear, int], current: Mapping[SiteYear, int], now: datetime
) -> None:
    """Note which versions are stored; a request is `done` once that is the current one and the one requested."""
    table = calculation_requests
    rows = connection.execute(
        select(table.c.request_id, table.c.site_id, table.c.year, table.c.requested_version).where(
            _IS_OPEN, _of_sites(site_id for site_id, _ in current)
        )
    ).all()
    settled = []
    for row in rows:
        key = (row.site_id, row.year)
        if key not in computed or key not in current:
            continue
        requested = max(row.requested_version, current[key])
        is_done = computed[key] >= requested
        settled.append(
            {
                "of_request": row.request_id,
                "requested": requested,
                "computed": computed[key],
                "reached": "done" if is_done else "running",
                "finished": now if is_done else None,
            }
        )
    if settled:
        connection.execute(
            update(table)
            .where(table.c.request_id == bindparam("of_request"))
            .values(
                requested_version=bindparam("requested"),
                computed_version=bindparam("computed"),
                state=bindparam("reached"),
                finished_at=bindparam("finished"),
            ),
            settled,
        )


def fail(
    connection: Connection, site_id: str, years: Collection[int], error_code: str, error_text: str, now: datetime
) -> None:
    """The open requests of these site-years cannot be met."""
    table = calculation_requests
    connection.execute(
        update(table)
        .where(_IS_OPEN, table.c.site_id == site_id, table.c.year.in_(sorted(years)))
        .values(state="failed", finished_at=now, error_code=error_code[:50], error_text=error_text[:1000])
    )


def fail_abandoned(connection: Connection, before: datetime, now: datetime) -> int:
    """Close what has been open since `before`: its message is a dead letter. Returns how many requests that were."""
    table = calculation_requests
    closed = connection.execute(
        update(table)
        .where(_IS_OPEN, or_(table.c.started_at < before, table.c.requested_at < before))
        .values(state="failed", finished_at=now, error_code="ABANDONED", error_text="No message works on it any more.")
    )
    return closed.rowcount


def _of_sites(site_ids: Iterable[str]) -> ColumnElement[bool]:
    return in_list(calculation_requests.c.site_id, set(site_ids))
