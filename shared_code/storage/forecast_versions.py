"""The version of each module of a site's month: what clients read, and what a write has to name.

Source: REST API, "Versions and concurrency"; Data model, "Forecast input".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from shared_code.domain.site_scope import SiteScope
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage.database import within
from shared_code.storage.tables.forecasts import forecast_versions


@dataclass(frozen=True, slots=True)
class ModuleVersion:
    """How often a month was saved, and by whom last."""

    version: int
    updated_at: datetime
    updated_by: str


def module_versions(
    connection: Connection,
    scope: SiteScope,
    site_id: str,
    module: str,
    months: Iterable[str],
    *,
    is_locking: bool = False,
) -> dict[str, ModuleVersion]:
    """The versions of a module in `months` (`YYYY-MM`); a month never saved has none.

    `is_locking`: others who are about to save the same months wait until this transaction ends.
    """
    table = forecast_versions
    statement = select(table.c.period, table.c.version, table.c.updated_at, table.c.updated_by).where(
        _of(scope, site_id, module, months)
    )
    if is_locking:
        # SQLite has one writer at a time anyway; SQL Server would let two read the same version.
        statement = statement.with_hint(table, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
    return {period: ModuleVersion(*values) for period, *values in connection.execute(statement)}


def last_write(connection: Connection, scope: SiteScope, site_id: str, months: Iterable[str]) -> ModuleVersion | None:
    """The latest write of any module in any of `months`; None before the first one."""
    table = forecast_versions
    row = connection.execute(
        select(table.c.version, table.c.updated_at, table.c.updated_by)
        .where(within(scope.narrowed_to([site_id]), table.c.site_id), in_list(table.c.period, months))
        .order_by(table.c.updated_at.desc(), table.c.period, table.c.module)
        .limit(1)
    ).first()
    return None if row is None else ModuleVersion(*row)


def raise_versions(
    connection: Connection,
    scope: SiteScope,
    site_id: str,
    module: str,
    months: Mapping[str, int],
    user_id: str,
    now: datetime,
) -> None:
    """Count one write of each of `months`, whose versions (0: never saved) were read in this transaction."""
    table = forecast_versions
    known = [month for month, version in months.items() if version]
    if known:
        connection.execute(
            update(table)
            .where(_of(scope, site_id, module, known))
            .values(version=table.c.version + 1, updated_at=now, updated_by=user_id)
        )
    insert_rows(
        connection,
        table,
        ("site_id", "period", "module", "version", "updated_at", "updated_by"),
        [(site_id, month, module, 1, now, user_id) for month, version in months.items() if not version],
    )


def _of(scope: SiteScope, site_id: str, module: str, months: Iterable[str]) -> ColumnElement[bool]:
    table = forecast_versions
    return (
        within(scope.narrowed_to([site_id]), table.c.site_id)
        & (table.c.module == module)
        & in_list(table.c.period, months)
    )
