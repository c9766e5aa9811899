"""Accepted revenue and vehicles by site, month and category: both sums are kept, their quotient is the actual rate.

Source: Source side, "Extraction queries" (E08).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from shared_code.domain.months import period_of
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
from shared_code.services.extraction.site_lookup import INVALID, SiteLookup
from shared_code.services.extraction.staging_transform import RowPicker, implausible
from shared_code.services.extraction.warehouse_reading import open_query
from shared_code.services.runtime import Runtime
from shared_code.storage.publication import FactShape, merge_spellings, replace_slice
from shared_code.storage.tables.facts import actual_parking_months
from shared_code.storage.tables.staging import stg_parking_rates_actual

MEASURES = ("revenue", "vehicles")

SHAPE = FactShape(
    actual_parking_months, stg_parking_rates_actual, ("site_id", "period", "category"), MEASURES, "period"
)


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.recent_months_by_day(request)


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    sites = SiteLookup(connection)
    picker = RowPicker(reading.columns, ("site", "period", "category", *MEASURES))

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        for row in rows:
            spelling, period, category, *measures = picker.pick(row)
            site_id = sites[spelling]
            category = category.lower()
            if site_id is None:
                done.ignored += 1
            elif site_id == INVALID:
                picker.refuse(done, row, "INVALID_SITE", "site", None)
            elif field := implausible(MEASURES, measures):
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", field, f"{site_id} {period} {category}")
            else:
                done.rows.append((site_id, period, category, *measures))
        return done

    return transform


def _publish(publication: Publication) -> Published:
    """Replace the months of the window; nothing is computed from them, so nobody is told."""
    first, after_last = publication.slice.window.days()
    period = actual_parking_months.c.period
    merge_spellings(publication.connection, SHAPE, publication.run.sync_run_id)
    slice_ = (period >= period_of(first)) & (period <= period_of(after_last - timedelta(days=1)))
    return Published(replace_slice(publication.connection, SHAPE, publication.run, slice_))


FEED = Feed(
    name="parking_rates_actual",
    flow="actuals-ledger",
    staging=stg_parking_rates_actual,
    columns=("site_id", "period", "category", *MEASURES),
    slices=_slices,
    open=open_query("parking_rates_actual"),
    transform=_transform,
    publish=_publish,
)
