"""What a table of reference data must say of itself to be imported and exported.

Source: Data model, "Reference data that no feed brings".
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from shared_code.services.reference_data.fields import Fields
from shared_code.services.reference_data.file_rows import CSV, YAML
from shared_code.services.reference_data.merging import Cells, Change, Key, Stored
from shared_code.services.reference_data.report import Finding
from shared_code.services.runtime import Runtime

VERSION, DELETE = "version", "delete"
"""Columns that every file may have: the version that a row brings back, and whether it goes."""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as a table understands it: its key, what becomes of it, and what it says."""

    key: Key
    content: Any
    cells: Cells


@dataclass(frozen=True, slots=True)
class ImportContext:
    """One import on its way into the database: its transaction, who runs it, when, and the number of the request."""

    runtime: Runtime
    connection: Connection
    operator: str
    now: datetime
    request_id: str


Check = Callable[[Connection, Sequence[Change], Mapping[Key, Stored]], Iterable[Finding]]
"""Findings about changes, seen together with the stored rows around them."""


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """A table of reference data.

    `what` names one row in sentences, `columns` are those of a file, the first `key_length` of them the key.

    `read_key` reads the key of a row and `read` a whole one; what is wrong is noted in the fields. `load` finds the
    rows of some keys, and those around them, before anybody else can change them. `check` finds what only shows in the
    database and between rows. `write` carries out changes with everything that follows from them. `export` gives all
    rows as a file has them. `site_of` names the site that a row belongs to, for the audit trail; `hidden` the rows
    whose pay the trail must not show.
    """

    name: str
    what: str
    columns: Sequence[str]
    key_length: int
    read_key: Callable[[Fields], Key]
    read: Callable[[Fields], ReadRow]
    load: Callable[[Connection, Collection[Key]], Mapping[Key, Stored]]
    write: Callable[[ImportContext, Sequence[Change]], None]
    export: Callable[[Connection], Iterator[Mapping[str, Any]]]
    check: Check = lambda connection, changes, stored: ()
    formats: Sequence[str] = (CSV, YAML)
    only_changes: bool = False
    in_integration: bool = False
    site_of: Callable[[Key], str | None] = lambda key: None
    hidden: Callable[[Connection, Sequence[Change]], Collection[Key]] = lambda connection, changes: ()
