"""What a feed is: where it reads, how a row becomes ours, and how staged rows are published.

Source: Source side, "Incremental strategy" and "Data-quality rules".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Connection, Table

from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.sources.warehouse.window import Window
from shared_code.storage.publication import RunStamp, SliceChanges
from shared_code.storage.runs import Reject, RunSource


@dataclass(frozen=True, slots=True)
class Slice:
    """One read of a feed: a kind of window under a name, so that runs of one kind can be compared.

    `optional` slices may be empty (next year's budget before it is made). With `updated_since` only what has changed
    since then is asked for, which may be nothing.
    """

    name: str
    window: Window
    optional: bool = False
    updated_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class SliceRequest:
    """What is to be read: the business date of the run, and a stretch of days when one is asked for again."""

    as_of: date
    date_from: date | None = None
    date_to: date | None = None

    @property
    def stretch(self) -> tuple[date, date] | None:
        """First and last day of the stretch asked for; None for the feed's own window."""
        if self.date_from is None or self.date_to is None:
            return None
        return self.date_from, self.date_to


@dataclass(frozen=True, slots=True)
class Control:
    """What the source says about a slice: rows, rows with every required field, sums by measure.

    `sums` are those of the rows that the read must deliver; None where the source gives none.
    """

    rows: int
    complete_rows: int
    sums: Mapping[str, Decimal] | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A part of a reading: rows, and rows that were refused or ignored when they were read.

    `rows_read` counts the rows of the source that it stands for. With `starts_over` the source has begun again:
    whatever the reading brought before does not count.
    """

    rows: Sequence[tuple[Any, ...]]
    rows_read: int
    rejects: Sequence[Reject] = ()
    ignored: int = 0
    starts_over: bool = False


class Reading(Protocol):
    """A read of one slice that is under way."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of a row's values, in order."""
        ...

    def control(self) -> Control | None:
        """What the source says beforehand; None where it says nothing (an API that is read page by page)."""
        ...

    def parts(self) -> Iterator[Batch]:
        """The rows, some thousands at a time."""
        ...

    def sources(self, content_hash: bytes) -> Sequence[RunSource]:
        """Where the rows came from, once they have been read."""
        ...


@dataclass(slots=True)
class Transformed:
    """Rows as they are staged (values in the order of the feed's columns), refused rows, and rows of unknown sites."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    ignored: int = 0


Transform = Callable[[Sequence[tuple[Any, ...]]], Transformed]


@dataclass(frozen=True, slots=True)
class Publication:
    """The transaction that publishes a slice."""

    connection: Connection
    runtime: Runtime
    run: RunStamp
    slice: Slice
    as_of: date

    @property
    def moment(self) -> datetime:
        """When the rows are published."""
        return self.run.loaded_at


@dataclass(frozen=True, slots=True)
class Published:
    """What publication wrote. `event` announces the touched sites and months; None when nobody waits for them.

    `content_through` is the newest day with a value, for feeds that bring days: it decides whether they are fresh.
    """

    changes: SliceChanges
    event: str | None = None
    content_through: date | None = None
    inputs_of_all_sites: bool = False
    """The change concerns every stored P&L, for instance a new line of an account."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed under its name; `columns` are those of `staging` that a transformed row fills, in order."""

    name: str
    flow: str
    staging: Table
    columns: tuple[str, ...]
    slices: Callable[[Runtime, SliceRequest], Sequence[Slice]]
    open: Callable[[Runtime, Slice], AbstractContextManager[Reading]]
    transform: Callable[[Runtime, Connection, Slice, Reading], Transform]
    publish: Callable[[Publication], Published]
    watermark: Callable[[Reading], str | None] = field(default=lambda reading: None)
    also_staged: tuple[Table, ...] = ()
    """Further staging tables that publication fills, kept as long as `staging`."""
    is_used: Callable[[Settings], bool] = field(default=lambda settings: True)
    """Whether the settings call for the feed; one that they do not call for is not read, even when it is named."""
