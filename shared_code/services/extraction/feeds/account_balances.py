"""Balances by site, month and account: the approved budget and the posted ledger.

Raw balances keep the ledger's sign; `amount` has the sign of its P&L line, applied here and nowhere else.

Source: Source side, "Extraction queries" (E03, E04) and "P&L lines".
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from shared_code.domain.budget_normalisation import (
    BudgetReject,
    BudgetRow,
    NormalisationTables,
    normalise_budget_row,
)
from shared_code.domain.pnl_lines import UNMAPPED, line_amount
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
from shared_code.services.extraction.quality import is_plausible
from shared_code.services.extraction.site_lookup import INVALID, SiteLookup
from shared_code.services.extraction.staging_transform import RowPicker
from shared_code.services.extraction.warehouse_reading import open_query
from shared_code.services.runtime import Runtime
from shared_code.storage import accounts, budget_precedence
from shared_code.storage.publication import FactShape, merge_spellings, replace_slice
from shared_code.storage.tables.facts import actual_account_months, budget_account_months
from shared_code.storage.tables.staging import stg_budget, stg_ledger

BUDGET = FactShape(
    budget_account_months, stg_budget, ("site_id", "period", "main_account"), ("balance", "amount"), "period"
)
LEDGER = FactShape(
    actual_account_months, stg_ledger, ("site_id", "period", "main_account", "entity"), ("balance", "amount"), "period"
)


def normalisation_tables(runtime: Runtime, connection: Connection) -> NormalisationTables:
    """What budget rows are normalised with: the chart, the mappings, the currencies."""
    return NormalisationTables(
        frozenset(accounts.lines(connection)),
        accounts.mappings(connection),
        accounts.rates_to_usd(connection),
        runtime.settings.fiscal_year_start_month,
    )


def _transform_budget(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    sites = SiteLookup(connection)
    lines = accounts.lines(connection)
    tables = normalisation_tables(runtime, connection)
    picker = RowPicker(reading.columns, ("site", "period", "main_account", "balance"))

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        for row in rows:
            spelling, period, account, balance = picker.pick(row)
            site_id = sites[spelling]
            if site_id is None:
                done.ignored += 1
                continue
            if site_id == INVALID:
                picker.refuse(done, row, "INVALID_SITE", "site", None)
                continue
            if not is_plausible(balance):
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", "balance", f"{site_id} {period} {account}")
                continue
            months = normalise_budget_row(BudgetRow(account, period, balance), tables)
            if isinstance(months, BudgetReject):
                picker.refuse(done, row, months.reason, months.field, f"{site_id} {period} {account}")
            else:
                done.rows += [
                    (
                        site_id,
                        month.period,
                        month.main_account,
                        month.amount,
                        _amount(lines, month.main_account, month.amount),
                    )
                    for month in months
                ]
        return done

    return transform


def _transform_ledger(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    sites = SiteLookup(connection)
    lines = accounts.lines(connection)
    picker = RowPicker(reading.columns, ("site", "period", "main_account", "entity", "balance"))

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        for row in rows:
            spelling, number, account, entity, balance = picker.pick(row)
            site_id = sites[spelling]
            if site_id is None:
                done.ignored += 1
            elif site_id == INVALID:
                picker.refuse(done, row, "INVALID_SITE", "site", None)
            elif not 1 <= number % 100 <= 12:
                picker.refuse(done, row, "INVALID_PERIOD", "period", f"{site_id} {number} {account}")
            elif not is_plausible(balance):
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", "balance", f"{site_id} {number} {account}")
            else:
                period = f"{number // 100:04d}-{number % 100:02d}"
                done.rows.append((site_id, period, account, entity, balance, _amount(lines, account, balance)))
        return done

    return transform


def _amount(lines: dict[str, str], account: str, balance: Decimal) -> Decimal:
    """The balance with the sign of its line; an account that the chart does not have counts in no line."""
    return line_amount(lines.get(account, UNMAPPED), balance)


def _publish_budget(publication: Publication) -> Published:
    """Replace the budget of the window's months, but for what the API has filled where the warehouse has none."""
    merge_spellings(publication.connection, BUDGET, publication.run.sync_run_id)
    slice_ = of_months(budget_account_months.c.period, publication.slice.window)
    if publication.runtime.settings.budget_source == "edw_then_api":
        slice_ = budget_precedence.take_over_for_warehouse(publication.connection, slice_, publication.run)
    return Published(replace_slice(publication.connection, BUDGET, publication.run, slice_), "BudgetLoaded")


def _publish_ledger(publication: Publication) -> Published:
    """Replace the balances of the window's months."""
    merge_spellings(publication.connection, LEDGER, publication.run.sync_run_id)
    slice_ = of_months(actual_account_months.c.period, publication.slice.window)
    return Published(replace_slice(publication.connection, LEDGER, publication.run, slice_), "ActualsLoaded")


def _budget_slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.budget_years(request)


def _ledger_slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.recent_periods(request)


BUDGET_FEED = Feed(
    name="budget",
    flow="budget",
    staging=stg_budget,
    columns=("site_id", "period", "main_account", "balance", "amount"),
    slices=_budget_slices,
    open=open_query("budget"),
    transform=_transform_budget,
    publish=_publish_budget,
    is_used=lambda settings: settings.budget_source != "api",
)
LEDGER_FEED = Feed(
    name="ledger",
    flow="actuals-ledger",
    staging=stg_ledger,
    columns=("site_id", "period", "main_account", "entity", "balance", "amount"),
    slices=_ledger_slices,
    open=open_query("ledger"),
    transform=_transform_ledger,
    publish=_publish_ledger,
)
