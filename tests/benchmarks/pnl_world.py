"""An operational database with as many sites as wanted: budgets, a ledger, contracts, job codes and daily actuals.

Each site has a budget of 30 accounts, six closed months, a running month, four job codes and a contract; every tenth
has saved values for three months. Contracts of four kinds take turns.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import Table

from shared_code.clock import FixedClock
from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import (
    BillableTerms,
    ClaimsTerm,
    ClaimsType,
    Contract,
    ContractType,
    FeeRow,
    FeeType,
    InsuranceTerm,
    InsuranceType,
    LaborJob,
    ManagementFeeTerm,
    ManagementTerms,
    ProfitShareTerm,
    PtebTerm,
    PtebType,
    RevenueShareStructure,
    SupportTerm,
    SupportType,
)
from shared_code.domain.escalation import Increment
from shared_code.domain.months import months_of_year
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.tiers import Tier
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.sql.bulk import insert_rows
from shared_code.sql.types import new_identifier
from shared_code.storage import schema, stamps
from shared_code.storage.contract_writing import add_contracts
from shared_code.storage.contracts import StoredContract
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.facts import (
    actual_account_months,
    actual_payroll_days,
    actual_statistic_days,
    budget_account_months,
    budget_payroll_job_months,
)
from shared_code.storage.tables.forecasts import other_expenses, parking_rates, payroll_forecast_days, payroll_forecasts
from shared_code.storage.tables.job_codes import job_codes, site_job_code_rates, site_job_codes
from shared_code.storage.tables.organisation import sites

YEAR = 2025
MOMENT = datetime(YEAR, 7, 16, 16, tzinfo=UTC)
CODES = ("GSA", "VAL", "CASH", "MGR")

BALANCES = {
    "4790": ("internal_revenue", "-110500"),
    "6000": ("payroll", "61800.25"),
    "6010": ("payroll", "2400"),
    "6200": ("pteb", "9600"),
    "6500": ("pteb", "1912.50"),
    "7030": ("other_expense", "260"),
    "7045": ("other_expense", "420"),
    "7113": ("other_expense", "780"),
    "7115": ("other_expense", "640"),
    "7175": ("other_expense", "1350"),
    "7185": ("other_expense", "310"),
    "7080": ("insurance", "3050"),
    "7082": ("insurance", "890"),
    "7101": ("claims", "40"),
    "7170": ("parking_rents", "1500"),
    "9410": ("external_revenue", "231000"),
    "9411": ("statistic", "17360"),
    "9412": ("statistic", "117800"),
    "9413": ("statistic", "11200"),
    "9414": ("statistic", "13950"),
    "9415": ("statistic", "44330"),
    "9440": ("occupied_rooms", "6700"),
    "9510": ("statistic", "620"),
    "9520": ("statistic", "3100"),
    "9530": ("statistic", "40"),
    "9540": ("statistic", "31"),
    "9550": ("statistic", "930"),
    "9560": ("statistic", "2015"),
}
"""P&L line and balance of every account."""

_START = date(2023, 4, 1)
_TIERS = (Tier(Decimal(250_000), Decimal(10)), Tier(Decimal(500_000), Decimal(15)), Tier(Decimal(0), Decimal(20)))
_BILLABLE = BillableTerms(
    frozenset({"6000", "7045", "7080", "7113", "7175", "7101"}),
    (),
    PtebTerm(True, PtebType.PERCENTAGE, Decimal("22.5")),
    SupportTerm(True, SupportType.FIXED, Decimal(1450)),
)
_MANAGEMENT = ManagementTerms(
    ManagementFeeTerm(FeeType.FIXED, Decimal(9500)),
    InsuranceTerm(True, InsuranceType.BASED_ON_BILLABLE_ACCOUNTS, Decimal("2.5")),
    ClaimsTerm(True, ClaimsType.ANNUAL_CALENDAR, Decimal(25_000)),
    (),
    ProfitShareTerm(True, Accumulation.ANNUAL_CALENDAR, _TIERS),
)
CONTRACTS = (
    Contract(
        frozenset({ContractType.FIXED_FEE, ContractType.PER_OCCUPIED_ROOM}),
        _START,
        Increment(4, Decimal("3.5")),
        (FeeRow(Decimal(5200), _START),),
        Decimal("1.95"),
    ),
    Contract(
        frozenset({ContractType.PER_LABOR_HOUR, ContractType.REVENUE_SHARE}),
        _START,
        Increment(4, Decimal("3.5")),
        labor_jobs=tuple(LaborJob(code, Decimal("24.50"), None, _START) for code in CODES[:3]),
        revenue_shares=(RevenueShareStructure(Accumulation.ANNUAL_CALENDAR, _TIERS),),
    ),
    Contract(frozenset({ContractType.BILLABLE_ACCOUNTS}), _START, billable=_BILLABLE),
    Contract(frozenset({ContractType.MANAGEMENT_AGREEMENT}), _START, billable=_BILLABLE, management=_MANAGEMENT),
)


@contextmanager
def pnl_world(count: int) -> Iterator[Runtime]:
    """A runtime over a database of `count` sites without any stored P&L; removed afterwards."""
    folder = Path(mkdtemp(prefix="townepark-bench-"))
    runtime = Runtime(Settings(db_primary_connection=f"sqlite:///{folder / 'forecasting.db'}"), FixedClock(MOMENT))
    try:
        schema.upgrade(runtime.database.engine)
        _fill(runtime, site_codes(count))
        yield runtime
    finally:
        runtime.close()
        shutil.rmtree(folder, ignore_errors=True)


def site_codes(count: int) -> list[str]:
    """The codes of the sites."""
    return [f"S{number:04d}" for number in range(count)]


def _fill(runtime: Runtime, codes: list[str]) -> None:
    run = {"sync_run_id": new_identifier(), "loaded_at": MOMENT}
    standard = stamps.inserted("benchmark", MOMENT)
    months = months_of_year(YEAR)
    with runtime.database.writing() as connection:

        def put(table: Table, rows: list[dict[str, Any]], stamp: dict[str, Any]) -> None:
            insert_rows(connection, table, [*rows[0], *stamp], [(*row.values(), *stamp.values()) for row in rows])

        put(
            accounts,
            [{"main_account": account, "name": account, "pnl_line": line} for account, (line, _) in BALANCES.items()],
            standard | run,
        )
        put(
            sites,
            [{"site_id": code, "name": code, "is_active": True, "total_rooms": 320} for code in codes],
            standard | run,
        )
        code = {"is_active": True, "is_productive": True, "first_seen_at": MOMENT}
        put(job_codes, [{"job_code_id": name, "title": name} | code for name in CODES], standard)
        for start in range(0, len(codes), 200):
            portion = codes[start : start + 200]
            put(budget_account_months, _balances(portion, months), run)
            put(actual_account_months, [row | {"entity": "01"} for row in _balances(portion, months[:7])], run)
            put(site_job_codes, _site_job_codes(portion), standard)
            put(site_job_code_rates, _rates(portion), standard)
            put(budget_payroll_job_months, _budget_hours(portion, months), run)
            put(actual_statistic_days, _statistic_days(portion), run)
            put(actual_payroll_days, _payroll_days(portion), run)
        saved = codes[::10]
        put(parking_rates, _saved(saved, {"category": "valet_overnight", "rate": Decimal(40)}), standard)
        put(other_expenses, _saved(saved, {"main_account": "7113", "amount": Decimal(900)}), standard)
        put(payroll_forecasts, _saved(saved, {"level": "job_code"}), standard)
        put(payroll_forecast_days, _saved_hours(saved), {})
        stored = [StoredContract(new_identifier(), code, CONTRACTS[n % 4]) for n, code in enumerate(codes)]
        add_contracts(connection, SiteScope.all_sites(), stored, "benchmark", MOMENT)


def _balances(codes: list[str], months: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "site_id": code,
            "period": month,
            "main_account": account,
            "balance": Decimal(balance),
            "amount": Decimal(balance) * (-1 if line == "internal_revenue" else 1),
        }
        for code in codes
        for month in months
        for account, (line, balance) in BALANCES.items()
    ]


def _site_job_codes(codes: list[str]) -> list[dict[str, Any]]:
    salary = {"MGR": Decimal(78_000)}
    return [
        {
            "site_id": code,
            "job_code_id": name,
            "is_active": True,
            "is_salaried": name in salary,
            "allocated_annual_salary": salary.get(name),
            "active_employee_count": 4,
        }
        for code in codes
        for name in CODES
    ]


def _rates(codes: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "site_id": code,
            "job_code_id": name,
            "hourly_rate": Decimal("16.75"),
            "effective_date": date(YEAR, month, 1),
            "end_date": date(YEAR, month + 2, 28) if month == 1 else None,
            "calculation_method": "weighted_average",
            "as_of_date": date(YEAR, month, 1),
        }
        for code in codes
        for name in CODES[:3]
        for month in (1, 4)
    ]


def _budget_hours(codes: list[str], months: list[str]) -> list[dict[str, Any]]:
    return [
        {"site_id": code, "period": month, "job_code_id": name, "hours": Decimal(620), "dollars": Decimal(10_000)}
        for code in codes
        for month in months
        for name in CODES
    ]


def _statistic_days(codes: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "site_id": code,
            "stat_date": date(YEAR, 7, day),
            "total_net_revenue": Decimal("7450.25"),
            "occupied_rooms": Decimal(231),
        }
        for code in codes
        for day in range(1, 16)
    ]


def _payroll_days(codes: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "site_id": code,
            "work_date": date(YEAR, 7, day),
            "job_code_id": name,
            "hours_all": Decimal(20),
            "hours_ex_premium": Decimal(20),
            "overtime_hours": Decimal(1),
            "dollars_all": Decimal(340),
            "dollars_ex_premium": Decimal(340),
            "row_count": 3,
        }
        for code in codes
        for day in range(1, 16)
        for name in CODES
    ]


def _saved(codes: list[str], values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"site_id": code, "period": f"{YEAR}-{month:02d}"} | values for code in codes for month in (7, 8, 9)]


def _saved_hours(codes: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "site_id": code,
            "period": f"{YEAR}-{month:02d}",
            "work_date": date(YEAR, month, day),
            "job_code_id": name,
            "regular_hours": Decimal(34),
        }
        for code in codes
        for month in (7, 8, 9)
        for day in range(1, 31)
        for name in CODES[:3]
    ]
