"""Reading a scenario: the inputs of its sites, and where they belong."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from shared_code.domain.actual_payroll import RecordedLabor
from shared_code.domain.contract import Contract
from shared_code.domain.expense_rows import DEFAULT_INSURANCE_RATES, InsuranceRates
from shared_code.domain.external_revenue import Override
from shared_code.domain.internal_revenue import Adjustment
from shared_code.domain.labor_hours import LaborDay
from shared_code.domain.ledger import Balance
from shared_code.domain.months import MonthKind, month_kind, months_of_year, period_of
from shared_code.domain.other_revenue import OtherRevenueItems
from shared_code.domain.parking_rates import REVENUE_ACCOUNTS
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.pnl_lines import line_of_account
from shared_code.domain.rates_in_force import RateMethod, RateRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_year_inputs import (
    CarriedMonth,
    MonthInputs,
    RecordedDays,
    SavedMonth,
    SiteTerms,
    SiteYearInputs,
)
from shared_code.domain.statistics import VEHICLE_ACCOUNTS, Category, StatisticsDay
from tests.golden.case_contract import read_contract
from tests.golden.case_values import Given, expand_days, read_as, read_decimals, read_number, read_rows


@dataclass(frozen=True, slots=True)
class Scenario:
    """Several sites over one calendar year, and what has to come out."""

    file: Path
    business_date: date
    year: int
    chart: Mapping[str, str]
    regions: Mapping[str, Sequence[str]]
    districts: Mapping[str, Sequence[str]]
    insurance_rates: InsuranceRates
    sites: Mapping[str, SiteYearInputs]
    expect: Given

    def line_of(self, account: str) -> str:
        """The P&L line of an account."""
        return line_of_account(account, self.chart.get(account)).line


def load_scenario(file: Path) -> Scenario:
    """The scenario of a file."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    given = document["given"]
    scenario = Scenario(
        file,
        date.fromisoformat(given["business_date"]),
        int(given["year"]),
        given["chart_of_accounts"],
        given["organization"]["regions"],
        given["organization"]["districts"],
        _insurance_rates(given),
        {},
        document["expect"],
    )
    sites = {site["site"]: _site(site, scenario) for site in given["sites"]}
    return replace(scenario, sites=sites)


def _insurance_rates(given: Given) -> InsuranceRates:
    rates = (given.get("settings") or {}).get("insurance_rates")
    if rates is None:
        return DEFAULT_INSURANCE_RATES
    return InsuranceRates(Decimal(rates["management_agreement"]), Decimal(rates["other"]))


def _site(given: Given, scenario: Scenario) -> SiteYearInputs:
    months = months_of_year(scenario.year)
    contract = _contract(given.get("contract"))
    budget = _balances(_with_adjustment(given, months), months, scenario)
    closed = [month for month in months if month_kind(month, scenario.business_date) is MonthKind.ACTUAL]
    posted = _balances(_by_month(given.get("actual_accounts") or {}, closed), closed, scenario)
    to_date = (given.get("current_month") or {}).get("accounts_to_date") or {}
    current = period_of(scenario.business_date)
    posted |= _balances({current: read_decimals(to_date)}, [current], scenario)
    hours = _by_month(given.get("budget_job_hours") or {}, months)
    saved = _saved(given)
    return SiteYearInputs(
        given["site"],
        scenario.year,
        scenario.business_date,
        [
            MonthInputs(
                month, budget[month], posted.get(month, ()), saved.get(month, SavedMonth()), hours[month], contract
            )
            for month in months
        ],
        _recorded(given.get("current_month") or {}),
        SiteTerms(
            tuple(_job_code(code) for code in read_rows(given, "job_codes")),
            int(given.get("available_rooms") or 0),
            scenario.insurance_rates,
        ),
        carried={
            month: CarriedMonth(*(Decimal(row.get(name) or 0) for name in ("external_revenue", "claims", "profit")))
            for month, row in (given.get("history") or {}).items()
        },
    )


def _contract(given: Given | None) -> Contract | None:
    """The contract, whose terms have names of their own in a scenario."""
    if given is None:
        return None
    billable = given.get("billable_accounts") or {}
    terms = {
        **given,
        "contract_start": given["start_date"],
        "fees": given.get("fixed_fees"),
        "jobs": given.get("labor_jobs"),
        "structures": given.get("revenue_share_structures"),
        "accounts": [{"account": account, "enabled": True} for account in billable.get("enabled_accounts") or ()],
        "additional_payroll": billable.get("additional_payroll"),
        "pteb": billable.get("pteb"),
        "support": billable.get("support"),
    }
    return read_contract(terms, given["types"])


