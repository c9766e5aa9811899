"""Job codes at a site: how many work there, who is salaried and what is allocated to them.

Source: Data model, "Job codes and rates"; Source side, "Extraction queries" (E13, E14) and "Workday API".
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Subquery, Table, case, exists, literal, null, select, update

from shared_code.storage import stamps
from shared_code.storage.publication import RunStamp, SliceChanges
from shared_code.storage.tables.job_codes import site_job_codes
from shared_code.storage.upsert import upsert

SalariedCode = tuple[str, str, Decimal]


def salaried_codes(connection: Connection) -> frozenset[SalariedCode]:
    """Site, code and yearly dollars of every code that is salaried: flagged so, and with an allocated salary.

    Source: Calculations, "Job codes".
    """
    salary = site_job_codes.c.allocated_annual_salary
    rows = connection.execute(
        select(site_job_codes.c.site_id, site_job_codes.c.job_code_id, salary).where(
            site_job_codes.c.is_salaried, salary.is_not(None)
        )
    )
    return frozenset((site_id, code, dollars) for site_id, code, dollars in rows)


def publish_employee_counts(connection: Connection, staging: Table, run: RunStamp, user_id: str) -> SliceChanges:
    """Active employees of the staged codes; 0 for the codes of these sites that are listed no longer, which stay."""
    staged = select(
        staging.c.site_id,
        staging.c.job_code_id,
        staging.c.active_employee_count,
        literal(True, Boolean()).label("is_active"),
    )
    listed = _staged(staging, run, staged, "listed")
    columns = ("active_employee_count", "is_active")
    written = _upsert(connection, listed, columns, run, user_id, is_salaried=False)
    same_site = exists(select(1).where(listed.c.site_id == site_job_codes.c.site_id))
    left = connection.execute(
        update(site_job_codes)
        .where(site_job_codes.c.active_employee_count != 0, same_site, ~_is_in(listed))
        .values(active_employee_count=0, **_changed(user_id, run.loaded_at))
    )
    return SliceChanges(written.inserted, written.updated + left.rowcount)


def publish_salaries(connection: Connection, staging: Table, run: RunStamp, user_id: str) -> SliceChanges:
    """Allocated salaries of the staged codes; none for any other code."""
    staged = select(staging.c.site_id, staging.c.job_code_id, staging.c.allocated_annual_salary)
    listed = _staged(staging, run, staged.where(staging.c.allocated_annual_salary.is_not(None)), "allocated")
    written = _upsert(connection, listed, ("allocated_annual_salary",), run, user_id, is_active=True, is_salaried=False)
    left = connection.execute(
        update(site_job_codes)
        .where(site_job_codes.c.allocated_annual_salary.is_not(None), ~_is_in(listed))
        .values(allocated_annual_salary=null(), **_changed(user_id, run.loaded_at))
    )
    return SliceChanges(written.inserted, written.updated + left.rowcount)


def publish_salaried_flags(connection: Connection, staging: Table, run: RunStamp, user_id: str) -> SliceChanges:
    """Flag the staged codes as salaried or hourly; the flag of a code of which nothing is said stays.

    A code is salaried where all of its employees are: hours of a salaried code cost nothing, so one salaried employee
    among hourly ones must not make the others free of charge.
    """
    salaried, hourly = staging.c.salaried_employee_count, staging.c.hourly_employee_count
    flag = case(((hourly == 0), literal(True, Boolean())), else_=literal(False, Boolean()))
    staged = select(staging.c.site_id, staging.c.job_code_id, flag.label("is_salaried")).where(salaried + hourly > 0)
    flagged = _staged(staging, run, staged, "flagged")
    return _upsert(connection, flagged, ("is_salaried",), run, user_id, is_active=True)


def _staged(staging: Table, run: RunStamp, staged: Any, name: str) -> Subquery:
    codes: Subquery = staged.where(
        staging.c.sync_run_id == run.sync_run_id, staging.c.job_code_id.is_not(None)
    ).subquery(name)
    return codes


def _upsert(
    connection: Connection, source: Subquery, columns: Sequence[str], run: RunStamp, user_id: str, **when_new: Any
) -> SliceChanges:
    """Give the codes of `source` its `columns`; a code that is new at its site also gets `when_new`."""
    new = when_new if "active_employee_count" in columns else {"active_employee_count": 0, **when_new}
    written = upsert(
        connection,
        site_job_codes,
        source,
        ("site_id", "job_code_id"),
        columns,
        on_insert={**new, **stamps.inserted(user_id, run.loaded_at)},
        on_update=_changed(user_id, run.loaded_at),
    )
    return SliceChanges(written.inserted, written.updated)


def _is_in(codes: Subquery) -> ColumnElement[bool]:
    return exists(
        select(1).where(
            codes.c.site_id == site_job_codes.c.site_id, codes.c.job_code_id == site_job_codes.c.job_code_id
        )
    )


def _changed(user_id: str, now: datetime) -> dict[str, Any]:
    return stamps.updated(site_job_codes, user_id, now)
