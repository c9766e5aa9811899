"""What a year accumulates of the year before is what that year itself comes to."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import (
    Contract,
    ContractType,
    InsuranceTerm,
    InsuranceType,
    ManagementTerms,
    ProfitShareTerm,
)
from shared_code.domain.expense_rows import DEFAULT_INSURANCE_RATES
from shared_code.domain.labor_hours import LaborDay
from shared_code.domain.ledger import Balance
from shared_code.domain.months import months_of_year
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.rates_in_force import RateMethod, RateRow
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import compute_site_year
from shared_code.domain.site_year_inputs import MonthInputs, SavedMonth, SiteTerms, SiteYearInputs
from shared_code.storage import pnl_inputs
from tests.golden.scenario import Scenario
from tests.support.scenario_world import ScenarioWorld

SITE = "TP001"
MID_NOVEMBER = date(2024, 11, 16)
BUDGET = (
    Balance("6000", "payroll", Decimal(9_000)),
    Balance("9410", "external_revenue", Decimal(60_000)),
)
RATES = (
    RateRow(Decimal(20), RateMethod.CONTRACT, date(2024, 1, 1), date(2024, 12, 31)),
    RateRow(Decimal(30), RateMethod.CONTRACT, date(2025, 1, 1)),
)
SHARES_PROFIT_FROM_JULY = Contract(
    frozenset({ContractType.MANAGEMENT_AGREEMENT}),
    date(2022, 7, 1),
    management=ManagementTerms(
        insurance=InsuranceTerm(enabled=True, type=InsuranceType.BASED_ON_BILLABLE_ACCOUNTS),
        profit_share=ProfitShareTerm(enabled=True, accumulation=Accumulation.ANNUAL_ANNIVERSARY),
    ),
)
"""The more payroll there is, the more insurance is billed, and the less profit is left."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ScenarioWorld]:
    """Mid November 2024, with a job code that has one rate in 2024 and another from 2025 on."""
    world = ScenarioWorld(
        tmp_path,
        Scenario(
            file=tmp_path,
            business_date=MID_NOVEMBER,
            year=2024,
            chart={"6000": "PAYROLL", "9410": "EXTERNAL REVENUE"},
            regions={},
            districts={},
            insurance_rates=DEFAULT_INSURANCE_RATES,
            sites={SITE: december_with_1000_hours()},
            expect={},
        ),
    )
    yield world
    world.close()


def december_with_1000_hours() -> SiteYearInputs:
    hours = (LaborDay("GSA", date(2024, 12, 2), Decimal(1_000)),)
    months = tuple(
        MonthInputs(
            month,
            BUDGET,
            BUDGET if month <= "2024-11" else (),
            SavedMonth(hours=hours) if month == "2024-12" else SavedMonth(),
            contract=SHARES_PROFIT_FROM_JULY,
        )
        for month in months_of_year(2024)
    )
    return SiteYearInputs(SITE, 2024, MID_NOVEMBER, months, terms=SiteTerms((SiteJobCode("GSA", rates=RATES),)))


def profits_seen_from(world: ScenarioWorld, year: int) -> Mapping[str, Decimal]:
    """The profits of 2024 that the calculation of `year` uses."""
    with world.runtime.database.reading() as connection:
        published = pnl_inputs.published_months(connection, [year])
        inputs = pnl_inputs.site_year_inputs(
            connection, SiteScope.all_sites(), year, {SITE: MID_NOVEMBER}, published, DEFAULT_INSURANCE_RATES
        )
    return {month: profit for month, profit in compute_site_year(inputs[SITE]).profits.items() if month < "2025"}


def test_a_year_accumulates_the_profits_that_the_year_before_came_to(world: ScenarioWorld) -> None:
    own = profits_seen_from(world, 2024)
    assert own["2024-12"] == 60_000 - 20_000 * DEFAULT_INSURANCE_RATES.management_agreement / 100
    assert profits_seen_from(world, 2025) == own