def _by_month(accounts: Given, months: Sequence[str]) -> dict[str, dict[str, Decimal]]:
    """Figures by month from one value for every month or one a month."""
    found: dict[str, dict[str, Decimal]] = {month: {} for month in months}
    for name, values in accounts.items():
        series = values if isinstance(values, list) else [values] * len(months)
        for month, value in zip(months, series, strict=True):
            if value is not None:
                found[month][name] = Decimal(value)
    return found


def _with_adjustment(given: Given, months: Sequence[str]) -> dict[str, dict[str, Decimal]]:
    """The budget with the adjustment that it states.

    The budget of the source has no adjustment of its own: it is what external revenue differs by from the sum of the
    categories. A category without vehicles has no rate, so what it holds moves nothing but that sum.
    """
    budget = _by_month(given.get("budget_accounts") or {}, months)
    adjustments = _by_month({"percent": given.get("budget_adjustment_percent") or "0"}, months)
    for month, accounts in budget.items():
        gross = sum((accounts.get(account, ZERO) for account in REVENUE_ACCOUNTS.values()), ZERO)
        wanted = accounts.get("9410", ZERO) / (1 + adjustments[month]["percent"])
        unused = [
            account
            for category, account in REVENUE_ACCOUNTS.items()
            if account not in accounts and VEHICLE_ACCOUNTS[category] not in accounts
        ]
        if wanted != gross:
            accounts[unused[0]] = (wanted - gross).quantize(Decimal("0.00001"))
    return budget


def _balances(
    accounts: Mapping[str, Mapping[str, Decimal]], months: Sequence[str], scenario: Scenario
) -> dict[str, list[Balance]]:
    return {
        month: [Balance(account, scenario.line_of(account), amount) for account, amount in accounts[month].items()]
        for month in months
    }


def _saved(given: Given) -> dict[str, SavedMonth]:
    """What is saved, by month."""
    fields: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in expand_days(read_rows(given, "saved_statistics")):
        values = {name: Decimal(value) for name, value in row.items() if name != "day" and value is not None}
        fields[period_of(row["day"])].setdefault("statistics", []).append(StatisticsDay(row["day"], **values))
    for row in expand_days(read_rows(given, "saved_hours"), "job_code"):
        day = LaborDay(
            row["job_code"], row["day"], read_number(row, "regular_hours"), read_number(row, "overtime_hours")
        )
        fields[period_of(row["day"])].setdefault("hours", []).append(day)
    for month, rates in (given.get("saved_rates") or {}).items():
        fields[month]["rates"] = {Category(name): rate for name, rate in read_decimals(rates).items()}
    for month, percent in (given.get("saved_adjustment_percent") or {}).items():
        fields[month]["adjustment_percent"] = Decimal(percent)
    for month, override in (given.get("overrides") or {}).items():
        fields[month]["override"] = Override(Decimal(override["amount"]), override["reason"])
    for month, amounts in (given.get("saved_other_expense") or {}).items():
        fields[month]["other_expenses"] = read_decimals(amounts)
    for month, items in (given.get("other_revenue") or {}).items():
        fields[month]["other_revenue"] = OtherRevenueItems(**read_decimals(items))
    for month, rows in (given.get("adjustments") or {}).items():
        fields[month]["adjustments"] = [Adjustment(Decimal(row["amount"]), row["reason"]) for row in rows]
    return {month: SavedMonth(**values) for month, values in fields.items()}


def _recorded(given: Given) -> RecordedDays:
    """The daily actuals of the running month."""
    labor = [
        RecordedLabor(
            row["job_code"],
            row["day"],
            *(Decimal(row.get(name) or 0) for name in ("regular_hours", "overtime_hours", "dollars")),
        )
        for row in expand_days(read_rows(given, "labor_days"), "job_code")
    ]
    return RecordedDays(_amounts(given, "external_revenue_days"), _amounts(given, "occupied_room_days"), labor)


def _amounts(given: Given, name: str) -> dict[date, Decimal]:
    return {row["day"]: Decimal(row["amount"]) for row in expand_days(read_rows(given, name))}


def _job_code(given: Given) -> SiteJobCode:
    rate = read_number(given, "hourly_rate")
    rows = () if rate is None else (RateRow(rate, RateMethod.WEIGHTED_AVERAGE, date(2000, 1, 1)),)
    return SiteJobCode(
        given["job_code"],
        bool(given.get("salaried")),
        read_number(given, "allocated_salary"),
        Decimal(given.get("active_employees") or 0),
        rows,
        read_as(Decimal, given, "default_rate"),
    )
