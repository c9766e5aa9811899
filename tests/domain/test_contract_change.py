"""A year in which the contract of a site begins or gives way to another: what accumulates does not stop there."""

from datetime import date
from decimal import Decimal

import pytest

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import Contract, ContractType, RevenueShareStructure
from shared_code.domain.ledger import Balance
from shared_code.domain.months import months_of_year
from shared_code.domain.revenue_share import StructureShare
from shared_code.domain.site_year import computed_months
from shared_code.domain.site_year_inputs import MonthInputs, SiteYearInputs
from shared_code.domain.statistics import Category
from shared_code.domain.tiers import Tier

HALF_IS_VALET = (
    Balance("9410", "external_revenue", Decimal(20_000)),
    Balance("9510", "statistic", Decimal(500)),
    Balance("9411", "statistic", Decimal(10_000)),
    Balance("9550", "statistic", Decimal(1_000)),
    Balance("9414", "statistic", Decimal(10_000)),
)
"""The budget of a month: external revenue, vehicles and revenue of valet daily and of self daily."""

STEPPED = (Tier(Decimal(60_000), Decimal(10)), Tier(Decimal(0), Decimal(50)))
SHARES_VALET = Contract(
    frozenset({ContractType.REVENUE_SHARE}),
    date(2025, 7, 1),
    revenue_shares=(RevenueShareStructure(Accumulation.ANNUAL_CALENDAR, STEPPED, frozenset({Category.VALET_DAILY})),),
)
FIXED_FEE = Contract(frozenset({ContractType.FIXED_FEE}), date(2020, 1, 1))


@pytest.mark.parametrize("before", [FIXED_FEE, None], ids=["another contract before", "no contract before"])
def test_a_share_of_categories_accumulates_over_months_of_the_year_before_its_contract(before: Contract | None) -> None:
    months = tuple(
        MonthInputs(month, HALF_IS_VALET, (), contract=before if month < "2025-07" else SHARES_VALET)
        for month in months_of_year(2025)
    )
    share = share_in(SiteYearInputs("TP001", 2025, date(2024, 12, 1), months), "2025-07")
    assert [share.base, share.accumulated, share.total] == [Decimal(10_000), Decimal(60_000), Decimal(5_000)]


def share_in(inputs: SiteYearInputs, period: str) -> StructureShare:
    """The only structure of the revenue share in `period`."""
    (priced,) = [month.forecast_components for month in computed_months(inputs) if month.inputs.period == period]
    assert priced is not None
    (structure,) = priced.revenue_share.structures
    return structure
