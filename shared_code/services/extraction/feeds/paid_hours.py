"""Paid hours and dollars by site, day and job code.

Source: Source side, "Extraction queries" (E09).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

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
from shared_code.storage import cutoffs, job_codes
from shared_code.storage.publication import FactShape, merge_spellings, replace_slice
from shared_code.storage.tables.facts import actual_payroll_days
from shared_code.storage.tables.staging import stg_paid_hours

MEASURES = ("hours_all", "hours_ex_premium", "overtime_hours", "dollars_all", "dollars_ex_premium", "row_count")

SHAPE = FactShape(actual_payroll_days, stg_paid_hours, ("site_id", "work_date", "job_code_id"), MEASURES, "work_date")


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:
    return windows.trailing_days(request, runtime.settings.payroll_reread_days)


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    sites = SiteLookup(connection)
    codes = job_codes.codes_by_title(connection)
    picker = RowPicker(reading.columns, ("site", "work_date", "job_title", *MEASURES))
    titles: dict[str, str] = {}

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        all_plausible = picker.are_plausible(rows, MEASURES)
        for row in rows:
            spelling, work_date, job_title, *measures = picker.pick(row)
            site_id = sites[spelling]
            if site_id is None:
                done.ignored += 1
            elif site_id == INVALID:
                picker.refuse(done, row, "INVALID_SITE", "site", None)
            elif not all_plausible and (field := implausible(MEASURES, measures)):
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", field, f"{site_id} {work_date} {job_title}")
            else:
                title = titles.get(job_title) or titles.setdefault(job_title, normalise_title(job_title))
                done.rows.append((site_id, work_date, title, codes.get(title), *measures))
        return done

    return transform


def _publish(publication: Publication) -> Published:
    connection, run = publication.connection, publication.run
    window = publication.slice.window
    slice_ = of_days(actual_payroll_days.c.work_date, window)
    job_codes.name_staged_codes(connection, stg_paid_hours, run.sync_run_id, "system", run.loaded_at)
    merge_spellings(connection, SHAPE, run.sync_run_id)
    job_codes.enter_site_codes(connection, stg_paid_hours, run.sync_run_id, "work_date", "system", run.loaded_at)
    changes = replace_slice(connection, SHAPE, run, slice_)
    paid = (actual_payroll_days.c.hours_all != 0) | (actual_payroll_days.c.dollars_all != 0)
    kinds = {"payroll_through": paid}
    moved = cutoffs.note(connection, actual_payroll_days, "work_date", window.days(), kinds, run, publication.as_of)
    through = connection.execute(select(func.max(actual_payroll_days.c.work_date)).where(slice_, paid)).scalar_one()
    return Published(changes.and_touched(moved), "ActualsLoaded", through)


FEED = Feed(
    name="paid_hours",
    flow="payroll",
    staging=stg_paid_hours,
    columns=("site_id", "work_date", "job_title", "job_code_id", *MEASURES),
    slices=_slices,
    open=open_query("paid_hours"),
    transform=_transform,
    publish=_publish,
)
