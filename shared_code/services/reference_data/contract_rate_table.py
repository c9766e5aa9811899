"""Hourly rates of method `contract`: they come before every calculated rate while they are in force.

Source: Data model, "Reference data that no feed brings" and "Job codes and rates" (history and effective dating).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from shared_code.domain.rates_in_force import RateMethod
from shared_code.errors import ConflictError
from shared_code.messaging.events import rates_messages
from shared_code.messaging.message import Message
from shared_code.services.reference_data.codes import read_job_code, read_site, text_of, unknown
from shared_code.services.reference_data.fields import Fields
from shared_code.services.reference_data.flag_tables import RATE_LIMITS
from shared_code.services.reference_data.inputs_touched import raise_inputs
from shared_code.services.reference_data.merging import Change, Key, Stored
from shared_code.services.reference_data.reference_table import ImportContext, ReadRow, ReferenceTable
from shared_code.services.reference_data.report import Action, Finding
from shared_code.storage import contract_rates, outbox
from shared_code.storage.contract_rates import ContractRate
from shared_code.storage.tables.job_codes import job_codes
from shared_code.storage.tables.organisation import sites

_COLUMNS = ("site_id", "job_code_id", "effective_date", "hourly_rate", "end_date", "reason")


def contract_rate_table() -> ReferenceTable:
    """The contract rows of `site_job_code_rates`."""
    return ReferenceTable(
        name="site_job_code_rates",
        what="contract rate",
        columns=_COLUMNS,
        key_length=3,
        read_key=_read_key,
        read=_read,
        load=_load,
        write=_write,
        export=_export,
        check=_check,
        site_of=lambda key: key[0],
        hidden=_hidden,
    )


def _read_key(fields: Fields) -> Key:
    return (read_site(fields), read_job_code(fields), fields.day("effective_date").isoformat())


def _read(fields: Fields) -> ReadRow:
    site_id, job_code, first = _read_key(fields)
    effective_date, last = date.fromisoformat(first), fields.day_or_none("end_date")
    if last is not None and last < effective_date:
        fields.note("end_date", last, "lies before effective_date", "a later date, or nothing")
    rate = ContractRate(
        site_id,
        job_code,
        effective_date,
        fields.amount("hourly_rate", RATE_LIMITS),
        last,
        fields.text_or_none("reason", 2000),
    )
    return ReadRow((site_id, job_code, first), rate, _cells(rate))


def _cells(rate: ContractRate) -> dict[str, str]:
    values = {"hourly_rate": rate.hourly_rate, "end_date": rate.end_date, "reason": rate.reason}
    return {name: text_of(value) for name, value in values.items() if value is not None}


def _key_of(rate: ContractRate) -> Key:
    return (rate.site_id, rate.job_code_id, rate.effective_date.isoformat())


def _load(connection: Connection, keys: Collection[Key]) -> Mapping[Key, Stored]:
    rows = contract_rates.entered_rates(connection, {key[0] for key in keys})
    return {
        _key_of(row.rate): Stored(row.rate, _cells(row.rate), row.version)
        for row in rows
        if row.method is RateMethod.CONTRACT
    }


def _check(
    connection: Connection,
    changes: Sequence[Change],
    stored: Mapping[Key, Stored],  # noqa: ARG001 - the signature of a check
) -> Iterator[Finding]:
    named_sites = [(change, "site_id", change.key[0]) for change in changes]
    named_codes = [(change, "job_code_id", change.key[1]) for change in changes]
    yield from unknown(connection, sites.c.site_id, "site", named_sites)
    yield from unknown(connection, job_codes.c.job_code_id, "job code", named_codes)


def _hidden(connection: Connection, changes: Sequence[Change]) -> set[Key]:
    """Rates of salaried codes are not shown."""
    is_salaried = contract_rates.site_codes(connection, {change.key[0] for change in changes})
    return {change.key for change in changes if is_salaried.get((change.key[0], change.key[1]))}


def _write(context: ImportContext, changes: Sequence[Change]) -> None:
    connection, who = context.connection, (context.operator, context.now)
    pairs = {(change.key[0], change.key[1]) for change in changes}
    busy = contract_rates.busy_pairs(connection, pairs, context.now)
    if busy:
        raise ConflictError(
            f"Rates are being entered by somebody else just now ({', '.join(busy[:3])}). Try again.",
            details={"reason": "write_in_progress"},
        )
    rows = contract_rates.entered_rates(connection, {site_id for site_id, _ in pairs})
    withdrawn = {change.stored.content.key for change in changes if change.action is Action.DELETE and change.stored}
    wanted = {
        change.entry.content.key: change.entry.content for change in changes if change.action is not Action.DELETE
    }
    contract_rates.enter_pairs(connection, {key[:2] for key in wanted}, *who)
    of_pairs = [row for row in rows if row.rate.key[:2] in pairs]
    contract_rates.write_history(connection, contract_rates.plan_history(of_pairs, withdrawn, wanted), *who)
    _announce(context, changes)


def _announce(context: ImportContext, changes: Sequence[Change]) -> None:
    """One event a site and effective date; from the year of the first one on, all figures depend on the rate."""
    codes: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    first_years: dict[str, int] = {}
    for change in changes:
        site_id, job_code, day = change.key
        codes[site_id, day].add(job_code)
        first_years[site_id] = min(first_years.get(site_id, 9999), int(day[:4]))
    raised = raise_inputs(context, first_years)
    messages: list[Message] = []
    who = context.now, context.operator, context.request_id
    for (site_id, day), job_codes_of_day in sorted(codes.items()):
        messages += rates_messages(site_id, job_codes_of_day, date.fromisoformat(day), raised[site_id], *who)
    outbox.append(context.connection, messages, context.now)


def _export(connection: Connection) -> Iterator[Mapping[str, Any]]:
    for row in contract_rates.contract_rates(connection):
        values = [getattr(row.rate, name) for name in _COLUMNS]
        yield {name: text_of(value) for name, value in zip((*_COLUMNS, "version"), [*values, row.version], strict=True)}
