"""Vehicles, net external revenue and occupied rooms by site and day.

Source: Source side, "Extraction queries" (E07) and "Revenue codes".
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, func, select

from shared_code.services.extraction import windows
from shared_code.services.extraction.fact_slices import of_days
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
from shared_code.services.extraction.warehouse_reading import WarehouseReading
from shared_code.services.runtime import Runtime
from shared_code.sources.warehouse.catalogue import UNKNOWN_REVENUE_CODES
from shared_code.sources.warehouse.reader import WarehouseReader
from shared_code.storage import cutoffs, revenue_codes
from shared_code.storage.publication import FactShape, merge_spellings, replace_slice
from shared_code.storage.tables.facts import CATEGORIES, COMPS, actual_statistic_days
from shared_code.storage.tables.staging import stg_daily_revenue

MEASURES = (
    "occupied_rooms",
    *CATEGORIES,
    *COMPS,
    *[f"{category}_revenue" for category in CATEGORIES],
    "total_vehicles",
    "total_net_revenue",
)
COLUMNS = ("site_id", "stat_date", *MEASURES, "source_loaded_at")

MOST_CODES_NAMED = 20

_log = logging.getLogger(__name__)

SHAPE = FactShape(
    actual_statistic_days, stg_daily_revenue, ("site_id", "stat_date"), (*MEASURES, "source_loaded_at"), "stat_date"
)


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:
    with runtime.database.reading() as connection:
        codes = tuple(sorted(revenue_codes.categories(connection).items()))
    return [
        replace(slice_, window=replace(slice_.window, revenue_codes=codes))
        for slice_ in windows.daily_statistics(request, runtime.settings.daily_reread_days)
    ]


@contextmanager
def _open(runtime: Runtime, slice_: Slice) -> Iterator[Reading]:
    with runtime.warehouse_reader().snapshot() as reader:
        reading = WarehouseReading(reader, "daily_revenue", slice_, runtime.node_alias)
        _report_unknown_codes(reader, slice_)
        yield reading


def _report_unknown_codes(reader: WarehouseReader, slice_: Slice) -> None:
    """Say once a run which codes no mapping knows: they count in the totals and in no category."""
    unknown = [row for batch in reader.batches(UNKNOWN_REVENUE_CODES, slice_.window) for row in batch]
    if unknown:
        shown = ", ".join(f"{code or text} ({rows} rows)" for code, text, rows in unknown[:MOST_CODES_NAMED])
        _log.warning("Revenue codes that no mapping knows: %s; %s in all", shown, len(unknown))


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    sites = SiteLookup(connection)
    picker = RowPicker(reading.columns, ("site", "stat_date", "last_loaded_at", *MEASURES))

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        all_plausible = picker.are_plausible(rows, MEASURES)
        for row in rows:
            spelling, stat_date, loaded_at, *measures = picker.pick(row)
            site_id = sites[spelling]
            if site_id is None:
                done.ignored += 1
            elif site_id == INVALID:
                picker.refuse(done, row, "INVALID_SITE", "site", None)
            elif not all_plausible and (field := implausible(MEASURES, measures)):
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", field, f"{site_id} {stat_date}")
            else:
                done.rows.append((site_id, stat_date, *measures, loaded_at))
        return done

    return transform


def _publish(publication: Publication) -> Published:
    connection, run = publication.connection, publication.run
    window = publication.slice.window
    slice_ = of_days(actual_statistic_days.c.stat_date, window)
    merge_spellings(connection, SHAPE, run.sync_run_id)
    changes = replace_slice(connection, SHAPE, run, slice_)
    earned = actual_statistic_days.c.total_net_revenue != 0
    occupied = actual_statistic_days.c.occupied_rooms != 0
    kinds = {"external_through": earned, "rooms_through": occupied}
    moved = cutoffs.note(connection, actual_statistic_days, "stat_date", window.days(), kinds, run, publication.as_of)
    newest = select(func.max(actual_statistic_days.c.stat_date)).where(slice_, earned | occupied)
    return Published(changes.and_touched(moved), "ActualsLoaded", connection.execute(newest).scalar_one())


FEED = Feed(
    name="daily_revenue",
    flow="actuals-daily",
    staging=stg_daily_revenue,
    columns=COLUMNS,
    slices=_slices,
    open=_open,
    transform=_transform,
    publish=_publish,
)
