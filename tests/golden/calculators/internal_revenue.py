"""Cases of internal revenue."""

from typing import Any

from shared_code.domain.contract_drivers import ContractDrivers
from shared_code.domain.internal_revenue import (
    Adjustment,
    InternalRevenueSource,
    SiteInternalRevenue,
    internal_revenue,
    price_contract,
    roll_up_internal_revenue,
)
from shared_code.domain.management_claims import accumulated_claims
from shared_code.domain.profit_share import accumulated_profit
from shared_code.domain.revenue_share import forecast_month_revenue
from shared_code.domain.rounding import ZERO
from tests.golden.calculators.management_agreement import read_insurance_row
from tests.golden.calculators.revenue_share import accumulate_shares, read_revenue
from tests.golden.case_contract import read_accounts, read_contract, read_hours, read_other_revenue
from tests.golden.case_values import Given, read_amount, read_decimals, read_rows


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of three tasks."""
    return {"combine": _combine, "contract": _contract, "roll_up": _roll_up}[given["task"]](given)


def _combine(given: Given) -> dict[str, Any]:
    amounts = read_decimals(given["components"]) if given["has_contract"] else None
    adjustments = [Adjustment(read_amount(row, "amount"), row["reason"]) for row in read_rows(given, "adjustments")]
    revenue = internal_revenue(amounts, read_amount(given, "budget_internal_revenue"), adjustments)
    return {"calculated": revenue.calculated, "total": revenue.total, "source": revenue.source}


def _contract(given: Given) -> dict[str, Any]:
    drivers, month = given["drivers"], given["month"]
    terms = {**given["terms"], "accounts": drivers.get("accounts")}
    contract = read_contract(terms, given["contract_types"])
    revenue = read_revenue(drivers)
    management, start = contract.management, contract.contract_start
    components = price_contract(
        contract,
        month,
        ContractDrivers(
            external_revenue=revenue.get(month, forecast_month_revenue(ZERO)),
            accumulated_shares=accumulate_shares(contract, month, revenue),
            occupied_rooms=read_amount(drivers, "occupied_rooms"),
            hours=read_hours(drivers),
            accounts=read_accounts(drivers),
            site_pteb=read_amount(drivers, "site_pteb"),
            insurance_row=read_insurance_row(drivers, contract),
            claims=read_amount(drivers, "claims_amount"),
            accumulated_claims=accumulated_claims(
                management.claims, start, month, read_decimals(drivers.get("claims_series"))
            ),
            accumulated_profit=accumulated_profit(
                management.profit_share, start, month, read_decimals(drivers.get("profit_series"))
            ),
            other_revenue=read_other_revenue(drivers.get("other_revenue")),
        ),
    )
    combined = internal_revenue(components.amounts, ZERO)
    return {"components": components.amounts, "total": combined.total, "source": combined.source}


def _roll_up(given: Given) -> dict[str, Any]:
    roll_up = roll_up_internal_revenue(
        SiteInternalRevenue(row["site"], read_amount(row, "internal_revenue"), InternalRevenueSource(row["source"]))
        for row in given["sites"]
    )
    return {"total": roll_up.total, "sites_on_budget": list(roll_up.sites_on_budget)}
