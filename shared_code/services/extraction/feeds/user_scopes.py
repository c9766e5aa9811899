"""Which user answers for which sites, by the company's own row-level security.

Source: Source side, "Extraction queries" (E15); Data model, "Organisation, access, accounts".
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from shared_code.services.extraction import windows
from shared_code.services.extraction.feed import (
    Feed,
    Publication,
    Published,
    Reading,
    Slice,
    SliceRequest,
    Transform,
    Transformed,
)
from shared_code.services.extraction.quality import MISSING_FIELD
from shared_code.services.extraction.site_lookup import INVALID, SiteLookup
from shared_code.services.extraction.staging_transform import RowPicker
from shared_code.services.extraction.warehouse_reading import open_query
from shared_code.services.runtime import Runtime
from shared_code.sources.warehouse.user_scopes import scope_of
from shared_code.storage import user_access
from shared_code.storage.tables.staging import stg_user_scopes

COLUMNS = ("principal_name", "employee_id", "job_profile", "cost_center", "site")
MASKED = frozenset({"employee_id"})
SCOPE_FIELDS = {"district_manager": "site", "account_manager": "cost_center"}


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.full()


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    """Rows whose job profile gives no role, and those of unknown sites, are ignored."""
    sites = SiteLookup(connection)
    users = user_access.users_by_principal(connection)
    picker = RowPicker(reading.columns, COLUMNS, MASKED)

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        for row in rows:
            principal, employee_id, job_profile, cost_center, site = picker.pick(row)
            scope = scope_of(job_profile, cost_center, site)
            if scope is None:
                done.ignored += 1
                continue
            site_id = sites[scope.site] if scope.site else INVALID
            if site_id is None:
                done.ignored += 1
            elif site_id == INVALID:
                reason = "INVALID_SITE" if scope.site else MISSING_FIELD
                picker.refuse(done, row, reason, SCOPE_FIELDS[scope.role], principal)
            else:
                name = principal.lower()
                done.rows.append((name, users.get(name), employee_id, scope.role, site_id))
        return done

    return transform


def _publish(publication: Publication) -> Published:
    connection, run = publication.connection, publication.run
    users = user_access.enter_staged_users(connection, run, "system")
    access = user_access.replace_workday_access(connection, run, "system")
    return Published(replace(access, inserted=access.inserted + users.inserted, updated=users.updated))


FEED = Feed(
    name="user_scopes",
    flow="users-roles",
    staging=stg_user_scopes,
    columns=("principal_name", "user_id", "employee_id", "role_code", "scope_value"),
    slices=_slices,
    open=open_query("user_scopes", masked=MASKED),
    transform=_transform,
    publish=_publish,
)
