"""An operational database that holds a scenario: contracts, facts, saved values, job codes and rates."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared_code.domain.contract import ContractType
from shared_code.domain.labor_hours import LaborDay
from shared_code.domain.ledger import Balance
from shared_code.domain.pnl_lines import CLAIMS_ACCOUNTS, INSURANCE_ACCOUNTS
from shared_code.domain.rates_in_force import RateRow
from shared_code.domain.site_month import carry, compute_month
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year_inputs import MonthInputs, SavedMonth, SiteYearInputs
from shared_code.domain.statistics import StatisticsDay
from shared_code.domain.trend_figures import TrendFigures
from shared_code.sql.types import new_identifier
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
from shared_code.storage.tables.forecasts import (
    external_revenue_inputs,
    internal_revenue_adjustments,
    other_expenses,
    other_revenues,
    parking_rates,
    payroll_forecast_days,
    payroll_forecasts,
    site_statistic_days,
    site_statistics,
)
from shared_code.storage.tables.job_codes import job_codes, site_job_code_rates, site_job_codes
from shared_code.storage.tables.organisation import sites
from tests.golden.scenario import Scenario
from tests.support.pnl_world import PnlWorld

Rows = Iterable[dict[str, Any]]


class ScenarioWorld(PnlWorld):
    """The database of a scenario in `folder`; its clock shows noon of the business date in New York."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        moment = datetime.combine(scenario.business_date, time(16), UTC)
        rates = scenario.insurance_rates
        super().__init__(
            folder,
            moment,
            insurance_rate_management=rates.management_agreement,
            insurance_rate_other=rates.other,
        )
        self._scenario = scenario
        self._know_accounts()
        regions = {district: region for region, codes in scenario.regions.items() for district in codes}
        self.add_districts(**regions)
        for site_id, inputs in scenario.sites.items():
            self._insert(
                sites,
                [{"site_id": site_id, "name": site_id, "is_active": True, "total_rooms": inputs.terms.available_rooms}],
                std=True,
            )
        for district, site_ids in scenario.districts.items():
            for site_id in site_ids:
                self.belongs(site_id, district, regions[district])
        self._keep_job_codes()
        for inputs in scenario.sites.values():
            self._keep(inputs)

    def _know_accounts(self) -> None:
        numbers = set(self._scenario.chart)
        for inputs in self._scenario.sites.values():
            for month in inputs.months:
                numbers |= {entry.account for entry in (*(month.budget or ()), *(month.posted or ()))}
                numbers |= set(month.saved.other_expenses)
                if month.contract is not None:
                    numbers |= month.contract.billable.enabled_accounts
        self.forget(accounts)
        self._insert(
            accounts,
            [
                {"main_account": number, "name": f"Account {number}", "pnl_line": self._scenario.line_of(number)}
                for number in sorted(numbers)
            ],
            std=True,
        )

    def _keep_job_codes(self) -> None:
        codes = {code.job_code: code for inputs in self._scenario.sites.values() for code in inputs.terms.job_codes}
        self._insert(
            job_codes,
            [
                {
                    "job_code_id": code,
                    "title": code,
                    "is_active": True,
                    "is_productive": True,
                    "default_hourly_rate": known.default_rate,
                    "first_seen_at": self.clock.now(),
                }
                for code, known in codes.items()
            ],
            std=True,
            run=False,
        )

    def _keep(self, inputs: SiteYearInputs) -> None:
        """Everything of one site."""
        site = {"site_id": inputs.site_id}
        self._keep_contract(inputs)
        for code in inputs.terms.job_codes:
            row = site | {"job_code_id": code.job_code, "is_active": True, "is_salaried": code.salaried}
            row |= {"allocated_annual_salary": code.allocated_salary}
            self._insert(
                site_job_codes, [row | {"active_employee_count": int(code.active_employees)}], std=True, run=False
            )
            self._insert(
                site_job_code_rates,
                [_rate(inputs.site_id, code.job_code, rate) for rate in code.rates],
                std=True,
                run=False,
            )
        for month in inputs.months:
            self._keep_month(inputs.site_id, month)
        for earlier in _history(inputs):
            self._keep_balances(inputs.site_id, earlier)
        self._keep_days(inputs)

    def _keep_contract(self, inputs: SiteYearInputs) -> None:
        contract = inputs.months[0].contract
        if contract is not None:
            stored = StoredContract(new_identifier(), inputs.site_id, contract)
            with self.runtime.database.writing_lightly() as connection:
                add_contracts(connection, SiteScope.all_sites(), [stored], "test", self.clock.now())

    def _keep_month(self, site_id: str, month: MonthInputs) -> None:
        self._keep_balances(site_id, month)
        key = {"site_id": site_id, "period": month.period}
        hours = [
            key | {"job_code_id": code, "hours": amount, "dollars": Decimal(0)}
            for code, amount in month.budget_hours.items()
        ]
        self._insert(budget_payroll_job_months, hours)
        self._keep_saved(key, month.saved)

    def _keep_balances(self, site_id: str, month: MonthInputs) -> None:
        key = {"site_id": site_id, "period": month.period}
        self._insert(budget_account_months, [key | _balance(entry) for entry in month.budget or ()])
        self._insert(actual_account_months, [key | _balance(entry) | {"entity": "01"} for entry in month.posted or ()])

    def _keep_saved(self, key: dict[str, str], saved: SavedMonth) -> None:
        """What users have saved for a month."""
        self._keep_statistics(key, saved.statistics)
        if saved.hours:
            self._insert(payroll_forecasts, [key | {"level": "job_code"}], std=True, run=False)
            self._insert(payroll_forecast_days, [key | _labor_day(day) for day in saved.hours], run=False)
        tables: dict[Any, Rows] = {
            parking_rates: [{"category": name.value, "rate": rate} for name, rate in saved.rates.items()],
            other_expenses: [{"main_account": code, "amount": amount} for code, amount in saved.other_expenses.items()],
            other_revenues: [
                {"item": name, "amount": getattr(saved.other_revenue, name)}
                for name in saved.other_revenue.__dataclass_fields__
                if getattr(saved.other_revenue, name) is not None
            ],
            internal_revenue_adjustments: [
                {"category": entry.category, "amount": entry.amount, "reason": entry.reason}
                for entry in saved.adjustments
            ],
        }
        if saved.adjustment_percent is not None or saved.override is not None:
            override = saved.override
            tables[external_revenue_inputs] = [
                {
                    "adjustment_percent": saved.adjustment_percent,
                    "override_amount": override and override.amount,
                    "override_reason": override and override.reason,
                }
            ]
        for table, rows in tables.items():
            self._insert(table, [key | row for row in rows], std=True, run=False)

    def _keep_statistics(self, key: dict[str, str], days: Sequence[StatisticsDay]) -> None:
        if not days:
            return
        head = key | {"last_updated": self.clock.now(), "is_active": True}
        self._insert(site_statistics, [head], std=True, run=False)
        number = max(row[0] for row in self.rows(site_statistics, "site_statistics_id"))
        fields = [name for name in StatisticsDay.__dataclass_fields__ if name != "day"]
        rows = [
            {"site_statistics_id": number, "stat_date": day.day} | {name: getattr(day, name) for name in fields}
            for day in days
        ]
        self._insert(site_statistic_days, rows, run=False)

    def _keep_days(self, inputs: SiteYearInputs) -> None:
        recorded = inputs.recorded
        days = sorted({*recorded.external_revenue, *recorded.occupied_rooms})
        self._insert(
            actual_statistic_days,
            [
                {
                    "site_id": inputs.site_id,
                    "stat_date": day,
                    "total_net_revenue": recorded.external_revenue.get(day),
                    "occupied_rooms": recorded.occupied_rooms.get(day),
                }
                for day in days
            ],
        )
        self._insert(
            actual_payroll_days,
            [
                {
                    "site_id": inputs.site_id,
                    "work_date": labor.day,
                    "job_code_id": labor.job_code,
                    "hours_all": labor.regular_hours + labor.overtime_hours,
                    "hours_ex_premium": labor.regular_hours + labor.overtime_hours,
                    "overtime_hours": labor.overtime_hours,
                    "dollars_all": labor.dollars,
                    "dollars_ex_premium": labor.dollars,
                    "row_count": 1,
                }
                for labor in recorded.labor
            ],
        )


