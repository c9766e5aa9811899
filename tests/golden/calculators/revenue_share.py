"""Cases of the revenue share."""

from typing import Any

from shared_code.domain.contract import Contract
from shared_code.domain.revenue_share import (
    MonthRevenue,
    accumulated_base,
    forecast_month_revenue,
    revenue_share,
)
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import Category
from shared_code.domain.tiers import TierShare
from tests.golden.case_contract import read_contract
from tests.golden.case_values import Given, read_decimals


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The structures of the contract and their total."""
    contract, month = read_contract(given), given["month"]
    revenue = read_revenue(given)
    share = revenue_share(
        contract, month, revenue.get(month, forecast_month_revenue(ZERO)), accumulate_shares(contract, month, revenue)
    )
    return {
        "structures": [
            {
                "base": structure.base,
                "accumulated": structure.accumulated,
                "tiers": [describe_tier(tier) for tier in structure.tiers],
                "total": structure.total,
            }
            for structure in share.structures
        ],
        "total": share.total,
    }


def read_revenue(given: Given) -> dict[str, MonthRevenue]:
    """External revenue by month, with its categories where the case names them."""
    amounts = given.get("category_amounts") or {}
    return {
        month: forecast_month_revenue(
            net, {Category(name): amount for name, amount in read_decimals(amounts.get(month)).items()}
        )
        for month, net in read_decimals(given.get("net_external_revenue")).items()
    }


def accumulate_shares(contract: Contract, month: str, revenue: dict[str, MonthRevenue]) -> list[Any]:
    """The revenue that each structure has accumulated before `month`."""
    return [
        accumulated_base(structure, contract.contract_start, month, revenue) for structure in contract.revenue_shares
    ]


def describe_tier(tier: TierShare) -> dict[str, Any]:
    """One tier in the form of the cases."""
    return {
        "lower": tier.lower,
        "upper": tier.upper,
        "percent": tier.percent,
        "amount_in_tier": tier.amount_in_tier,
        "share": tier.share,
    }
