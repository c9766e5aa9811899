"""Budget rows of any source brought to months, US dollars and main accounts.

Source: Source side, "Budget normalisation, in this order".
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from shared_code.domain.months import add_months
from shared_code.domain.pnl_lines import is_count_account
from shared_code.domain.rounding import round_half_up

HOME_CURRENCY = "USD"

_PLACES = 5
_UNIT = Decimal(1).scaleb(-_PLACES)
_MONTH = re.compile(r"([12]\d{3})-?(0[1-9]|1[0-2])", re.ASCII)
_DAY = re.compile(r"[12]\d{3}-\d{2}-\d{2}", re.ASCII)
_FISCAL = re.compile(r"FY([12]\d{3})-P(0[1-9]|1[0-2])", re.ASCII)
_MONTHS_OF_TYPE = {"month": 1, "quarter": 3, "year": 12}


class RejectReason(StrEnum):
    """Why a budget row cannot be used."""

    INVALID_PERIOD = "INVALID_PERIOD"
    INVALID_PERIOD_TYPE = "INVALID_PERIOD_TYPE"
    MISSING_CURRENCY_RATE = "MISSING_CURRENCY_RATE"
    UNMAPPED_ACCOUNT = "UNMAPPED_ACCOUNT"


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A budget row as its source delivers it: `amount` in `currency`, ledger sign; any form of period."""

    account: str
    period: str
    amount: Decimal
    period_type: str = "month"
    currency: str = HOME_CURRENCY


@dataclass(frozen=True, slots=True)
class AccountMapping:
    """The main account that stands for a source account from one month to another (None: open), and its sign."""

    main_account: str
    sign_factor: int
    effective_from: str
    effective_to: str | None = None


@dataclass(frozen=True, slots=True)
class NormalisationTables:
    """What the normalisation looks up.

    `chart` holds the main accounts, `account_mappings` the mappings of other accounts by source account,
    `currency_rates` US dollars per unit by (currency, `YYYY-MM`). `fiscal_year_start_month` is 1 to 12.
    """

    chart: Collection[str]
    account_mappings: Mapping[str, Sequence[AccountMapping]]
    currency_rates: Mapping[tuple[str, str], Decimal]
    fiscal_year_start_month: int = 1


@dataclass(frozen=True, slots=True)
class BudgetAmount:
    """The budget of a main account in one month (`YYYY-MM`): dollars or a count with 5 decimals, ledger sign."""

    main_account: str
    period: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BudgetReject:
    """Finding: a row that cannot be used, by the field that is to blame and its value."""

    reason: RejectReason
    field: str
    value: str


def normalise_budget_row(row: BudgetRow, tables: NormalisationTables) -> tuple[BudgetAmount, ...] | BudgetReject:
    """The months of a budget row, or the reason why it is rejected as a whole.

    Periods are aligned first, then currencies converted, then accounts mapped. Several rows may end in one main
    account and month; adding them is left to the caller.

    Source: Source side, "Budget normalisation, in this order".
    """
    first = align_period(row.period, tables.fiscal_year_start_month)
    if first is None:
        return BudgetReject(RejectReason.INVALID_PERIOD, "period", row.period)
    if row.period_type == "month" and row.currency == HOME_CURRENCY and row.account in tables.chart:
        amount = row.amount if row.amount.same_quantum(_UNIT) else round_half_up(row.amount, _PLACES)
        return (BudgetAmount(row.account, first, amount),)
    period_type = row.period_type.strip().lower()
    if period_type not in _MONTHS_OF_TYPE:
        return BudgetReject(RejectReason.INVALID_PERIOD_TYPE, "period_type", row.period_type)
    amounts = []
    for period, amount in spread_over_months(first, period_type, row.amount, tables.fiscal_year_start_month):
        month = _normalise_month(row, period, amount, tables)
        if isinstance(month, BudgetReject):
            return month
        amounts.append(month)
    return tuple(amounts)


@lru_cache(maxsize=4096)
def align_period(text: str, fiscal_year_start_month: int = 1) -> str | None:
    """A period in any of the accepted forms as `YYYY-MM`; None for anything else.

    Accepted are `yyyyMM`, `yyyy-MM`, `yyyy-MM-dd` and `FYyyyy-Pnn`, the nn-th month of the fiscal year that begins in
    `yyyy`.

    Source: Source side, "Budget normalisation, in this order".
    """
    text = text.strip().upper()
    if month := _MONTH.fullmatch(text):
        return f"{month[1]}-{month[2]}"
    if fiscal := _FISCAL.fullmatch(text):
        return add_months(f"{fiscal[1]}-{fiscal_year_start_month:02d}", int(fiscal[2]) - 1)
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text).isoformat()[:7]
    except ValueError:
        return None


def spread_over_months(
    period: str, period_type: str, amount: Decimal, fiscal_year_start_month: int = 1
) -> list[tuple[str, Decimal]]:
    """`amount` by month, 5 decimals: of the month itself, or evenly over the fiscal quarter or year that contains it.

    The last month takes the rounding difference.

    Source: Source side, "Budget normalisation, in this order".
    """
    months = _MONTHS_OF_TYPE[period_type]
    first = add_months(period, -((int(period[5:7]) - fiscal_year_start_month) % months))
    whole = round_half_up(amount, _PLACES)
    part = round_half_up(whole / months, _PLACES)
    parts = [part] * (months - 1) + [whole - part * (months - 1)]
    return [(add_months(first, offset), value) for offset, value in enumerate(parts)]


def map_account(account: str, period: str, tables: NormalisationTables) -> AccountMapping | None:
    """The main account of a source account in `period`; None without a mapping. The latest mapping in force wins.

    Source: Source side, "Budget normalisation, in this order".
    """
    if account in tables.chart:
        return AccountMapping(account, 1, period)
    in_force = [
        mapping
        for mapping in tables.account_mappings.get(account, ())
        if mapping.effective_from <= period and (mapping.effective_to is None or mapping.effective_to >= period)
    ]
    return max(in_force, key=lambda mapping: mapping.effective_from, default=None)


def _normalise_month(
    row: BudgetRow, period: str, amount: Decimal, tables: NormalisationTables
) -> BudgetAmount | BudgetReject:
    """One month of a row, converted and mapped. Counts of rooms and vehicles have no currency."""
    account = row.account.strip()
    mapping = map_account(account, period, tables)
    counts = is_count_account(account if mapping is None else mapping.main_account)
    currency = row.currency.strip().upper()
    if currency != HOME_CURRENCY and not counts:
        rate = tables.currency_rates.get((currency, period))
        if rate is None:
            return BudgetReject(RejectReason.MISSING_CURRENCY_RATE, "currency", f"{currency} {period}")
        amount = round_half_up(amount * rate, _PLACES)
    if mapping is None:
        return BudgetReject(RejectReason.UNMAPPED_ACCOUNT, "account", row.account)
    return BudgetAmount(mapping.main_account, period, amount * mapping.sign_factor)
