"""Which budget a site-year has where both sources may fill it: the warehouse's, and the API's only without that.

Whose a row is, is told by the feed of the run that published it.

Source: Source side, "Budget API" (precedence).
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, select, update

from shared_code.storage.publication import RunStamp
from shared_code.storage.tables.facts import budget_account_months
from shared_code.storage.tables.runs import sync_runs
from shared_code.storage.tables.staging import stg_budget, stg_budget_api

API_FEED = "budget_api"
"""Name of the feed that reads the budget API."""


def take_over_for_warehouse(connection: Connection, year: ColumnElement[bool], run: RunStamp) -> ColumnElement[bool]:
    """Make the staged sites' budget of `year` the warehouse's, and say which rows its run replaces.

    `year` is a condition on `budget_account_months`. What the API has filled for sites that the warehouse does not
    have is not among the rows to replace.
    """
    staged = select(stg_budget.c.site_id).where(stg_budget.c.sync_run_id == run.sync_run_id)
    of_api = budget_account_months.c.sync_run_id.in_(_api_runs())
    connection.execute(
        update(budget_account_months)
        .where(year, of_api, budget_account_months.c.site_id.in_(staged))
        .values(sync_run_id=run.sync_run_id, loaded_at=run.loaded_at)
    )
    return year & ~of_api


def leave_to_warehouse(connection: Connection, year: ColumnElement[bool], sync_run_id: str) -> ColumnElement[bool]:
    """Drop the staged rows of sites whose budget of `year` is the warehouse's; says which rows the API replaces."""
    of_warehouse = _sites_of_warehouse(year)
    connection.execute(
        delete(stg_budget_api).where(
            stg_budget_api.c.sync_run_id == sync_run_id, stg_budget_api.c.site_id.in_(of_warehouse)
        )
    )
    return year & budget_account_months.c.site_id.not_in(of_warehouse)


def of_staged_sites(sync_run_id: str) -> ColumnElement[bool]:
    """The budget rows of the sites that a run of the API has staged."""
    staged = select(stg_budget_api.c.site_id).where(stg_budget_api.c.sync_run_id == sync_run_id)
    return budget_account_months.c.site_id.in_(staged)


def _sites_of_warehouse(year: ColumnElement[bool]) -> Select[Any]:
    of_warehouse = budget_account_months.c.sync_run_id.not_in(_api_runs())
    # Inside a condition on the same table the inner one needs a name of its own.
    rows = select(budget_account_months.c.site_id).where(year, of_warehouse).distinct().subquery("of_warehouse")
    return select(rows.c.site_id)


def _api_runs() -> Select[Any]:
    return select(sync_runs.c.sync_run_id).where(sync_runs.c.feed == API_FEED)
