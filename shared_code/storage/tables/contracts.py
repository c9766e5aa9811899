"""Contracts of sites with all their terms, as they were agreed: nothing here is ever escalated.

Source: Data model, "Contract terms".
"""

from typing import Any

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, SmallInteger, String, Table, text

from shared_code.sql.types import Identifier, unicode_text
from shared_code.storage.tables.base import (
    COMPONENT,
    FORECASTING,
    HOURLY_RATE,
    JOB_CODE,
    MAIN_ACCOUNT,
    MONEY,
    PERIOD,
    RATIO,
    SITE_ID,
    flag,
    metadata,
    one_of,
    optional,
    period_checks,
    required,
    standard_columns,
)
from shared_code.storage.tables.limits import between, not_negative

PERCENT = RATIO
"""Percent points: 15.000000 is 15 %."""

contracts = Table(
    "contracts",
    metadata,
    required("contract_id", Identifier(), primary_key=True),
    required("site_id", SITE_ID, ForeignKey("forecasting.sites.site_id")),
    required("contract_start", Date()),
    optional("contract_end", Date()),
    optional("increment_month", SmallInteger()),
    optional("increment_percent", PERCENT),
    flag("is_active", 1),
    *standard_columns(),
    CheckConstraint("contract_end >= contract_start", name="contract_end"),
    CheckConstraint("increment_month BETWEEN 1 AND 12", name="increment_month"),
    schema=FORECASTING,
)
_IS_OPEN = text("is_active = 1 AND contract_end IS NULL")
Index("ux_contracts_open", contracts.c.site_id, unique=True, sqlite_where=_IS_OPEN, mssql_where=_IS_OPEN)
Index("ix_contracts_site", contracts.c.site_id, contracts.c.contract_start)


def _contract_key() -> Column[Any]:
    """The contract, as the key of what it has at most one of."""
    return required("contract_id", Identifier(), ForeignKey(contracts.c.contract_id), primary_key=True)


def _of_contract() -> Column[Any]:
    """The contract that a row belongs to, of which it may have several."""
    return required("contract_id", Identifier(), ForeignKey(contracts.c.contract_id))


contract_types = Table(
    "contract_types",
    metadata,
    _contract_key(),
    required("contract_type", String(30), primary_key=True),
    one_of(
        "contract_type",
        "fixed_fee",
        "per_occupied_room",
        "per_labor_hour",
        "revenue_share",
        "billable_accounts",
        "management_agreement",
        "invoice_grouping",
        "bell_service",
        "mid_month_advance",
        "deposited_revenue",
    ),
    schema=FORECASTING,
)

contract_fees = Table(
    "contract_fees",
    metadata,
    required("fee_id", Identifier(), primary_key=True),
    _of_contract(),
    required("name", unicode_text(200)),
    required("fee", MONEY),
    required("start_date", Date()),
    optional("end_date", Date()),
    *standard_columns(),
    schema=FORECASTING,
)

contract_labor_jobs = Table(
    "contract_labor_jobs",
    metadata,
    required("labor_job_id", Identifier(), primary_key=True),
    _of_contract(),
    required("term", String(10)),
    required("job_code_id", JOB_CODE),
    required("rate", HOURLY_RATE),
    optional("overtime_rate", HOURLY_RATE),
    optional("escalator_value", COMPONENT),
    optional("overtime_escalator_value", COMPONENT),
    required("start_date", Date()),
    optional("end_date", Date()),
    *standard_columns(),
    one_of("term", "labor_hour", "management"),
    CheckConstraint("rate > 0", name="rate"),
    schema=FORECASTING,
)

contract_room_terms = Table(
    "contract_room_terms",
    metadata,
    _contract_key(),
    required("occupied_room_rate", COMPONENT),
    *standard_columns(),
    *not_negative("occupied_room_rate"),
    schema=FORECASTING,
)

contract_shares = Table(
    "contract_shares",
    metadata,
    required("share_id", Identifier(), primary_key=True),
    _of_contract(),
    required("kind", String(15)),
    required("accumulation", String(20)),
    *standard_columns(),
    one_of("kind", "revenue_share", "profit_share"),
    one_of("accumulation", "monthly", "annual_calendar", "annual_anniversary"),
    schema=FORECASTING,
)

