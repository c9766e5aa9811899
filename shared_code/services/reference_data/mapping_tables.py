"""Mapping tables and currency rates: rows by key, merged as they are.

They are no inputs of a figure by themselves: a change works from the next load of its feed.

Source: Data model, "Reference data that no feed brings"; Source side, "Transformation rules".
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Table

from shared_code.services.reference_data.codes import read_account, read_job_code, read_site, text_of, unknown
from shared_code.services.reference_data.decimal_limits import DecimalLimits
from shared_code.services.reference_data.fields import Fields
from shared_code.services.reference_data.merging import Change, Key, Stored
from shared_code.services.reference_data.reference_table import Check, ImportContext, ReadRow, ReferenceTable
from shared_code.services.reference_data.report import Action, Finding
from shared_code.services.reference_data.spans import Span, overlaps
from shared_code.sql.types import ExactDecimal
from shared_code.storage import reference_rows
from shared_code.storage.tables import mappings
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.job_codes import job_codes, job_families
from shared_code.storage.tables.organisation import sites


class RevenueCategory(StrEnum):
    """What a revenue code or text may stand for.

    Source: Source side, "Revenue codes".
    """

    VALET_DAILY = "valet_daily"
    VALET_OVERNIGHT = "valet_overnight"
    VALET_MONTHLY = "valet_monthly"
    VALET_AGGREGATOR = "valet_aggregator"
    SELF_DAILY = "self_daily"
    SELF_OVERNIGHT = "self_overnight"
    SELF_MONTHLY = "self_monthly"
    SELF_AGGREGATOR = "self_aggregator"
    VALET_COMPS = "valet_comps"
    SELF_COMPS = "self_comps"
    OTHER_REVENUE = "other_revenue"


class Sign(StrEnum):
    """Whether a source account keeps or changes its sign."""

    SAME = "1"
    OPPOSITE = "-1"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a mapping table and how a file's field becomes its value."""

    name: str
    read: Callable[[Fields, str], Any]


def mapping_tables() -> list[ReferenceTable]:
    """The tables of this module."""
    return [*_job_tables(), *_money_tables()]


def _job_tables() -> list[ReferenceTable]:
    """What the job codes and profiles of the sources stand for."""
    return [
        _mapping_table(
            mappings.job_family_mappings,
            "job family mapping",
            (Column("source_code", _read_source_code),),
            (Column("job_family_id", _text(50)),),
            _check_families,
        ),
        _mapping_table(
            mappings.job_profile_mappings,
            "job profile mapping",
            (
                Column("site_id", read_site),
                Column("job_profile", _upper_text(100)),
                Column("job_code_id", read_job_code),
                Column("effective_from", Fields.month),
            ),
            (Column("effective_to", Fields.month_or_none), Column("source", _text(10, default="manual"))),
            _check_profiles,
        ),
        _mapping_table(
            mappings.excluded_job_profiles,
            "excluded job profile",
            (Column("job_profile", _upper_text(100)),),
            (Column("reason", _text(40)),),
        ),
    ]


def _money_tables() -> list[ReferenceTable]:
    """What the accounts, revenue codes and currencies of the sources stand for."""
    return [
        _mapping_table(
            mappings.account_mappings,
            "account mapping",
            (Column("source_account", _upper_text(30)), Column("effective_from", Fields.month)),
            (
                Column("main_account", read_account),
                Column("sign_factor", _read_sign),
                Column("effective_to", Fields.month_or_none),
            ),
            _check_accounts,
        ),
        _mapping_table(
            mappings.revenue_code_mappings,
            "revenue code mapping",
            (Column("code_or_text", _upper_text(100)),),
            (Column("category", lambda fields, name: fields.choice(name, RevenueCategory).value),),
        ),
        _mapping_table(
            mappings.currency_rates,
            "currency rate",
            (Column("currency", _read_currency), Column("period", Fields.month)),
            (Column("rate_to_usd", lambda fields, name: fields.amount(name, _RATE)),),
        ),
    ]


