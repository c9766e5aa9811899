"""How rows of a source become staged rows: the parts that every feed shares.

Source: Source side, "Data-quality rules".
"""

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

from shared_code.services.extraction.feed import Transformed
from shared_code.services.extraction.quality import is_plausible
from shared_code.storage.runs import Reject

MASK = "***"
"""What stands in a reject for a value that must not be kept, such as a salary."""


class RowPicker:
    """Values of a row by the names of its columns, in the order asked for; `masked` ones are hidden in rejects."""

    def __init__(self, columns: Sequence[str], wanted: Sequence[str], masked: Collection[str] = ()) -> None:
        self.columns = tuple(columns)
        self._masked = masked
        self.pick = itemgetter(*[self.columns.index(name) for name in wanted])

    def are_plausible(self, rows: Sequence[tuple[Any, ...]], measures: Sequence[str]) -> bool:
        """Whether these measures of all rows lie within the limits: one look at a batch spares one at every row."""
        for position in map(self.columns.index, measures):
            present = [row[position] for row in rows if row[position] is not None]
            if present and not (is_plausible(min(present)) and is_plausible(max(present))):
                return False
        return True

    def refuse(self, done: Transformed, row: tuple[Any, ...], reason: str, field: str, key: str | None) -> None:
        """Put `row` among the refused ones."""
        raw = dict(zip(self.columns, row, strict=True))
        done.rejects.append(Reject(reason, field, masked_row(raw, self._masked), key))


def masked_row(row: Mapping[str, Any], masked: Collection[str]) -> dict[str, Any]:
    """A row as a reject keeps it: values of `masked` columns are hidden.

    Source: Data model, "Masking".
    """
    return {name: MASK if name in masked and value is not None else value for name, value in row.items()}


def implausible(names: Sequence[str], values: Sequence[Any]) -> str | None:
    """The name of the first measure outside the limits; None when all are plausible."""
    present = [value for value in values if value is not None]
    if not present or (is_plausible(min(present)) and is_plausible(max(present))):
        return None
    return next(name for name, value in zip(names, values, strict=True) if not is_plausible(value))
