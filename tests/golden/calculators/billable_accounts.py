"""Cases of billable accounts."""

from typing import Any

from shared_code.domain.billable_accounts import BillableAccounts, billable_accounts
from tests.golden.case_contract import read_accounts, read_contract
from tests.golden.case_values import read_amount


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The five components and their total."""
    accounts, site_pteb = read_accounts(given), read_amount(given, "site_pteb")
    billed = billable_accounts(read_contract(given), given["month"], accounts, site_pteb)
    return {"counted": billed.counted, **describe_components(billed), "total": billed.total}


def describe_components(billed: BillableAccounts) -> dict[str, Any]:
    """The five components in the form of the cases."""
    return {
        "billable_payroll": billed.billable_payroll,
        "additional_payroll": billed.additional_payroll,
        "pteb": billed.pteb.total,
        "pteb_percent": billed.pteb.percentage and billed.pteb.percentage.value,
        "support": billed.support.total,
        "expense_accounts": billed.expense_accounts,
    }
