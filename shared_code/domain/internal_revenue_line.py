"""The internal revenue of a month as a line of the P&L: its components, how each came about, and adjustments.

Source: Calculations, "Internal revenue of a site and above".
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from shared_code.domain.contract import Contract, ContractType
from shared_code.domain.internal_revenue import Adjustment, Components, internal_revenue
from shared_code.domain.internal_revenue_detail import (
    Detail,
    billable_accounts_detail,
    fixed_fee_detail,
    labor_hour_detail,
    management_agreement_detail,
    occupied_room_detail,
    other_revenue_detail,
    revenue_share_detail,
)
from shared_code.domain.month_budget import BudgetMonth
from shared_code.domain.pnl_components import (
    ADJUSTMENT,
    Component,
    FigureSource,
    Line,
    budget_part,
    line_of_parts,
)
from shared_code.domain.pnl_rows import PnlRow

OTHER_REVENUE = "other_revenue"

COMPONENT_LABELS: Mapping[str, str] = {
    ContractType.FIXED_FEE: "Fixed fee",
    ContractType.PER_OCCUPIED_ROOM: "Per occupied room",
    ContractType.PER_LABOR_HOUR: "Per labor hour",
    ContractType.REVENUE_SHARE: "Revenue share",
    ContractType.BILLABLE_ACCOUNTS: "Billable accounts",
    ContractType.MANAGEMENT_AGREEMENT: "Management agreement",
    OTHER_REVENUE: "Other revenue",
}
"""The components of internal revenue by name, as people read them and in their order."""


def contract_line(contract: Contract, priced: Components, adjustments: Sequence[Adjustment]) -> Line:
    """What a contract gives, component by component.

    Shown are the components that the contract pays for, and other revenue where an item is saved.
    """
    amounts = priced.amounts
    total = internal_revenue(amounts, amounts[OTHER_REVENUE], adjustments).total
    parts = [
        Component(code, label, amounts[code], None, _DETAILS[code](priced) or None)
        for code, label in COMPONENT_LABELS.items()
        if amounts[code] or code in contract.contract_types
    ]
    return _line(total, parts, adjustments)


def budget_internal_line(budget: BudgetMonth, adjustments: Sequence[Adjustment]) -> Line:
    """The internal revenue of a site without a contract: the budget, and adjustments."""
    amount = budget.amount(PnlRow.INTERNAL_REVENUE)
    total = internal_revenue(None, amount, adjustments).total
    return _line(total, [budget_part(PnlRow.INTERNAL_REVENUE, amount)], adjustments)


def _line(total: Decimal, parts: Sequence[Component], adjustments: Sequence[Adjustment]) -> Line:
    added = [
        Component(
            ADJUSTMENT,
            "Adjustment",
            adjustment.amount,
            FigureSource.FORECAST,
            {"category": adjustment.category, "reason": adjustment.reason},
        )
        for adjustment in adjustments
    ]
    shown = [*parts, *added]
    return line_of_parts(total, shown) if shown else Line(total)


_DETAILS: Mapping[str, Callable[[Components], Detail]] = {
    ContractType.FIXED_FEE: lambda priced: fixed_fee_detail(priced.fixed_fee),
    ContractType.PER_OCCUPIED_ROOM: lambda priced: occupied_room_detail(priced.per_occupied_room),
    ContractType.PER_LABOR_HOUR: lambda priced: labor_hour_detail(priced.per_labor_hour),
    ContractType.REVENUE_SHARE: lambda priced: revenue_share_detail(priced.revenue_share),
    ContractType.BILLABLE_ACCOUNTS: lambda priced: billable_accounts_detail(priced.billable_accounts),
    ContractType.MANAGEMENT_AGREEMENT: lambda priced: management_agreement_detail(priced.management_agreement),
    OTHER_REVENUE: lambda priced: other_revenue_detail(priced.other_revenue),
}
