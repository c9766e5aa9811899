"""What an export says before it is a file: facts about it, then tables.

Source: REST API, "Audit and export".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.rounding import round_half_up

Cell = str | Decimal | int | date | None
"""A value of a table: text, number, day; None is nothing, which is not 0."""

Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `decimals` are those of its numbers."""

    heading: str
    decimals: int = 2

    def shown(self, value: Cell) -> Cell:
        """A value as it leaves: figures are rounded half up, as in answers."""
        return round_half_up(value, self.decimals) if isinstance(value, Decimal) else value


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its title; each row has as many cells as there are columns."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]

    @property
    def headings(self) -> tuple[str, ...]:
        """The first row."""
        return tuple(column.heading for column in self.columns)

    def shown_rows(self) -> Iterator[tuple[Cell, ...]]:
        """The other rows as they leave, one by one."""
        for row in self.rows:
            yield tuple(column.shown(value) for column, value in zip(self.columns, row, strict=True))


@dataclass(frozen=True, slots=True)
class Document:
    """A whole export; `shows_pay` says that it holds pay that others see masked."""

    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    shows_pay: bool = False

    @property
    def row_count(self) -> int:
        """Rows of its tables, without headings."""
        return sum(len(section.rows) for section in self.sections)


def heading_of(name: str) -> str:
    """The heading of a field: `valet_daily` and `valetDaily` are `Valet daily`."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).replace("_", " ")
    return (spaced[:1].upper() + spaced[1:]).replace("Gpo", "GPO")


def yes_or_no(value: bool) -> str:
    """A flag in words."""
    return "yes" if value else "no"
