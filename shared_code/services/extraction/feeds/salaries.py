"""Yearly salaries, allocated to sites and job codes.

Source: Source side, "Extraction queries" (E13); Calculations, "Job codes".
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from shared_code.domain.job_titles import normalise_title
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
from shared_code.services.extraction.quality import is_plausible
from shared_code.services.extraction.salaried_years import touched_years
from shared_code.services.extraction.site_lookup import INVALID, SiteLookup
from shared_code.services.extraction.staging_transform import RowPicker
from shared_code.services.extraction.warehouse_reading import open_query
from shared_code.services.runtime import Runtime
from shared_code.storage import job_codes, site_job_codes
from shared_code.storage.publication import FactShape, merge_spellings
from shared_code.storage.tables.job_codes import site_job_codes as site_job_codes_table
from shared_code.storage.tables.staging import stg_salaries

SALARY = "allocated_annual_salary"

SHAPE = FactShape(site_job_codes_table, stg_salaries, ("site_id", "job_code_id"), (SALARY,), None)


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.full()


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    sites = SiteLookup(connection)
    codes = job_codes.codes_by_title(connection)
    picker = RowPicker(reading.columns, ("site", "job_profile", SALARY, "employee_count", "load_date"), {SALARY})

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        for row in rows:
            spelling, profile, salary, employees, load_date = picker.pick(row)
            site_id = sites[spelling]
            if site_id is None:
                done.ignored += 1
            elif site_id == INVALID:
                picker.refuse(done, row, "INVALID_SITE", "site", None)
            elif salary < 0 or not is_plausible(salary):
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", SALARY, f"{site_id} {profile}")
            else:
                title = normalise_title(profile)
                done.rows.append((site_id, title, codes.get(title), salary, employees, load_date))
        return done

    return transform


def _publish(publication: Publication) -> Published:
    """Enter the salaries; the P&L of a site changes where a code that is flagged as salaried has another one."""
    connection, run = publication.connection, publication.run
    before = site_job_codes.salaried_codes(connection)
    job_codes.name_staged_codes(connection, stg_salaries, run.sync_run_id, "system", run.loaded_at)
    merge_spellings(connection, SHAPE, run.sync_run_id)
    changes = site_job_codes.publish_salaries(connection, stg_salaries, run, "system")
    touched = touched_years(before, site_job_codes.salaried_codes(connection), publication.as_of)
    return Published(replace(changes, touched=touched), "ActualsLoaded")


FEED = Feed(
    name="salaries",
    flow="users-roles",
    staging=stg_salaries,
    columns=("site_id", "job_title", "job_code_id", SALARY, "employee_count", "load_date"),
    slices=_slices,
    open=open_query("salaries", masked={SALARY}),
    transform=_transform,
    publish=_publish,
    is_used=lambda settings: settings.workday_source == "edw",
)