_RATE = DecimalLimits(ExactDecimal(19, 8), lowest=Decimal(0), excludes_lowest=True)
_SOURCE_CODE = re.compile(r"[A-Z0-9 _.-]{1,49}\*?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def _read_source_code(fields: Fields, name: str) -> str:
    return fields.code(name, _SOURCE_CODE, "a job code of up to 49 characters, or its beginning and *")


def _read_currency(fields: Fields, name: str) -> str:
    return fields.code(name, _CURRENCY, "three letters, for instance EUR")


def _read_sign(fields: Fields, name: str) -> int:
    return int(fields.choice(name, Sign))


def _text(length: int, *, default: str | None = None) -> Callable[[Fields, str], str]:
    return lambda fields, name: fields.text(name, length, default=default)


def _upper_text(length: int) -> Callable[[Fields, str], str]:
    """A key that is compared in upper case."""
    return lambda fields, name: fields.upper_text(name, length)


def _mapping_table(
    table: Table,
    what: str,
    key: Sequence[Column],
    values: Sequence[Column],
    check: Check = lambda connection, changes, stored: (),
) -> ReferenceTable:
    """A mapping table with these columns."""
    rows = _MappingRows(table, key, values)
    starts_with_site = key[0].name == "site_id"
    return ReferenceTable(
        name=table.name,
        what=what,
        columns=rows.names,
        key_length=len(key),
        read_key=rows.read_key,
        read=rows.read,
        load=rows.load,
        write=rows.write,
        export=rows.export,
        check=check,
        in_integration=True,
        site_of=(lambda row_key: row_key[0]) if starts_with_site else (lambda row_key: None),
    )


class _MappingRows:
    """The rows of a mapping table in a file and in the database; content is the values in the order of `names`."""

    def __init__(self, table: Table, key: Sequence[Column], values: Sequence[Column]) -> None:
        self._table = table
        self._key = key
        self._values = values
        self.names = [column.name for column in (*key, *values)]
        self._key_names = self.names[: len(key)]

    def read_key(self, fields: Fields) -> Key:
        return tuple(column.read(fields, column.name) for column in self._key)

    def read(self, fields: Fields) -> ReadRow:
        key = self.read_key(fields)
        values = [column.read(fields, column.name) for column in self._values]
        return ReadRow(key, (*key, *values), self._cells(values))

    def load(self, connection: Connection, keys: Collection[Key]) -> Mapping[Key, Stored]:
        first_keys = {key[0] for key in keys}
        rows = reference_rows.rows_of(connection, self._table, self.names, self._key_names, first_keys)
        length = len(self._key)
        return {
            tuple(row[:length]): Stored(row, self._cells(row[length : len(self.names)]), row.version) for row in rows
        }

    def write(self, context: ImportContext, changes: Sequence[Change]) -> None:
        deleted = [change.key for change in changes if change.action is Action.DELETE]
        added = [change.entry.content for change in changes if change.action is Action.ADD]
        replaced = [
            (change.entry.content, change.stored.content)
            for change in changes
            if change.action is Action.CHANGE and change.stored is not None
        ]
        connection, who = context.connection, (context.operator, context.now)
        if deleted:
            reference_rows.delete_rows(connection, self._table, self._key_names, deleted)
        if replaced:
            reference_rows.replace_rows(connection, self._table, self.names, len(self._key), replaced, *who)
        reference_rows.add_rows(connection, self._table, self.names, added, *who)

    def export(self, connection: Connection) -> Iterator[Mapping[str, Any]]:
        for row in reference_rows.rows_of(connection, self._table, self.names, self._key_names, None):
            yield {name: text_of(value) for name, value in zip((*self.names, "version"), row, strict=False)}

    def _cells(self, values: Sequence[Any]) -> dict[str, str]:
        named = zip(self._values, values, strict=True)
        return {column.name: text_of(value) for column, value in named if value is not None}


def _check_families(
    connection: Connection,
    changes: Sequence[Change],
    stored: Mapping[Key, Stored],  # noqa: ARG001 - the signature of a check
) -> Iterator[Finding]:
    named = [(change, "job_family_id", _value(change, 1)) for change in changes]
    yield from unknown(connection, job_families.c.job_family_id, "job family", named)


def _check_profiles(
    connection: Connection, changes: Sequence[Change], stored: Mapping[Key, Stored]
) -> Iterator[Finding]:
    yield from unknown(connection, sites.c.site_id, "site", [(change, "site_id", change.key[0]) for change in changes])
    named = [(change, "job_code_id", change.key[2]) for change in changes]
    yield from unknown(connection, job_codes.c.job_code_id, "job code", named)
    yield from _check_months(changes, stored, first=3, last=4)


def _check_accounts(
    connection: Connection, changes: Sequence[Change], stored: Mapping[Key, Stored]
) -> Iterator[Finding]:
    named = [(change, "main_account", _value(change, 2)) for change in changes]
    yield from unknown(connection, accounts.c.main_account, "account of the chart", named)
    yield from _check_months(changes, stored, first=1, last=4)


def _value(change: Change, position: int) -> str:
    return "" if change.entry.content is None else str(change.entry.content[position])


def _check_months(
    changes: Sequence[Change], stored: Mapping[Key, Stored], *, first: int, last: int
) -> Iterator[Finding]:
    """Rows that differ only in their months must not overlap; columns `first` and `last` hold the months.

    What they share is the part of the key before the first month, which is the last column of the key.
    """
    after = {key: row.content for key, row in stored.items()}
    place = {}
    for change in changes:
        after.pop(change.key, None)
        if change.action is not Action.DELETE:
            after[change.key], place[change.key] = change.entry.content, change.entry.place
    spans = []
    for key, row in after.items():
        if row[last] is not None and row[last] < row[first]:
            if key in place:
                yield Finding(place[key], "effective_to", row[last], "lies before effective_from", "a later month")
        else:
            spans.append(Span(key[:-1], row[first], row[last], place.get(key)))
    for earlier, later in overlaps(spans):
        where = later.place or earlier.place
        if where is not None:
            problem = f"begins in {later.first}, before the row from {earlier.first} has ended"
            yield Finding(where, "effective_from", None, problem, "months that do not overlap")
