"""A write of a module that holds one value for each field of a month: rates, other revenue, other expenses.

Source: REST API, "PUT means merge".
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import ClassVar

from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.cells import Cell, CellChange, differences
from shared_code.services.forecast.header import edit_window
from shared_code.services.forecast.locks import EditWindow, LockedKey
from shared_code.services.forecast.saving import Plan, Section, Unit
from shared_code.services.pnl_table import ViewWarning
from shared_code.storage.monthly_writing import MonthKey


@dataclass(frozen=True, slots=True)
class SentValue:
    """A value that a request sends for a field (as in JSON) of a month (`YYYY-MM`); None: nothing is to be saved.

    `month_field` is the field of the request that names the month.
    """

    month: str
    field: str
    value: Decimal | None
    month_field: str = "period"

    @property
    def cell(self) -> Cell:
        """The cell that the value is for."""
        return monthly_cell(self.month, self.field)


@dataclass(frozen=True, slots=True)
class MonthlyValues:
    """What a request sends, each cell at most once; `is_replacing` clears every other editable cell of the period."""

    values: tuple[SentValue, ...]
    is_replacing: bool = False


def monthly_cell(month: str, field: str) -> Cell:
    """The cell of a field of a month: `2025-05.valetDaily`."""
    return Cell(month, month, field)


class MonthlySection(Section):
    """A write of values by month. Subclasses name their fields, read what is saved, store and describe."""

    keys: ClassVar[Mapping[str, str]]
    """The fields that can be saved, in their order, and what the database calls them."""

    def __init__(self, unit: Unit, precondition: Precondition | None, sent: MonthlyValues) -> None:
        self.sent = sent
        super().__init__(unit, precondition)

    @abstractmethod
    def read_saved(self, first: str, last: str) -> Mapping[Cell, Decimal]:
        """What is saved in the months from `first` to `last`."""

    @abstractmethod
    def warnings(self, wanted: Mapping[Cell, Decimal | None]) -> tuple[ViewWarning, ...]:
        """What there is to say about the values `wanted`."""

    def carried(self) -> Mapping[Cell, Decimal]:
        """Values that follow from those sent, for other months."""
        return {}

    @cached_property
    def window(self) -> EditWindow:
        """What decides the locks of the site."""
        return edit_window(self.unit.connection, self.unit.site)

    @cached_property
    def saved(self) -> Mapping[Cell, Decimal]:
        """What is saved in the months that the write may touch."""
        months = self.months_at_stake()
        return self.read_saved(min(months), max(months))

    def plan(self) -> Plan:
        """What is sent wins over what follows from it, and that over what a replacement clears."""
        sent = {value.cell: value.value for value in self.sent.values}
        wanted: dict[Cell, Decimal | None] = {**self._cleared(), **self.carried(), **sent}
        return Plan(differences(self.saved, wanted), frozenset(wanted), self._locked(), warnings=self.warnings(wanted))

    def stored_values(self, changes: Sequence[CellChange]) -> dict[MonthKey, Decimal | None]:
        """The new values of `changes` as the database keeps them, by month and key."""
        values: dict[MonthKey, Decimal | None] = {}
        for change in changes:
            assert not isinstance(change.new, str)
            values[change.cell.period, self.keys[change.cell.field]] = change.new
        return values

    def _cleared(self) -> dict[Cell, None]:
        if not self.sent.is_replacing:
            return {}
        months = {month for month in self.unit.period.months if self.window.month_lock(month) is None}
        return dict.fromkeys(cell for cell in self.saved if cell.period in months)

    def _locked(self) -> tuple[LockedKey, ...]:
        found = []
        for value in self.sent.values:
            reason = self.window.month_lock(value.month)
            if reason is not None:
                found.append(LockedKey(value.month, value.month_field, reason))
        return tuple(found)
