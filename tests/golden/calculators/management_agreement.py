"""Cases of management agreements."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared_code.domain.contract import Contract
from shared_code.domain.contract_drivers import ContractDrivers
from shared_code.domain.expense_rows import DEFAULT_INSURANCE_RATES, forecast_insurance
from shared_code.domain.management_agreement import management_agreement
from shared_code.domain.management_claims import accumulated_claims, bill_claims_by_month
from shared_code.domain.profit_share import accumulated_profit, share_profit_by_month
from shared_code.domain.revenue_share import forecast_month_revenue
from shared_code.domain.rounding import ZERO
from tests.golden.calculators.billable_accounts import describe_components
from tests.golden.case_contract import (
    read_accounts,
    read_claims_term,
    read_contract,
    read_hours,
    read_other_revenue,
    read_profit_share_term,
)
from tests.golden.case_values import Given, read_amount, read_decimals, read_number, read_rows


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """One month of an agreement, or its claims or profit shares over several months."""
    task = given.get("task")
    if task == "claims_series":
        charges = bill_claims_by_month(read_claims_term(given["terms"]), _start(given), _by_month(given, "claims"))
        billed = [charge.total for charge in charges.values()]
        return {"billed": billed, "total": sum(billed, ZERO)}
    if task == "profit_series":
        term = read_profit_share_term({**given, "enabled": True})
        shares = share_profit_by_month(term, _start(given), _by_month(given, "profits"))
        return {
            "shares": [share.total for share in shares.values()],
            "total": sum((share.total for share in shares.values()), ZERO),
        }
    return _answer_month(given)


def read_insurance_row(given: Given, contract: Contract) -> Decimal:
    """The finished insurance row of a case, or the one that follows from its payroll."""
    row = read_number(given, "insurance_row")
    if row is not None:
        return row
    rate = DEFAULT_INSURANCE_RATES.for_contract(contract.contract_types)
    return forecast_insurance(read_amount(given, "payroll"), rate, read_amount(given, "budget_7082"))


def _answer_month(given: Given) -> dict[str, Any]:
    contract, month = read_contract(given), given["month"]
    terms, start = contract.management, contract.contract_start
    drivers = ContractDrivers(
        external_revenue=forecast_month_revenue(read_amount(given, "net_external_revenue")),
        hours=read_hours(given),
        accounts=read_accounts(given),
        site_pteb=read_amount(given, "site_pteb"),
        insurance_row=read_insurance_row(given, contract),
        claims=read_amount(given, "claims_amount"),
        accumulated_claims=accumulated_claims(terms.claims, start, month, read_decimals(given.get("claims_series"))),
        accumulated_profit=accumulated_profit(
            terms.profit_share, start, month, read_decimals(given.get("profit_series"))
        ),
        other_revenue=read_other_revenue(given.get("other_revenue")),
    )
    agreement = management_agreement(contract, month, drivers)
    return {
        "fee": agreement.fee.total,
        **describe_components(agreement.pass_through),
        "insurance": agreement.insurance.total,
        "claims": agreement.claims.total,
        "non_gl": agreement.non_ledger,
        "profit": agreement.profit_share.profit,
        "accumulated_profit": agreement.profit_share.accumulated,
        "profit_share": agreement.profit_share.total,
        "total": agreement.total,
    }


def _start(given: Given) -> date:
    return date.fromisoformat(given["contract_start"])


def _by_month(given: Given, name: str) -> dict[str, Decimal]:
    return {row["month"]: read_amount(row, "amount") for row in read_rows(given, name)}
