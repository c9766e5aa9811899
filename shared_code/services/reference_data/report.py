"""What an import found, what it changed, or would change.

Source: Data model, "Reference data that no feed brings".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SHOWN_CHARACTERS = 80
"""A value is shown up to here: a file may hold anything."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a file that cannot be accepted: where, which column and value, and what is accepted instead."""

    place: str
    column: str | None
    value: str | None
    problem: str
    accepted: str

    @property
    def text(self) -> str:
        """The finding as a sentence."""
        where = self.place if self.column is None else f"{self.place}, {self.column}"
        value = "" if self.value is None else f"{self.value!r} "
        return f"{where}: {value}{self.problem}. Accepted: {self.accepted}."


def shown(value: object) -> str:
    """A value of the file as a finding shows it."""
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


class Action(StrEnum):
    """What becomes of a row."""

    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ChangedCell:
    """One field of a row before and after; None where there is no value."""

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row, named by its key, that is added, changed or deleted, with the fields that become others."""

    action: Action
    key: str
    cells: Sequence[ChangedCell]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file: nothing at all while there are findings, and nothing in a dry run."""

    table: str
    file: str
    dry_run: bool
    rows: int
    unchanged: int
    changes: Sequence[RowChange]
    findings: Sequence[Finding]

    @property
    def is_good(self) -> bool:
        """Whether the file is acceptable."""
        return not self.findings

    def count(self, action: Action) -> int:
        """How many rows are added, changed or deleted."""
        return sum(change.action is action for change in self.changes)
