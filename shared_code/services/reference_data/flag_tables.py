"""Single columns of masters that no feed brings: default rates, salaried flags, time zones.

Source: Data model, "Reference data that no feed brings".
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import Connection, Table

from shared_code.clock import business_date
from shared_code.messaging.events import rates_messages, refresh_message
from shared_code.messaging.message import Message
from shared_code.services.reference_data.codes import read_job_code, read_site, text_of
from shared_code.services.reference_data.decimal_limits import DecimalLimits
from shared_code.services.reference_data.fields import Fields
from shared_code.services.reference_data.inputs_touched import EVERY_YEAR, raise_inputs
from shared_code.services.reference_data.merging import Change, Key, Stored
from shared_code.services.reference_data.reference_table import ImportContext, ReadRow, ReferenceTable
from shared_code.storage import contract_rates, outbox, reference_rows
from shared_code.storage.tables.base import HOURLY_RATE
from shared_code.storage.tables.job_codes import job_codes, site_job_codes
from shared_code.storage.tables.organisation import sites

RATE_LIMITS = DecimalLimits(HOURLY_RATE, Decimal(0), Decimal("999.99"), excludes_lowest=True)
"""What an hourly rate may be.

Source: Calculations, "Records".
"""


def flag_tables() -> list[ReferenceTable]:
    """The tables of this module."""
    return [
        _flag_table(
            job_codes, "job code", {"job_code_id": read_job_code}, "default_hourly_rate", _read_rate, _announce_defaults
        ),
        _flag_table(
            site_job_codes,
            "job code of a site",
            {"site_id": read_site, "job_code_id": read_job_code},
            "is_salaried",
            Fields.flag,
            _announce_flags,
        ),
        _flag_table(sites, "site", {"site_id": read_site}, "time_zone", _read_zone, _announce_zones),
    ]


def _read_rate(fields: Fields, name: str) -> Decimal | None:
    return fields.amount_or_none(name, RATE_LIMITS)


def _read_zone(fields: Fields, name: str) -> str | None:
    zone = fields.text_or_none(name, 50)
    if zone is not None and zone not in _zones():
        fields.note(name, zone, "is no time zone", "a name such as America/New_York, or nothing for the company's own")
    return zone


@cache
def _zones() -> frozenset[str]:
    """The zones that this machine knows; finding them reads a folder tree."""
    return frozenset(available_timezones())


def _flag_table(
    table: Table,
    what: str,
    key: Mapping[str, Callable[[Fields, str], str]],
    column: str,
    read_value: Callable[[Fields, str], Any],
    announce: Callable[[ImportContext, Sequence[Change]], None],
) -> ReferenceTable:
    """A table of which one column of existing rows is changed."""
    rows = _FlagRows(table, key, column, read_value)

    def write(context: ImportContext, changes: Sequence[Change]) -> None:
        rows.write(context, changes)
        announce(context, changes)

    return ReferenceTable(
        name=table.name,
        what=what,
        columns=rows.names,
        key_length=len(key),
        read_key=rows.read_key,
        read=rows.read,
        load=rows.load,
        write=write,
        export=rows.export,
        only_changes=True,
        site_of=(lambda row_key: row_key[0]) if "site_id" in key else (lambda row_key: None),
    )


class _FlagRows:
    """One column of a master in a file and in the database; content is its value."""

    def __init__(
        self,
        table: Table,
        key: Mapping[str, Callable[[Fields, str], str]],
        column: str,
        read_value: Callable[[Fields, str], Any],
    ) -> None:
        self._table = table
        self._key = key
        self._column = column
        self._read_value = read_value
        self.names = [*key, column]

    def read_key(self, fields: Fields) -> Key:
        return tuple(read(fields, name) for name, read in self._key.items())

    def read(self, fields: Fields) -> ReadRow:
        key, value = self.read_key(fields), self._read_value(fields, self._column)
        return ReadRow(key, value, self._cells(value))

    def load(self, connection: Connection, keys: Collection[Key]) -> Mapping[Key, Stored]:
        first_keys = {key[0] for key in keys}
        rows = reference_rows.rows_of(connection, self._table, self.names, list(self._key), first_keys)
        length = len(self._key)
        return {tuple(row[:length]): Stored(row[length], self._cells(row[length]), row.version) for row in rows}

    def write(self, context: ImportContext, changes: Sequence[Change]) -> None:
        keys_by_value: defaultdict[Any, list[Key]] = defaultdict(list)
        for change in changes:
            keys_by_value[change.entry.content].append(change.key)
        where = self._table, list(self._key), self._column
        reference_rows.set_column(context.connection, *where, keys_by_value, context.operator, context.now)

    def export(self, connection: Connection) -> Iterator[Mapping[str, Any]]:
        for row in reference_rows.rows_of(connection, self._table, self.names, list(self._key), None):
            yield {name: text_of(value) for name, value in zip((*self.names, "version"), row, strict=False)}

    def _cells(self, value: Any) -> dict[str, str]:
        return {} if value is None else {self._column: text_of(value)}


def _announce_defaults(context: ImportContext, changes: Sequence[Change]) -> None:
    """A default rate concerns every site that uses the code, in whatever year a rate is missing."""
    _announce_rates(context, contract_rates.pairs_of_codes(context.connection, {change.key[0] for change in changes}))


def _announce_flags(context: ImportContext, changes: Sequence[Change]) -> None:
    """A salaried code is paid by its salary and no longer by its rate."""
    _announce_rates(context, [(change.key[0], change.key[1]) for change in changes])


def _announce_rates(context: ImportContext, pairs: Iterable[tuple[str, str]]) -> None:
    codes: defaultdict[str, list[str]] = defaultdict(list)
    for site_id, job_code in pairs:
        codes[site_id].append(job_code)
    raised = raise_inputs(context, dict.fromkeys(codes, EVERY_YEAR))
    today = business_date(context.runtime.clock, context.runtime.settings.business_time_zone)
    who = context.now, context.operator, context.request_id
    messages: list[Message] = []
    for site_id, job_codes_of_site in codes.items():
        messages += rates_messages(site_id, job_codes_of_site, today, raised[site_id], *who)
    outbox.append(context.connection, messages, context.now)


def _announce_zones(context: ImportContext, changes: Sequence[Change]) -> None:
    """Another time zone may mean another business date, and so other kinds of months; no event tells of it."""
    raised = raise_inputs(context, {change.key[0]: EVERY_YEAR for change in changes})
    messages = [
        refresh_message("RefreshRequested", site_id, year, version, context.now, context.request_id)
        for site_id, versions in raised.items()
        for year, version in versions.items()
    ]
    outbox.append(context.connection, messages, context.now)
