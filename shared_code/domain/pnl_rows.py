"""The rows of a profit and loss: their names, their kinds and the order in which they are shown.

Source: Calculations, "Enumerations"; REST API, "P&L".
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum


class PnlRow(StrEnum):
    """A row of the P&L, in the order of its lines."""

    EXTERNAL_REVENUE = "external_revenue"
    INTERNAL_REVENUE = "internal_revenue"
    PAYROLL = "payroll"
    CLAIMS = "claims"
    PARKING_RENTS = "parking_rents"
    OTHER_EXPENSE = "other_expense"
    PTEB = "pteb"
    INSURANCE = "insurance"
    FLC = "flc"
    FLC_TO_BUDGET_CUMULATIVE = "flc_to_budget_cumulative"
    OCCUPIED_ROOMS = "occupied_rooms"


class RowKind(StrEnum):
    """What a row is: it decides what a favorable variance means and which percentages exist."""

    REVENUE = "revenue"
    EXPENSE = "expense"
    RESULT = "result"
    STATISTIC = "statistic"


EXPENSE_ROWS = (
    PnlRow.PAYROLL,
    PnlRow.CLAIMS,
    PnlRow.PARKING_RENTS,
    PnlRow.OTHER_EXPENSE,
    PnlRow.PTEB,
    PnlRow.INSURANCE,
)
"""The six rows that FLC takes from internal revenue."""

CELL_ROWS = (PnlRow.EXTERNAL_REVENUE, PnlRow.INTERNAL_REVENUE, *EXPENSE_ROWS, PnlRow.OCCUPIED_ROOMS)
"""The rows that have cells of their own; the two result rows are computed from these."""

ROW_KINDS: Mapping[PnlRow, RowKind] = {
    PnlRow.EXTERNAL_REVENUE: RowKind.REVENUE,
    PnlRow.INTERNAL_REVENUE: RowKind.REVENUE,
    **dict.fromkeys(EXPENSE_ROWS, RowKind.EXPENSE),
    PnlRow.FLC: RowKind.RESULT,
    PnlRow.FLC_TO_BUDGET_CUMULATIVE: RowKind.RESULT,
    PnlRow.OCCUPIED_ROOMS: RowKind.STATISTIC,
}
"""The kind of every row."""

ROW_LABELS: Mapping[PnlRow, str] = {
    PnlRow.EXTERNAL_REVENUE: "External Revenue",
    PnlRow.INTERNAL_REVENUE: "Internal Revenue",
    PnlRow.PAYROLL: "Payroll",
    PnlRow.CLAIMS: "Claims",
    PnlRow.PARKING_RENTS: "Parking Rents",
    PnlRow.OTHER_EXPENSE: "Other Expense",
    PnlRow.PTEB: "PTEB",
    PnlRow.INSURANCE: "Insurance",
    PnlRow.FLC: "FLC",
    PnlRow.FLC_TO_BUDGET_CUMULATIVE: "FLC to Budget Cumulative",
    PnlRow.OCCUPIED_ROOMS: "Occupied Rooms",
}
"""The name of every row as people read it."""

Cell = Decimal | None
"""Dollars (rooms in the statistic row) with 2 decimals; None where a source could not be read."""

Rows = Mapping[PnlRow, Sequence[Cell]]
"""The cells of one family (budget, forecast, actual or trend), one per month. A row that is absent is all 0."""
