"""Rows of a file against the rows that are stored: what is added, changed, deleted, and what refuses the file.

Source: Data model, "Reference data that no feed brings".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared_code.services.reference_data.report import Action, ChangedCell, Finding, RowChange, shown

Key = tuple[str, ...]
"""The key of a row, as texts."""

Cells = Mapping[str, str]
"""What a row says besides its key: texts by field, without the fields that have no value."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the file. `content` is what the table makes of it; `version` the one that it brings back."""

    place: str
    key: Key
    content: Any
    cells: Cells
    version: int | None
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """A row as it is stored; `content` is of the same kind as that of an entry."""

    content: Any
    cells: Cells
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """A row that becomes another one; `stored` None for a new one."""

    action: Action
    entry: Entry
    stored: Stored | None

    @property
    def key(self) -> Key:
        """The key of the row."""
        return self.entry.key

    @property
    def new_version(self) -> int | None:
        """The version that the change produces; None for a row that is gone."""
        if self.action is Action.DELETE:
            return None
        return 1 if self.stored is None else self.stored.version + 1

    @property
    def shown(self) -> RowChange:
        """The change with the fields that become others."""
        old = {} if self.stored is None else self.stored.cells
        new = {} if self.action is Action.DELETE else self.entry.cells
        changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        cells = tuple(ChangedCell(name, old.get(name), new.get(name)) for name in changed)
        return RowChange(self.action, " ".join(self.key), cells)


@dataclass(frozen=True, slots=True)
class Merged:
    """The changes that a file asks for, how many of its rows are stored like that already, and what refuses it."""

    changes: Sequence[Change]
    unchanged: int
    findings: Sequence[Finding]


def merge(entries: Iterable[Entry], stored: Mapping[Key, Stored], *, only_changes: bool, what: str) -> Merged:
    """What `entries` do to the rows in `stored`; `what` names a row in findings.

    `only_changes`: rows are neither added nor deleted.
    """
    changes: list[Change] = []
    findings: list[Finding] = []
    unchanged = 0
    for entry in _each_once(entries, findings):
        known = stored.get(entry.key)
        finding = _version_finding(entry, known, what, only_changes=only_changes)
        if finding is not None:
            findings.append(finding)
        elif known is None:
            changes.append(Change(Action.ADD, entry, None))
        elif entry.is_deleted:
            changes.append(Change(Action.DELETE, entry, known))
        elif dict(entry.cells) != dict(known.cells):
            changes.append(Change(Action.CHANGE, entry, known))
        else:
            unchanged += 1
    return Merged(changes, unchanged, findings)


def _each_once(entries: Iterable[Entry], findings: list[Finding]) -> list[Entry]:
    """The entries by key; a second one of a key is a finding."""
    seen: dict[Key, Entry] = {}
    for entry in entries:
        earlier = seen.setdefault(entry.key, entry)
        if earlier is not entry:
            key = shown(" ".join(entry.key))
            findings.append(
                Finding(entry.place, None, key, f"stands in the file already ({earlier.place})", "each key once")
            )
    return list(seen.values())


def _version_finding(entry: Entry, known: Stored | None, what: str, *, only_changes: bool) -> Finding | None:
    """Why the row of the file does not fit the row that is stored, or that is not."""
    key = shown(" ".join(entry.key))
    if only_changes and entry.is_deleted:
        return Finding(entry.place, "delete", "true", f"does not go: a {what} is only changed here", "no delete")
    if known is None:
        if only_changes:
            return Finding(entry.place, None, key, f"is no {what}", f"a {what} that is stored")
        if entry.is_deleted or entry.version is not None:
            return Finding(
                entry.place, None, key, f"is no {what} that is stored, or no longer", "a new row: no version"
            )
        return None
    if entry.version is None:
        problem = f"is stored already, as version {known.version}; the row has none"
        return Finding(entry.place, "version", None, problem, "the version of an export")
    if entry.version != known.version:
        problem = f"is not the version that is stored: the row has meanwhile become version {known.version}"
        return Finding(entry.place, "version", str(entry.version), problem, "the version of a new export")
    return None
