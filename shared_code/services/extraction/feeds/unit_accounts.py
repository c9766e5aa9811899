"""The unit-account rows of a month: staged for their validation, published nowhere.

Source: Source side, "Extraction queries" (E17) and "Validation of unit accounts".
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from shared_code.domain.site_codes import normalise_site
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
from shared_code.services.extraction.staging_transform import RowPicker
from shared_code.services.extraction.warehouse_reading import open_query
from shared_code.services.runtime import Runtime
from shared_code.storage.publication import SliceChanges
from shared_code.storage.tables.staging import stg_unit_accounts

COLUMNS = (
    "main_account",
    "revenue_category",
    "category",
    "gl_string",
    "value",
    "account_description",
    "status",
)


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.month_of(request)


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    """Every row is staged, whatever it lacks: what is wrong with it is for the validation to say."""
    picker = RowPicker(reading.columns, ("site", *COLUMNS))

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        picked = [picker.pick(row) for row in rows]
        return Transformed([(normalise_site(spelling) or spelling, *values) for spelling, *values in picked])

    return transform


def _publish(publication: Publication) -> Published:
    """Nothing is published; the rows that wait for validation are counted as inserted."""
    staged = select(func.count()).where(stg_unit_accounts.c.sync_run_id == publication.run.sync_run_id)
    return Published(SliceChanges(inserted=publication.connection.execute(staged).scalar_one()))


FEED = Feed(
    name="unit_accounts",
    flow="unit-accounts",
    staging=stg_unit_accounts,
    columns=("site_id", *COLUMNS),
    slices=_slices,
    open=open_query("unit_accounts"),
    transform=_transform,
    publish=_publish,
)
