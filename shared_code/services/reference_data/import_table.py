"""Import of a table of reference data: the file is checked whole, then stored in one transaction or not at all.

Source: Data model, "Reference data that no feed brings".
"""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from shared_code.errors import ConflictError
from shared_code.services.held_lease import held
from shared_code.services.reference_data.audit_trail import audit_import, shown_changes
from shared_code.services.reference_data.catalogue import table_named
from shared_code.services.reference_data.fields import Fields
from shared_code.services.reference_data.file_rows import FileRow, file_rows
from shared_code.services.reference_data.merging import Change, Entry, Merged, merge
from shared_code.services.reference_data.reference_table import DELETE, VERSION, ImportContext, ReadRow, ReferenceTable
from shared_code.services.reference_data.report import Finding, ImportReport
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import versions

LEASE = "data:import"
"""Held by every import: two never work at once."""

HIGHEST_VERSION = 999_999_999


def import_table(
    runtime: Runtime, table_name: str, file: Path, *, dry_run: bool = False, operator: str
) -> ImportReport:
    """Bring the table to what `file` says of it, unless there are findings; `dry_run` only reports.

    Rows are merged by key: those that the file does not name stay. A row that is stored already has to bring back the
    version that an export showed. With the rows go audit entries in the name of `operator`, the versions of the inputs
    that they are, and the events.

    Raises `InvalidInputError` for an unknown table and a file that cannot be read, `NotFoundError` when there is no
    file, `ConflictError` when another import is running or somebody changes the same rows at this moment.

    Source: Data model, "Reference data that no feed brings".
    """
    table = table_named(table_name)
    rows, findings = file_rows(file, table.formats)
    entries = _read(table, rows, findings)
    if dry_run:
        with runtime.database.reading() as connection:
            merged = _compare(connection, table, entries, findings)
            return _report(connection, table, file, rows, merged, dry_run=True)
    with held(runtime.database, LEASE, runtime.settings.lease_ttl_s) as lease:
        if lease is None:
            raise ConflictError(
                "Reference data is being imported already. Try again when that import has ended.",
                details={"reason": "import_in_progress"},
            )
        try:
            with runtime.database.writing() as connection:
                merged = _compare(connection, table, entries, findings)
                report = _report(connection, table, file, rows, merged, dry_run=False)
                if report.is_good and merged.changes:
                    context = ImportContext(runtime, connection, operator, runtime.clock.now(), new_identifier())
                    table.write(context, merged.changes)
                    versions.raise_versions(connection, [versions.SHARED_TAG], context.now)
                    audit_import(context, table, merged.changes, report.changes)
                return report
        except IntegrityError as error:
            raise ConflictError(
                f"Rows of {table.name} were changed by somebody else at the same moment. Nothing was imported.",
                details={"reason": "version"},
            ) from error


def _read(table: ReferenceTable, rows: Iterable[FileRow], findings: list[Finding]) -> list[Entry]:
    """The rows that can be understood; what cannot is added to `findings`."""
    entries = []
    for row in rows:
        own: list[Finding] = []
        entry = _read_row(table, row, Fields(row.place, row.values, own))
        if not own:
            entries.append(entry)
        findings += own
    return entries


def _read_row(table: ReferenceTable, row: FileRow, fields: Fields) -> Entry:
    is_deleted = fields.flag(DELETE, default=False)
    version = fields.whole_or_none(VERSION, 1, HIGHEST_VERSION)
    if is_deleted:
        return Entry(row.place, table.read_key(fields), None, {}, version, is_deleted=True)
    read: ReadRow = table.read(fields)
    fields.refuse_others(DELETE, VERSION)
    return Entry(row.place, read.key, read.content, read.cells, version, is_deleted=False)


def _compare(
    connection: Connection, table: ReferenceTable, entries: list[Entry], findings: Iterable[Finding]
) -> Merged:
    """What the file does to what is stored, with everything that was found before and is found now."""
    stored = table.load(connection, {entry.key for entry in entries}) if entries else {}
    merged = merge(entries, stored, only_changes=table.only_changes, what=table.what)
    found: list[Finding] = [*findings, *merged.findings, *table.check(connection, merged.changes, stored)]
    return Merged(merged.changes, merged.unchanged, found)


def _report(
    connection: Connection, table: ReferenceTable, file: Path, rows: list[FileRow], merged: Merged, *, dry_run: bool
) -> ImportReport:
    changes: list[Change] = list(merged.changes)
    hidden = table.hidden(connection, changes) if changes else ()
    return ImportReport(
        table=table.name,
        file=str(file),
        dry_run=dry_run,
        rows=len(rows),
        unchanged=merged.unchanged,
        changes=shown_changes(changes, hidden),
        findings=tuple(merged.findings),
    )
