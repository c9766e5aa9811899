"""Accounts with their P&L line, and how accounts of other charts become ours.

Source: Data model, "Organisation, access, accounts"; Source side, "Budget normalisation, in this order".
"""

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import Boolean, Connection, case, literal, select, update

from shared_code.domain.budget_normalisation import AccountMapping
from shared_code.domain.pnl_lines import FORECAST_ACCOUNTS, UNMAPPED, sign_factor
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.publication import RunStamp, SliceChanges
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.facts import actual_account_months, budget_account_months
from shared_code.storage.tables.mappings import account_mappings, currency_rates
from shared_code.storage.tables.staging import stg_chart_of_accounts
from shared_code.storage.upsert import upsert


def lines(connection: Connection) -> dict[str, str]:
    """The P&L line of every account of the chart."""
    rows = connection.execute(select(accounts.c.main_account, accounts.c.pnl_line))
    return {row.main_account: row.pnl_line for row in rows}


def mappings(connection: Connection) -> dict[str, list[AccountMapping]]:
    """The mappings of each source account, the oldest first."""
    found: dict[str, list[AccountMapping]] = {}
    rows = connection.execute(select(account_mappings).order_by(account_mappings.c.effective_from))
    for row in rows:
        mapping = AccountMapping(row.main_account, row.sign_factor, row.effective_from, row.effective_to)
        found.setdefault(row.source_account, []).append(mapping)
    return found


def rates_to_usd(connection: Connection) -> dict[tuple[str, str], Decimal]:
    """US dollars per unit of a currency, by currency and month (`YYYY-MM`)."""
    rows = connection.execute(select(currency_rates))
    return {(row.currency, row.period): row.rate_to_usd for row in rows}


def publish_chart(connection: Connection, run: RunStamp, user_id: str) -> SliceChanges:
    """Enter the staged accounts; accounts that the chart no longer lists stay, because balances may name them."""
    staged = stg_chart_of_accounts
    is_forecastable = case(
        (in_list(staged.c.main_account, FORECAST_ACCOUNTS), literal(True, Boolean())),
        else_=literal(False, Boolean()),
    )
    chart = (
        select(
            staged.c.main_account,
            staged.c.account_name.label("name"),
            staged.c.summary_category,
            staged.c.pnl_line,
            is_forecastable.label("is_forecastable"),
        )
        .where(staged.c.sync_run_id == run.sync_run_id)
        .subquery("chart")
    )
    published = {"sync_run_id": run.sync_run_id, "loaded_at": run.loaded_at}
    written = upsert(
        connection,
        accounts,
        chart,
        ("main_account",),
        ("name", "summary_category", "pnl_line", "is_forecastable"),
        on_insert={**published, **stamps.inserted(user_id, run.loaded_at)},
        on_update={**published, **stamps.updated(accounts, user_id, run.loaded_at)},
    )
    return SliceChanges(written.inserted, written.updated)


def moved_lines(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The accounts whose line is another one than before, with the new one; an unknown account had none."""
    return {account: line for account, line in after.items() if line != before.get(account, UNMAPPED)}


def apply_signs(connection: Connection, moved: Mapping[str, str]) -> None:
    """Give the published amounts of accounts that have moved the sign of their new line.

    Months that no feed reads again would keep the old sign for ever otherwise.
    """
    for factor in (1, -1):
        concerned = [account for account, line in moved.items() if sign_factor(line) == factor]
        if not concerned:
            continue
        for fact in (budget_account_months, actual_account_months):
            signed = fact.c.balance if factor == 1 else -fact.c.balance
            connection.execute(
                update(fact)
                .where(in_list(fact.c.main_account, concerned), fact.c.amount != signed)
                .values(amount=signed)
            )
