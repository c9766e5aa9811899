"""The paid labor that rates are calculated from: what a run has staged, and the actual days.

Source: Calculations, "Job-code rates"; Source side, "Extraction queries" (E10).
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from shared_code.domain.job_code_rates import LaborSums
from shared_code.domain.site_scope import SiteScope
from shared_code.sql.lists import in_list
from shared_code.storage.database import within
from shared_code.storage.tables.facts import actual_payroll_days
from shared_code.storage.tables.staging import stg_job_code_rates

_BATCH = 10_000


def staged_labor(connection: Connection, sync_run_id: str) -> Iterator[LaborSums]:
    """What a run has staged: dollars and rate hours by site and title, spelling by spelling."""
    staged = stg_job_code_rates.c
    rows = connection.execute(
        select(staged.site_id, staged.job_title, staged.dollars_all, staged.rate_hours, staged.row_count).where(
            staged.sync_run_id == sync_run_id
        )
    )
    return (LaborSums(*row) for row in rows.yield_per(_BATCH))


def last_staged_day(connection: Connection, sync_run_id: str) -> date | None:
    """The last day with paid labor among what a run has staged; None when it staged nothing."""
    staged = stg_job_code_rates.c
    day: date | None = connection.execute(
        select(func.max(staged.last_work_date)).where(staged.sync_run_id == sync_run_id)
    ).scalar_one()
    return day


def drop_staged(connection: Connection, sync_run_id: str) -> None:
    """Remove what a run has staged: a run that was only tried out leaves nothing."""
    connection.execute(delete(stg_job_code_rates).where(stg_job_code_rates.c.sync_run_id == sync_run_id))


def select_paid_days(
    scope: SiteScope, first: date, last: date, codes: Iterable[str] | None = None
) -> Select[*tuple[Any, ...]]:
    """The question for the days from `first` to `last` with positive rate hours, by site and job code.

    Source: Data model, "Job codes and rates" (method `average`).
    """
    paid = actual_payroll_days.c
    query = (
        select(paid.site_id, paid.job_code_id, paid.dollars_all, paid.hours_ex_premium, paid.row_count)
        .where(within(scope, paid.site_id), paid.work_date.between(first, last), paid.hours_ex_premium > 0)
        .order_by(paid.site_id, paid.job_code_id)
    )
    return query if codes is None else query.where(in_list(paid.job_code_id, codes))


def paid_days(connection: Connection, query: Select[*tuple[Any, ...]]) -> Iterator[LaborSums]:
    """The answer to `select_paid_days`: one record a day, whose `job_title` is the job code."""
    return (LaborSums(*row) for row in connection.execute(query).yield_per(_BATCH))