contract_share_categories = Table(
    "contract_share_categories",
    metadata,
    required("share_id", Identifier(), ForeignKey(contract_shares.c.share_id), primary_key=True),
    required("category", String(20), primary_key=True),
    schema=FORECASTING,
)

contract_share_tiers = Table(
    "contract_share_tiers",
    metadata,
    required("share_id", Identifier(), ForeignKey(contract_shares.c.share_id), primary_key=True),
    required("tier_no", Integer(), primary_key=True, autoincrement=False),
    required("upper_limit", MONEY),
    required("share_percent", PERCENT),
    optional("effective_from", Date()),
    optional("effective_to", Date()),
    *not_negative("upper_limit"),
    *between("share_percent", PERCENT, 0, 100),
    schema=FORECASTING,
)

contract_billable_terms = Table(
    "contract_billable_terms",
    metadata,
    _contract_key(),
    flag("pteb_enabled"),
    optional("pteb_type", String(10)),
    optional("pteb_percent", PERCENT),
    optional("pteb_start", Date()),
    flag("support_enabled"),
    optional("support_type", String(10)),
    optional("support_payroll_type", String(10)),
    optional("support_value", COMPONENT),
    *standard_columns(),
    one_of("pteb_type", "percentage", "actual"),
    one_of("support_type", "fixed", "percentage"),
    one_of("support_payroll_type", "billable", "total"),
    schema=FORECASTING,
)

contract_billable_accounts = Table(
    "contract_billable_accounts",
    metadata,
    _contract_key(),
    required("main_account", MAIN_ACCOUNT, ForeignKey("forecasting.accounts.main_account"), primary_key=True),
    flag("is_enabled"),
    schema=FORECASTING,
)

contract_additional_payroll = Table(
    "contract_additional_payroll",
    metadata,
    required("item_id", Identifier(), primary_key=True),
    _of_contract(),
    required("name", unicode_text(200)),
    required("amount", MONEY),
    flag("is_excluded"),
    *standard_columns(),
    schema=FORECASTING,
)

contract_management = Table(
    "contract_management",
    metadata,
    _contract_key(),
    required("fee_type", String(20)),
    optional("fee_amount", MONEY),
    optional("fee_percent", PERCENT),
    optional("fee_start", Date()),
    flag("insurance_enabled"),
    optional("insurance_type", String(30)),
    optional("insurance_additional_percent", PERCENT),
    optional("insurance_amount", MONEY),
    flag("claims_enabled"),
    optional("claims_type", String(20)),
    optional("claims_cap", MONEY),
    flag("profit_share_enabled"),
    optional("profit_share_start", Date()),
    *standard_columns(),
    one_of("fee_type", "fixed", "per_labor_hour", "revenue_percentage"),
    one_of("insurance_type", "based_on_billable_accounts", "fixed"),
    one_of("claims_type", "per_claim", "annual_calendar", "annual_anniversary"),
    schema=FORECASTING,
)

contract_escalators = Table(
    "contract_escalators",
    metadata,
    _contract_key(),
    required("component", String(20), primary_key=True),
    required("month", SmallInteger()),
    required("type", String(15)),
    required("value", COMPONENT),
    *standard_columns(),
    one_of("component", "management_fee", "pteb", "profit_share"),
    CheckConstraint("month BETWEEN 1 AND 12", name="month"),
    one_of("type", "percentage", "fixed_amount"),
    schema=FORECASTING,
)

contract_non_gl_items = Table(
    "contract_non_gl_items",
    metadata,
    required("item_id", Identifier(), primary_key=True),
    _of_contract(),
    required("title", unicode_text(200)),
    required("type", String(20)),
    optional("payroll_type", String(10)),
    required("value", COMPONENT),
    optional("final_month", PERIOD),
    *standard_columns(),
    one_of("type", "fixed", "payroll_percentage", "revenue_percentage"),
    one_of("payroll_type", "billable", "total"),
    *period_checks("final_month"),
    schema=FORECASTING,
)

for _terms in (
    contract_fees,
    contract_labor_jobs,
    contract_shares,
    contract_additional_payroll,
    contract_non_gl_items,
):
    Index(f"ix_{_terms.name}", _terms.c.contract_id)
