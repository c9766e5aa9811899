"""What the audit trail keeps of an import: one entry a changed field, and one for the import as a whole.

Source: Data model, "Audit, messages, leases, cache" and "Masking".
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from shared_code.services.reference_data.merging import Change, Key
from shared_code.services.reference_data.reference_table import ImportContext, ReferenceTable
from shared_code.services.reference_data.report import Action, ChangedCell, RowChange
from shared_code.storage import audit
from shared_code.storage.audit import AuditEntry

MODULE = "reference-data"
"""Name of these changes in the trail."""

PAY_FIELD = "hourly_rate"
"""The field that is not shown of a salaried code."""

LONGEST_VALUE, LONGEST_KEY, LONGEST_FIELD = 2000, 200, 60


def shown_changes(changes: Sequence[Change], hidden: Collection[Key]) -> list[RowChange]:
    """The changes as they may be seen; rows in `hidden` do not show their pay."""
    return [_without_pay(change.shown) if change.key in hidden else change.shown for change in changes]


def audit_import(
    context: ImportContext, table: ReferenceTable, changes: Sequence[Change], shown: Sequence[RowChange]
) -> None:
    """Write down the `changes` with their fields as `shown`."""
    entries = [*_entries(context, table, changes, shown), _event(context, table, changes)]
    audit.add_entries(context.connection, entries, context.now, in_integration=table.in_integration)


def _entries(
    context: ImportContext, table: ReferenceTable, changes: Sequence[Change], shown: Sequence[RowChange]
) -> Iterator[AuditEntry]:
    """One entry a field; a row that says nothing besides its key has one without a field."""
    for change, row in zip(changes, shown, strict=True):
        for cell in row.cells or (ChangedCell("", None, None),):
            yield AuditEntry(
                user_id=context.operator,
                module=MODULE,
                item_key=f"{table.name}: {row.key}"[:LONGEST_KEY],
                source="import",
                site_id=table.site_of(change.key),
                field=cell.field[:LONGEST_FIELD] or None,
                old_value=None if cell.old is None else cell.old[:LONGEST_VALUE],
                new_value=None if cell.new is None else cell.new[:LONGEST_VALUE],
                version=change.new_version,
                reason=None if cell.field else change.action.value,
                request_id=context.request_id,
            )


def _event(context: ImportContext, table: ReferenceTable, changes: Sequence[Change]) -> AuditEntry:
    counts = [f"{sum(change.action is action for change in changes)} {action.value}" for action in Action]
    return AuditEntry(
        user_id=context.operator,
        module=MODULE,
        item_key=table.name,
        source="import",
        new_value=", ".join(counts),
        request_id=context.request_id,
    )


def _without_pay(row: RowChange) -> RowChange:
    return replace(
        row,
        cells=[
            ChangedCell(cell.field, cell.old and audit.HIDDEN, cell.new and audit.HIDDEN)
            if cell.field == PAY_FIELD
            else cell
            for cell in row.cells
        ],
    )
