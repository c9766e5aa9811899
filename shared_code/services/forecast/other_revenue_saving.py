"""Saving other revenue. Items that only ever reduce it are stored as negative amounts, however they are entered.

Source: REST API, "GET, PUT /revenue/other/{siteId}/{period}".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

from shared_code.domain.other_revenue import NEVER_POSITIVE
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.cells import Cell, CellChange, Module
from shared_code.services.forecast.monthly_section import MonthlySection, MonthlyValues, SentValue, monthly_cell
from shared_code.services.forecast.other_revenue import ITEM_FIELDS, read_saved_items
from shared_code.services.forecast.saving import Section, Unit, WriteRequest
from shared_code.services.pnl_table import ViewWarning
from shared_code.storage import monthly_writing


@dataclass(frozen=True, slots=True)
class OtherRevenueRequest(WriteRequest):
    """Items in dollars by month, with the signs in which they were entered."""

    precondition: Precondition | None
    items: MonthlyValues

    def open(self, unit: Unit) -> Section:
        """The section that saves these items."""
        return OtherRevenueSection(unit, self)


class OtherRevenueSection(MonthlySection):
    """A write of other revenue."""

    module = Module.OTHER_REVENUE
    keys: ClassVar = ITEM_FIELDS

    def __init__(self, unit: Unit, request: OtherRevenueRequest) -> None:
        entered = request.items
        self._turned = [sent for sent in entered.values if _is_to_be_turned(sent)]
        super().__init__(unit, request.precondition, replace(entered, values=tuple(map(_turned, entered.values))))

    def read_saved(self, first: str, last: str) -> Mapping[Cell, Decimal]:
        """The saved items."""
        return {
            monthly_cell(month, name): amount
            for month, saved in read_saved_items(self.unit.connection, self.unit.site, first, last).items()
            for name, amount in saved.items.items()
            if amount is not None
        }

    def warnings(self, wanted: Mapping[Cell, Decimal | None]) -> tuple[ViewWarning, ...]:
        """The amounts whose sign was turned."""
        return tuple(
            ViewWarning(
                "SIGN_NORMALISED",
                f"{sent.field} of {sent.month} always reduces revenue: {sent.value} is stored as -{sent.value}. "
                "What adds to revenue belongs into another item.",
                sent.field,
                {"month": sent.month, "providedValue": sent.value, "storedValue": _turned(sent).value},
            )
            for sent in self._turned
        )

    def store(self, changes: Sequence[CellChange]) -> None:
        """The items of `changes`."""
        unit = self.unit
        monthly_writing.write_other_revenue(
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


def _is_to_be_turned(sent: SentValue) -> bool:
    return ITEM_FIELDS[sent.field] in NEVER_POSITIVE and sent.value is not None and sent.value > 0


def _turned(sent: SentValue) -> SentValue:
    """The value with the sign in which it is stored."""
    if sent.value is None or not _is_to_be_turned(sent):
        return sent
    return replace(sent, value=-sent.value)
