"""A company with contracts of every kind, for tests of its external and internal revenue.

The business date is 15 April 2025; the ledger is closed through March.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import (
    AdditionalPayroll,
    BillableTerms,
    Contract,
    ContractType,
    FeeRow,
    FeeType,
    InsuranceTerm,
    InsuranceType,
    LaborJob,
    ManagementFeeTerm,
    ManagementTerms,
    NonLedgerItem,
    NonLedgerType,
    ProfitShareTerm,
    PtebTerm,
    PtebType,
    RevenueShareStructure,
    SupportTerm,
    SupportType,
)
from shared_code.domain.escalation import Increment
from shared_code.domain.tiers import Tier
from shared_code.storage.tables.facts import budget_payroll_job_months
from tests.support.monthly_world import MonthlyWorld

START = date(2023, 5, 1)
BUDGET = {
    "4790": "-50000",
    "6000": "20000",
    "6200": "4000",
    "7045": "400",
    "7082": "300",
    "7113": "250",
    "7170": "1000",
    "9410": "30000",
    "9411": "20000",
    "9440": "3000",
    "9510": "1000",
}
"""A month: 20 dollars for each of 1,000 valet cars; external revenue is half as much again."""

FIXED_FEE = Contract(
    frozenset({ContractType.FIXED_FEE}),
    START,
    increment=Increment(6, Decimal(4)),
    fees=(FeeRow(Decimal(4000), START, name="Valet"), FeeRow(Decimal(1500), date(2025, 7, 1))),
)
PER_ROOM = Contract(frozenset({ContractType.PER_OCCUPIED_ROOM}), START, occupied_room_rate=Decimal("3.40"))
PER_HOUR = Contract(
    frozenset({ContractType.PER_LABOR_HOUR}),
    START,
    increment=Increment(7, Decimal(3)),
    labor_jobs=(
        LaborJob("GSA", Decimal(24), Decimal(36), date(2024, 1, 1)),
        LaborJob("GSC", Decimal(28), None, date(2024, 7, 1)),
    ),
)
SHARE = Contract(
    frozenset({ContractType.REVENUE_SHARE}),
    START,
    revenue_shares=(
        RevenueShareStructure(
            Accumulation.ANNUAL_CALENDAR, (Tier(Decimal(120_000), Decimal(10)), Tier(Decimal(0), Decimal(20)))
        ),
    ),
)
BILLED = BillableTerms(
    frozenset({"6000", "7045", "7113"}),
    (AdditionalPayroll(Decimal(1000)), AdditionalPayroll(Decimal(9999), excluded=True)),
    PtebTerm(enabled=True, type=PtebType.PERCENTAGE, percent=Decimal(18)),
    SupportTerm(enabled=True, type=SupportType.FIXED, amount=Decimal(500)),
)
BILLABLE = Contract(frozenset({ContractType.BILLABLE_ACCOUNTS}), START, billable=BILLED)
MANAGED = Contract(
    frozenset({ContractType.MANAGEMENT_AGREEMENT}),
    START,
    billable=BILLED,
    management=ManagementTerms(
        ManagementFeeTerm(FeeType.REVENUE_PERCENTAGE, percent=Decimal(5)),
        InsuranceTerm(enabled=True, type=InsuranceType.FIXED, amount=Decimal(350)),
        non_ledger_items=(NonLedgerItem(NonLedgerType.FIXED, Decimal(75), title="Phones"),),
        profit_share=ProfitShareTerm(enabled=True, tiers=(Tier(Decimal(0), Decimal(10)),)),
    ),
)
OF_EVERY_TYPE: Mapping[str, Contract] = {
    "fixedFee": FIXED_FEE,
    "perOccupiedRoom": PER_ROOM,
    "perLaborHour": PER_HOUR,
    "revenueShare": SHARE,
    "billableAccounts": BILLABLE,
    "managementAgreement": MANAGED,
}
"""A contract of each type, by the component that it has."""


class RevenueWorld(MonthlyWorld):
    """The database, with sentences for contracts and hours."""

    def know_accounts(self, *numbers: str) -> None:
        """Put accounts into the chart that it does not have yet; they count nowhere in the P&L."""
        self.add_accounts(
            {number: (f"Account {number}", "statistic") for number in numbers if number not in self._lines}
        )

    def budget_hours(self, site_id: str, hours: Mapping[str, str], months: Iterable[str]) -> None:
        """Budgeted hours by job code in each of `months`."""
        rows: list[dict[str, Any]] = [
            {"site_id": site_id, "period": month, "job_code_id": code, "hours": Decimal(count), "dollars": Decimal(0)}
            for month in months
            for code, count in hours.items()
        ]
        self._insert(budget_payroll_job_months, rows)


@contextmanager
def budgeted_site(folder: Path) -> Iterator[RevenueWorld]:
    """Site TP001 with a budget for 2025 and a posted first quarter, and no contract yet."""
    world = RevenueWorld(folder)
    world.add_sites("TP001")
    world.budget("TP001", BUDGET)
    world.ledger("TP001", {"9410": "28000", "4790": "-2800"}, "2025-01", "2025-02", "2025-03")
    yield world
    world.close()
