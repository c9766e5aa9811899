"""Cases of the expense rows."""

from decimal import Decimal
from typing import Any

from shared_code.domain.expense_rows import (
    DEFAULT_INSURANCE_RATES,
    FORECAST_CLAIMS,
    InsuranceRates,
    forecast_insurance,
    forecast_other_expense,
    forecast_parking_rents,
    forecast_pteb,
    sum_of_accounts,
)
from shared_code.domain.pnl_lines import PARKING_RENTS_ACCOUNT
from tests.golden.case_values import Given, read_amount, read_decimals


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The five rows other than payroll."""
    payroll = read_amount(given, "payroll")
    saved = read_decimals(given.get("saved_accounts"))
    return {
        "pteb": forecast_pteb(payroll, read_amount(given, "budget_pteb"), read_amount(given, "budget_payroll")),
        "insurance": forecast_insurance(payroll, read_insurance_rate(given), read_amount(given, "budget_7082")),
        "claims": FORECAST_CLAIMS,
        "parking_rents": forecast_parking_rents(
            saved.get(PARKING_RENTS_ACCOUNT), read_amount(given, "budget_parking_rents")
        ),
        "other_expense": sum_of_accounts(forecast_other_expense(saved, read_decimals(given.get("budget_accounts")))),
    }


def read_insurance_rate(given: Given) -> Decimal:
    """The insurance rate of a case in percent points: that of its contract types, delivered or given."""
    rates = read_decimals(given.get("insurance_rates"))
    default = DEFAULT_INSURANCE_RATES
    return InsuranceRates(
        rates.get("management_agreement", default.management_agreement), rates.get("other", default.other)
    ).for_contract(given.get("contract_types") or ())
