"""Cells: one field of one key of a month, which is what is compared, counted, versioned and audited.

Source: REST API, "PUT means merge" and "Versions and concurrency".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

CellValue = Decimal | str | None
"""What a cell holds; None: nothing saved."""


class Module(StrEnum):
    """The parts of a month that are saved, and versioned, by themselves, as the contract spells them."""

    STATISTICS = "statistics"
    PAYROLL = "payroll"
    PARKING_RATES = "parking-rates"
    EXTERNAL_REVENUE = "external-revenue"
    INTERNAL_REVENUE = "internal-revenue"
    OTHER_REVENUE = "other-revenue"
    OTHER_EXPENSES = "other-expenses"

    @property
    def stored_name(self) -> str:
        """The name in the database."""
        return self.value.replace("-", "_")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One field of one key of a month (`YYYY-MM`).

    The key is a date (`2025-04-20`), a date and job code (`2025-04-21.VLT1`) or the month itself; the field is spelled
    as in JSON (`occupancy`, `valetDaily`).
    """

    period: str
    key: str
    field: str

    @property
    def name(self) -> str:
        """The cell as clients see it: `2025-04-20.occupancy`."""
        return f"{self.key}.{self.field}"


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell whose saved value became another one."""

    cell: Cell
    old: CellValue
    new: CellValue


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """Cells that have a value now and had none, have another one, or have none any more."""

    created: int = 0
    updated: int = 0
    cleared: int = 0


def differences(stored: Mapping[Cell, CellValue], wanted: Mapping[Cell, CellValue]) -> tuple[CellChange, ...]:
    """What has to change so that the cells of `wanted` hold its values, in order; other cells stay as they are."""
    return tuple(
        CellChange(cell, stored.get(cell), value)
        for cell, value in sorted(wanted.items(), key=lambda item: item[0])
        if stored.get(cell) != value
    )


def count_changes(changes: Iterable[CellChange]) -> ChangeCount:
    """How many of each kind there are."""
    created = updated = cleared = 0
    for change in changes:
        if change.old is None:
            created += 1
        elif change.new is None:
            cleared += 1
        else:
            updated += 1
    return ChangeCount(created, updated, cleared)
