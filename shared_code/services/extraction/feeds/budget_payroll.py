"""The payroll budget by job profile, and what of it falls on each job code of a site.

Source: Source side, "Extraction queries" (E06) and "Job profile mapping (payroll budget)".
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from shared_code.domain.job_profiles import MappedBudget, ProfileBudget, map_profiles
from shared_code.services.extraction import windows
from shared_code.services.extraction.fact_slices import of_months
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
from shared_code.services.extraction.run import canonical_text
from shared_code.services.extraction.site_lookup import INVALID, SiteLookup
from shared_code.services.extraction.staging_transform import RowPicker, implausible
from shared_code.services.extraction.warehouse_reading import open_query
from shared_code.services.runtime import Runtime
from shared_code.sql.bulk import insert_rows
from shared_code.storage import job_profiles
from shared_code.storage.job_profiles import SiteMonthProfiles, profile_key
from shared_code.storage.publication import FactShape, SliceChanges, merge_spellings, replace_slice
from shared_code.storage.tables.facts import budget_payroll_job_months, budget_payroll_months
from shared_code.storage.tables.staging import stg_budget_payroll, stg_budget_payroll_jobs

MEASURES = ("hours", "dollars")

PROFILES = FactShape(
    budget_payroll_months, stg_budget_payroll, ("site_id", "period", "job_profile"), (*MEASURES, "treatment"), "period"
)
JOB_CODES = FactShape(
    budget_payroll_job_months, stg_budget_payroll_jobs, ("site_id", "period", "job_code_id"), MEASURES, "period"
)


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.budget_years(request)


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    sites = SiteLookup(connection)
    picker = RowPicker(reading.columns, ("site", "year", "month", "job_profile", *MEASURES))

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        for row in rows:
            spelling, year, month, profile, *measures = picker.pick(row)
            site_id = sites[spelling]
            if site_id is None:
                done.ignored += 1
            elif site_id == INVALID:
                picker.refuse(done, row, "INVALID_SITE", "site", None)
            elif not 1 <= month <= 12:
                picker.refuse(done, row, "INVALID_PERIOD", "month", f"{site_id} {year} {month} {profile}")
            elif field := implausible(MEASURES, measures):
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", field, f"{site_id} {year} {month} {profile}")
            else:
                done.rows.append((site_id, f"{year:04d}-{month:02d}", profile, *measures, "mapped"))
        return done

    return transform


def _publish(publication: Publication) -> Published:
    """Replace the profiles of the window's months and bring them to the job codes that are at the sites now."""
    connection, run = publication.connection, publication.run
    merge_spellings(connection, PROFILES, run.sync_run_id)
    _map(connection, run.sync_run_id)
    window = publication.slice.window
    profiles = replace_slice(connection, PROFILES, run, of_months(budget_payroll_months.c.period, window))
    codes = replace_slice(connection, JOB_CODES, run, of_months(budget_payroll_job_months.c.period, window))
    changes = SliceChanges(
        profiles.inserted + codes.inserted,
        profiles.updated + codes.updated,
        profiles.deleted + codes.deleted,
        profiles.touched | codes.touched,
    )
    return Published(changes, "BudgetLoaded")


def _map(connection: Connection, sync_run_id: str) -> None:
    """Stage the hours and dollars of each job code, and note which profiles are excluded or reached no code."""
    unmapped: list[str] = []
    insert_rows(
        connection,
        stg_budget_payroll_jobs,
        ("sync_run_id", "row_no", "site_id", "period", "job_code_id", *MEASURES, "row_hash"),
        (
            (sync_run_id, row_no, *row, sha256(canonical_text(row)).digest())
            for row_no, row in enumerate(_job_code_rows(connection, sync_run_id, unmapped), start=1)
        ),
    )
    job_profiles.note_treatments(connection, sync_run_id, unmapped)


def _job_code_rows(connection: Connection, sync_run_id: str, unmapped: list[str]) -> Iterator[tuple[Any, ...]]:
    """Staged rows of job codes; profiles that reach none are added to `unmapped`."""
    for month in job_profiles.staged_months(connection, sync_run_id):
        mapped = _mapped(month)
        unmapped += [profile_key(month.site_id, month.period, profile.job_profile) for profile in mapped.unmapped]
        for code in mapped.job_codes:
            if code.hours or code.cost:
                yield month.site_id, month.period, code.job_code, code.hours, code.cost


def _mapped(month: SiteMonthProfiles) -> MappedBudget:
    profiles = [
        ProfileBudget(profile, hours, dollars, profile in month.excluded) for profile, hours, dollars in month.profiles
    ]
    return map_profiles(profiles, month.mapping, month.site_codes)


FEED = Feed(
    name="budget_payroll",
    flow="budget",
    staging=stg_budget_payroll,
    columns=("site_id", "period", "job_profile", *MEASURES, "treatment"),
    slices=_slices,
    open=open_query("budget_payroll"),
    transform=_transform,
    publish=_publish,
    also_staged=(stg_budget_payroll_jobs,),
)
