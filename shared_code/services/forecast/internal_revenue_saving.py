"""Saving adjustments of a month's internal revenue: dollars with a reason, by component or in general.

Source: REST API, "Revenue" (PUT /revenue/internal/{siteId}/{period}).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from shared_code.domain.internal_revenue_line import COMPONENT_LABELS
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.cells import Cell, CellChange, CellValue, Module, differences
from shared_code.services.forecast.header import edit_window
from shared_code.services.forecast.locks import LockedKey
from shared_code.services.forecast.saving import Plan, Section, Unit, WriteRequest
from shared_code.services.pnl_table import line_code
from shared_code.storage.revenue_reading import adjustments
from shared_code.storage.revenue_writing import write_adjustments

GENERAL: Final = "general"

CATEGORIES: Final[Mapping[str, str]] = {line_code(name): str(name) for name in (*COMPONENT_LABELS, GENERAL)}
"""The categories of an adjustment as they are spelled in JSON, and how they are kept."""

AMOUNT: Final = "amount"
REASON: Final = "reason"


@dataclass(frozen=True, slots=True)
class AdjustmentsRequest(WriteRequest):
    """Amount in dollars (any sign) and reason by category as in JSON; None removes an adjustment.

    Categories that are not named stay as they are; `is_replacing` removes them, where they may be edited.
    """

    precondition: Precondition | None
    entries: Mapping[str, tuple[Decimal, str] | None]
    is_replacing: bool = False

    def open(self, unit: Unit) -> Section:
        """The section that saves these adjustments."""
        return AdjustmentsSection(unit, self)


class AdjustmentsSection(Section):
    """A write of the adjustments of one month."""

    module = Module.INTERNAL_REVENUE

    def __init__(self, unit: Unit, request: AdjustmentsRequest) -> None:
        self._request = request
        super().__init__(unit, request.precondition)

    def plan(self) -> Plan:
        """What becomes another value. The category is the key; an adjustment goes with its reason."""
        month, request = self.unit.period.text, self._request
        lock = edit_window(self.unit.connection, self.unit.site).month_lock(month)
        entries = dict(request.entries)
        if request.is_replacing and lock is None:
            entries = dict.fromkeys(self._saved) | entries
        wanted = _cells(month, entries)
        locked = () if lock is None or not request.entries else (LockedKey(month, "period", lock),)
        return Plan(differences(_cells(month, self._saved), wanted), frozenset(wanted), locked)

    def store(self, changes: Sequence[CellChange]) -> None:
        """The adjustments of the categories that changed, whole."""
        unit = self.unit
        changed = {change.cell.key for change in changes}
        entries = {**dict.fromkeys(self._saved), **self._request.entries}
        write_adjustments(
            unit.connection,
            unit.site.scope,
            unit.site.site_id,
            unit.period.text,
            {CATEGORIES.get(name, name): entry for name, entry in entries.items() if name in changed},
            unit.author.user_id,
            unit.now,
        )

    def edit(self, month: str, changes: Sequence[CellChange]) -> tuple[str, Mapping[str, Any]]:
        """`ForecastUpdated` of this module."""
        return "ForecastUpdated", {"module": self.module.value}

    @cached_property
    def _saved(self) -> Mapping[str, tuple[Decimal, str] | None]:
        """What is saved, by category as in JSON."""
        unit, month = self.unit, self.unit.period.text
        found = adjustments(unit.connection, unit.site.scope, unit.site.site_id, [month])
        return {line_code(entry.category): (entry.amount, entry.reason) for entry in found.get(month, ())}


def _cells(month: str, entries: Mapping[str, tuple[Decimal, str] | None]) -> dict[Cell, CellValue]:
    cells: dict[Cell, CellValue] = {}
    for category, entry in entries.items():
        amount, reason = entry or (None, None)
        cells[Cell(month, category, AMOUNT)] = amount
        cells[Cell(month, category, REASON)] = reason
    return cells
