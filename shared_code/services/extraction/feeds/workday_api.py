"""Employees as the Workday API has them, added up by site and job code: no single employee is stored.

Where the warehouse supplies head counts and salaries, the API gives the salaried flag and the job families alone.

Source: Source side, "Workday API"; Calculations, "Job codes"; Data model, "Masking".
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from shared_code.domain.job_titles import normalise_title
from shared_code.domain.rounding import ZERO, round_half_up
from shared_code.services.extraction import windows
from shared_code.services.extraction.api_reading import PagedRead, refused
from shared_code.services.extraction.feed import (
    Batch,
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
from shared_code.services.extraction.site_lookup import SiteLookup
from shared_code.services.extraction.staging_transform import MASK, RowPicker
from shared_code.services.runtime import Runtime
from shared_code.storage import job_codes, site_job_codes
from shared_code.storage.publication import FactShape, merge_spellings
from shared_code.storage.runs import Reject, RunSource
from shared_code.storage.tables.job_codes import site_job_codes as site_job_codes_table
from shared_code.storage.tables.staging import stg_workday_api

if TYPE_CHECKING:
    from shared_code.sources.workday_api import Employee

NAME = "workday_api"
ACTIVE = "active"
COUNTS = ("active_employee_count", "salaried_employee_count", "hourly_employee_count")
SALARY = "allocated_annual_salary"
COLUMNS = ("site", "job_code", *COUNTS, SALARY)
MASKED = frozenset({SALARY})
LONGEST_TITLE = 100
SALARY_PLACES = 4

SHAPE = FactShape(site_job_codes_table, stg_workday_api, ("site_id", "job_code_id"), (*COUNTS, SALARY), None)


@dataclass(slots=True)
class Staffing:
    """Who works at a site under a job code; `salary` is in dollars a year, None where nobody's pay is known."""

    active: int = 0
    salaried: int = 0
    hourly: int = 0
    salary: Decimal | None = None


class WorkdayReading:
    """All active employees; the rows come when the last page has been read."""

    columns = COLUMNS

    def __init__(self, runtime: Runtime) -> None:
        self._read: PagedRead[Employee] = PagedRead(
            NAME, "Workday API", {"status": ACTIVE}, runtime.workday_api.employees(status=ACTIVE)
        )
        self._staffing: dict[tuple[str, str], Staffing] = defaultdict(Staffing)
        self._employees: set[str] = set()

    def control(self) -> None:
        """The API says nothing beforehand; its pages prove themselves complete."""
        return

    def parts(self) -> Iterator[Batch]:
        """The refused rows page by page, then the sums; page 1 of a second attempt starts over."""
        for page in self._read:
            if page.number == 1:
                self._staffing.clear()
                self._employees.clear()
            rejects = [*refused(page), *filter(None, map(self._add, page.records))]
            yield Batch((), page.rows_read, rejects, page.ignored, page.number == 1 and page.attempt > 1)
        rows = [
            (*key, staff.active, staff.salaried, staff.hourly, staff.salary)
            for key, staff in sorted(self._staffing.items())
        ]
        yield Batch(rows, 0)

    def sources(self, content_hash: bytes) -> Sequence[RunSource]:
        """The read with the ids of its requests."""
        return [self._read.source(content_hash)]

    def _add(self, employee: "Employee") -> Reject | None:
        """Count an employee where he or she works; a second row for the same one is refused."""
        if employee.employee_id in self._employees:
            return Reject("DUPLICATE_KEY", "employeeId", {"employeeId": MASK, "jobCode": employee.job_code})
        self._employees.add(employee.employee_id)
        title = normalise_title(employee.job_code)
        if len(title) > LONGEST_TITLE:
            return Reject("VALUE_OUT_OF_RANGE", "jobCode", {"employeeId": MASK, "jobCode": employee.job_code})
        if employee.status != ACTIVE:
            return None
        for allocation in employee.allocations:
            if allocation.percent:
                staff = self._staffing[allocation.site_id, title]
                staff.active += 1
                staff.salaried += employee.is_salaried is True
                staff.hourly += employee.is_salaried is False
                if employee.annual_base_pay is not None:
                    staff.salary = (staff.salary or ZERO) + employee.annual_base_pay * allocation.percent / 100
        return None


@contextmanager
def _open(runtime: Runtime, slice_: Slice) -> Iterator[WorkdayReading]:  # noqa: ARG001
    yield WorkdayReading(runtime)


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    """Always everything: sums cannot be put together from changed employees alone."""
    return windows.full()


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    sites = SiteLookup(connection)
    codes = job_codes.codes_by_title(connection)
    picker = RowPicker(COLUMNS, COLUMNS, MASKED)

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        for row in rows:
            site, title, *counts, salary = row
            if not (site_id := sites[site]):
                done.ignored += 1
            elif not is_plausible(salary):
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", SALARY, f"{site_id} {title}")
            else:
                exact = None if salary is None else round_half_up(salary, SALARY_PLACES)
                done.rows.append((site_id, title, codes.get(title), *counts, exact))
        return done

    return transform


def _publish(publication: Publication) -> Published:
    """Enter flags and families; head counts and salaries too where the API is the source of them."""
    connection, run = publication.connection, publication.run
    before = site_job_codes.salaried_codes(connection)
    job_codes.name_staged_codes(connection, stg_workday_api, run.sync_run_id, "system", run.loaded_at)
    merge_spellings(connection, SHAPE, run.sync_run_id)
    parts = [site_job_codes.publish_salaried_flags(connection, stg_workday_api, run, "system")]
    if publication.runtime.settings.workday_source == "api":
        parts.append(site_job_codes.publish_employee_counts(connection, stg_workday_api, run, "system"))
        parts.append(site_job_codes.publish_salaries(connection, stg_workday_api, run, "system"))
    families = job_codes.refresh_families(connection, "system", run.loaded_at)
    changes = replace(
        parts[0],
        inserted=sum(part.inserted for part in parts),
        updated=sum(part.updated for part in parts) + families,
        touched=touched_years(before, site_job_codes.salaried_codes(connection), publication.as_of),
    )
    return Published(changes, "ActualsLoaded")


FEED = Feed(
    name=NAME,
    flow="users-roles",
    staging=stg_workday_api,
    columns=("site_id", "job_title", "job_code_id", *COUNTS, SALARY),
    slices=_slices,
    open=_open,
    transform=_transform,
    publish=_publish,
    is_used=lambda settings: settings.workday_source == "api" or bool(settings.workday_api_host),
)
