"""Saving other expenses.

Source: REST API, "Other expenses — GET, PUT /other-expenses/{siteId}/{period}".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.cells import Cell, CellChange, Module
from shared_code.services.forecast.monthly_section import MonthlySection, MonthlyValues, monthly_cell
from shared_code.services.forecast.other_expense_warnings import above_budget
from shared_code.services.forecast.other_expenses import ENTERED_FIELDS, amounts_of, read_saved_amounts
from shared_code.services.forecast.saving import Section, Unit, WriteRequest
from shared_code.services.pnl_table import ViewWarning
from shared_code.storage import month_ledger, monthly_writing


@dataclass(frozen=True, slots=True)
class OtherExpensesRequest(WriteRequest):
    """Amounts in dollars by month and account."""

    precondition: Precondition | None
    amounts: MonthlyValues

    def open(self, unit: Unit) -> Section:
        """The section that saves these amounts."""
        return OtherExpensesSection(unit, self.precondition, self.amounts)


class OtherExpensesSection(MonthlySection):
    """A write of other expenses."""

    module = Module.OTHER_EXPENSES
    keys: ClassVar = ENTERED_FIELDS

    def read_saved(self, first: str, last: str) -> Mapping[Cell, Decimal]:
        """The saved amounts."""
        return {
            monthly_cell(month, name): amount
            for month, amounts in read_saved_amounts(self.unit.connection, self.unit.site, first, last).items()
            for name, amount in amounts.items()
        }

    def warnings(self, wanted: Mapping[Cell, Decimal | None]) -> tuple[ViewWarning, ...]:
        """The amounts that lie far above their budget."""
        amounts = {(cell.period, cell.field): amount for cell, amount in wanted.items() if amount is not None}
        if not amounts:
            return ()
        unit, months = self.unit, self.months_at_stake()
        site = unit.site
        balances = month_ledger.budget_balances(unit.connection, site.scope, site.site_id, months[0], months[-1])
        budget = {month: amounts_of(entries) for month, entries in balances.items()}
        return above_budget(dict(sorted(amounts.items())), budget, unit.runtime.settings)

    def store(self, changes: Sequence[CellChange]) -> None:
        """The amounts of `changes`."""
        unit = self.unit
        monthly_writing.write_other_expenses(
            unit.connection,
            unit.site.scope,
            unit.site.site_id,
            self.stored_values(changes),
            unit.author.user_id,
            unit.now,
        )

    def edit(self, month: str, changes: Sequence[CellChange]) -> tuple[str, Mapping[str, Any]]:
        """`ForecastUpdated` of this module."""
        return "ForecastUpdated", {"module": self.module.value}