def _history(inputs: SiteYearInputs) -> Iterator[MonthInputs]:
    """Posted months before the year that give the figures the scenario states of them.

    The profit of a month is what external revenue, claims and a posted expense that is billed leave of it.
    """
    trend = TrendFigures()
    contract = inputs.months[0].contract
    for period, figures in sorted(inputs.carried.items()):
        posted = [Balance("9410", "external_revenue", figures.external_revenue)]
        enabled = sorted(contract.billable.enabled_accounts) if contract is not None else []
        claims = [account for account in enabled if account in CLAIMS_ACCOUNTS]
        posted += [Balance(account, "claims", figures.claims) for account in claims[:1]]
        month = MonthInputs(period, (), posted, contract=contract)
        if contract is not None and contract.pays_for(ContractType.MANAGEMENT_AGREEMENT):
            profit = compute_month(month, inputs, trend).profit or Decimal(0)
            outside = CLAIMS_ACCOUNTS | INSURANCE_ACCOUNTS
            expense = next(account for account in enabled if account[0] == "7" and account not in outside)
            posted.append(Balance(expense, "other_expense", profit - figures.profit))
            month = MonthInputs(period, (), posted, contract=contract)
        carry(compute_month(month, inputs, trend), trend)
        yield month


def _balance(entry: Balance) -> dict[str, Any]:
    sign = -1 if entry.line == "internal_revenue" else 1
    return {"main_account": entry.account, "balance": entry.balance, "amount": entry.balance * sign}


def _labor_day(day: LaborDay) -> dict[str, Any]:
    return {
        "work_date": day.day,
        "job_code_id": day.job_code,
        "regular_hours": day.regular_hours,
        "overtime_hours": day.overtime_hours,
    }


def _rate(site_id: str, job_code: str, rate: RateRow) -> dict[str, Any]:
    return {
        "site_id": site_id,
        "job_code_id": job_code,
        "hourly_rate": rate.rate,
        "effective_date": rate.effective_date,
        "end_date": rate.end_date,
        "calculation_method": rate.method.value,
        "as_of_date": rate.effective_date,
    }
