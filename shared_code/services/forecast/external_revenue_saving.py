"""Saving the levers of a month's external revenue: adjustment, override and note.

Source: REST API, "Revenue" (PUT /revenue/external/{siteId}/{period}).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.cells import Cell, CellChange, CellValue, Module, differences
from shared_code.services.forecast.header import edit_window
from shared_code.services.forecast.locks import LockedKey
from shared_code.services.forecast.saving import Plan, Section, Unit, WriteRequest
from shared_code.storage.revenue_reading import ExternalInputs, external_inputs
from shared_code.storage.revenue_writing import write_external_inputs

CELL_FIELDS: Final[Mapping[str, str]] = {
    "adjustmentPercent": "adjustment_percent",
    "override.amount": "override_amount",
    "override.reason": "override_reason",
    "note": "note",
}
"""What is saved of a month as it is spelled in JSON, and the member of `ExternalInputs` that holds it."""


@dataclass(frozen=True, slots=True)
class ExternalRevenueRequest(WriteRequest):
    """New values by the members of `ExternalInputs`; None clears one, and what is not named stays as it is.

    An override comes and goes with its reason. `is_replacing` clears what is not named, where it may be edited.
    """

    precondition: Precondition | None
    values: Mapping[str, CellValue]
    is_replacing: bool = False

    def open(self, unit: Unit) -> Section:
        """The section that saves these values."""
        return ExternalRevenueSection(unit, self)


class ExternalRevenueSection(Section):
    """A write of the external revenue of one month."""

    module = Module.EXTERNAL_REVENUE

    def __init__(self, unit: Unit, request: ExternalRevenueRequest) -> None:
        self._request = request
        super().__init__(unit, request.precondition)

    def plan(self) -> Plan:
        """What becomes another value. The month is the key of everything that is sent."""
        month, request = self.unit.period.text, self._request
        lock = edit_window(self.unit.connection, self.unit.site).month_lock(month)
        values = dict(request.values)
        if request.is_replacing and lock is None:
            values = dict.fromkeys(CELL_FIELDS.values()) | values
        saved = {_cell(month, field): getattr(self._saved, name) for field, name in CELL_FIELDS.items()}
        wanted = {_cell(month, field): values[name] for field, name in CELL_FIELDS.items() if name in values}
        locked = () if lock is None or not request.values else (LockedKey(month, "period", lock),)
        return Plan(differences(saved, wanted), frozenset(wanted), locked)

    def store(self, changes: Sequence[CellChange]) -> None:
        """All that is saved of the month, with the changes."""
        unit = self.unit
        changed: dict[str, Any] = {CELL_FIELDS[change.cell.field]: change.new for change in changes}
        write_external_inputs(
            unit.connection,
            unit.site.scope,
            unit.site.site_id,
            unit.period.text,
            replace(self._saved, **changed),
            unit.author.user_id,
            unit.now,
        )

    def edit(self, month: str, changes: Sequence[CellChange]) -> tuple[str, Mapping[str, Any]]:
        """`ForecastUpdated` of this module."""
        return "ForecastUpdated", {"module": self.module.value}

    @cached_property
    def _saved(self) -> ExternalInputs:
        unit = self.unit
        found = external_inputs(unit.connection, unit.site.scope, unit.site.site_id, [unit.period.text])
        return found.get(unit.period.text, ExternalInputs())


def _cell(month: str, field: str) -> Cell:
    return Cell(month, month, field)
