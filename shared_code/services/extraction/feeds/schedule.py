"""Planned shifts and what they cost: two feeds that fill one fact by site, day and job code.

Each replaces its own columns and leaves those that the other has published.

Source: Source side, "Extraction queries" (E11, E12).
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select

from shared_code.domain.job_titles import normalise_title
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
from shared_code.services.extraction.warehouse_reading import open_query
from shared_code.services.runtime import Runtime
from shared_code.storage import job_codes
from shared_code.storage.publication import FactShape, merge_spellings, replace_columns
from shared_code.storage.tables.facts import schedule_payroll_days
from shared_code.storage.tables.staging import stg_schedule_cost, stg_shifts

KEY = ("site_id", "work_date", "job_code_id")
MINUTES = ("regular_minutes", "overtime_minutes", "double_overtime_minutes")
COST = ("source_cost",)
EMPTY = {**dict.fromkeys(MINUTES, 0), **dict.fromkeys(COST)}
"""What stands in a column while nothing was delivered: no minutes, an unknown cost."""


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.schedule_days(request)


def _transform_of(measures: tuple[str, ...]) -> Callable[[Runtime, Connection, Slice, Reading], Transform]:
    """How rows with these measures are staged."""

    def opened(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
        sites = SiteLookup(connection)
        codes = job_codes.codes_by_title(connection)
        picker = RowPicker(reading.columns, ("site", "work_date", "work_role", *measures))

        def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
            done = Transformed()
            for row in rows:
                spelling, work_date, role, *values = picker.pick(row)
                site_id = sites[spelling]
                if site_id is None:
                    done.ignored += 1
                elif site_id == INVALID:
                    picker.refuse(done, row, "INVALID_SITE", "site", None)
                elif field := implausible(measures, values):
                    picker.refuse(done, row, "VALUE_OUT_OF_RANGE", field, f"{site_id} {work_date} {role}")
                else:
                    title = normalise_title(role)
                    done.rows.append((site_id, work_date, title, codes.get(title), *values))
            return done

        return transform

    return opened


def _publish_into(staging: Table, measures: tuple[str, ...]) -> Callable[[Publication], Published]:
    """How the staged `measures` are published."""
    shape = FactShape(schedule_payroll_days, staging, KEY, measures, "work_date")

    def publish(publication: Publication) -> Published:
        connection, run = publication.connection, publication.run
        slice_ = of_days(schedule_payroll_days.c.work_date, publication.slice.window)
        job_codes.name_staged_codes(connection, staging, run.sync_run_id, "system", run.loaded_at)
        merge_spellings(connection, shape, run.sync_run_id)
        job_codes.enter_site_codes(connection, staging, run.sync_run_id, None, "system", run.loaded_at)
        changes = replace_columns(connection, shape, run, slice_, EMPTY)
        planned = slice_ & (schedule_payroll_days.c.work_date <= publication.as_of)
        newest = select(func.max(schedule_payroll_days.c.work_date)).where(planned)
        return Published(changes, None, connection.execute(newest).scalar_one())

    return publish


SHIFTS_FEED = Feed(
    name="shifts",
    flow="payroll",
    staging=stg_shifts,
    columns=("site_id", "work_date", "job_title", "job_code_id", *MINUTES),
    slices=_slices,
    open=open_query("shifts"),
    transform=_transform_of(MINUTES),
    publish=_publish_into(stg_shifts, MINUTES),
)
SCHEDULE_COST_FEED = Feed(
    name="schedule_cost",
    flow="payroll",
    staging=stg_schedule_cost,
    columns=("site_id", "work_date", "job_title", "job_code_id", *COST),
    slices=_slices,
    open=open_query("schedule_cost"),
    transform=_transform_of(("cost",)),
    publish=_publish_into(stg_schedule_cost, COST),
)
