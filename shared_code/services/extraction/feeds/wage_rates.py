"""Job codes of each site and how many active employees they have.

Source: Source side, "Extraction queries" (E14) and "Job family mapping".
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
from shared_code.services.extraction.site_lookup import INVALID, SiteLookup
from shared_code.services.extraction.staging_transform import RowPicker
from shared_code.services.extraction.warehouse_reading import open_query
from shared_code.services.runtime import Runtime
from shared_code.storage import job_codes, site_job_codes
from shared_code.storage.publication import FactShape, merge_spellings
from shared_code.storage.tables.job_codes import site_job_codes as site_job_codes_table
from shared_code.storage.tables.staging import stg_wage_rates

COUNT = "active_employee_count"

SHAPE = FactShape(site_job_codes_table, stg_wage_rates, ("site_id", "job_code_id"), (COUNT,), None)


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.full()


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    sites = SiteLookup(connection)
    codes = job_codes.codes_by_title(connection)
    picker = RowPicker(reading.columns, ("site", "job_profile_code", "job_text", COUNT))

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        for row in rows:
            spelling, profile, job_text, employees = picker.pick(row)
            site_id = sites[spelling]
            if site_id is None:
                done.ignored += 1
            elif site_id == INVALID:
                picker.refuse(done, row, "INVALID_SITE", "site", None)
            else:
                title = normalise_title(profile)
                done.rows.append((site_id, title, codes.get(title), job_text, employees))
        return done

    return transform


def _publish(publication: Publication) -> Published:
    connection, run = publication.connection, publication.run
    job_codes.name_staged_codes(connection, stg_wage_rates, run.sync_run_id, "system", run.loaded_at)
    merge_spellings(connection, SHAPE, run.sync_run_id)
    families = job_codes.refresh_families(connection, "system", run.loaded_at)
    counts = site_job_codes.publish_employee_counts(connection, stg_wage_rates, run, "system")
    return Published(replace(counts, updated=counts.updated + families))


FEED = Feed(
    name="wage_rates",
    flow="users-roles",
    staging=stg_wage_rates,
    columns=("site_id", "job_title", "job_code_id", "job_text", COUNT),
    slices=_slices,
    open=open_query("wage_rates"),
    transform=_transform,
    publish=_publish,
    is_used=lambda settings: settings.workday_source == "edw",
)
