"""Contracts with all their terms, one document a contract; its key is the site and the day of its start.

Source: Data model, "Reference data that no feed brings" and "Contract terms".
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from shared_code.domain.months import months_of_year
from shared_code.domain.site_scope import SiteScope
from shared_code.messaging.events import contract_messages
from shared_code.services.reference_data.codes import read_site, unknown
from shared_code.services.reference_data.contract_document import cells_of, document_of
from shared_code.services.reference_data.contract_reading import read_contract
from shared_code.services.reference_data.fields import Fields
from shared_code.services.reference_data.file_rows import YAML
from shared_code.services.reference_data.inputs_touched import raise_inputs
from shared_code.services.reference_data.merging import Change, Key, Stored
from shared_code.services.reference_data.reference_table import VERSION, ImportContext, ReadRow, ReferenceTable
from shared_code.services.reference_data.report import Action, Finding
from shared_code.services.reference_data.spans import Span, overlaps
from shared_code.sql.types import new_identifier
from shared_code.storage import outbox
from shared_code.storage.contract_writing import add_contracts, replace_contracts, withdraw_contracts
from shared_code.storage.contracts import StoredContract, load_contracts
from shared_code.storage.sites import site_ids
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.organisation import sites

SITES_PER_READ = 500
"""Sites whose contracts are held at once while all are exported."""

_KEY = ("site_id", "contract_start")


def contract_table() -> ReferenceTable:
    """The contracts."""
    return ReferenceTable(
        name="contracts",
        what="contract",
        columns=_KEY,
        key_length=len(_KEY),
        read_key=_read_key,
        read=_read,
        load=_load,
        write=_write,
        export=_export,
        check=_check,
        formats=(YAML,),
        site_of=lambda key: key[0],
    )


def _read_key(fields: Fields) -> Key:
    return (read_site(fields), fields.day("contract_start").isoformat())


def _read(fields: Fields) -> ReadRow:
    contract = read_contract(fields)
    return ReadRow(_key_of(contract), contract, _cells(contract))


def _key_of(contract: StoredContract) -> Key:
    return (contract.site_id, contract.contract_start.isoformat())


def _cells(contract: StoredContract) -> Mapping[str, str]:
    """What a contract says besides its key."""
    return cells_of({name: value for name, value in document_of(contract).items() if name not in _KEY})


def _load(connection: Connection, keys: Collection[Key]) -> Mapping[Key, Stored]:
    found = load_contracts(connection, SiteScope.of({key[0] for key in keys}))
    return {
        _key_of(contract): Stored(contract, _cells(contract), contract.version)
        for contracts in found.values()
        for contract in contracts
    }


def _check(connection: Connection, changes: Sequence[Change], stored: Mapping[Key, Stored]) -> Iterator[Finding]:
    """Sites and accounts must exist, and contracts of one site must not overlap."""
    yield from unknown(connection, sites.c.site_id, "site", [(change, "site_id", change.key[0]) for change in changes])
    named = [
        (change, "accounts", account)
        for change in changes
        if change.action is not Action.DELETE
        for account in sorted(change.entry.content.contract.billable.enabled_accounts)
        + sorted(change.entry.content.disabled_accounts)
    ]
    yield from unknown(connection, accounts.c.main_account, "account of the chart", named)
    yield from _check_overlaps(changes, stored)


def _check_overlaps(changes: Sequence[Change], stored: Mapping[Key, Stored]) -> Iterator[Finding]:
    after: dict[Key, tuple[StoredContract, str | None]] = {key: (row.content, None) for key, row in stored.items()}
    for change in changes:
        after.pop(change.key, None)
        if change.action is not Action.DELETE:
            after[change.key] = (change.entry.content, change.entry.place)
    spans = [
        Span(site_id, start, None if contract.contract_end is None else contract.contract_end.isoformat(), place)
        for (site_id, start), (contract, place) in after.items()
    ]
    for earlier, later in overlaps(spans):
        where = later.place or earlier.place
        if where is not None:
            until = "has no end" if earlier.last is None else f"ends on {earlier.last}"
            problem = f"begins on {later.first}, but the contract of {earlier.first} {until}"
            accepted = f"contracts of {later.group} that do not overlap; the earlier one may be ended in the same file"
            yield Finding(where, "contract_start", None, problem, accepted)


def _write(context: ImportContext, changes: Sequence[Change]) -> None:
    by_action: dict[Action, list[StoredContract]] = {action: [] for action in Action}
    for change in changes:
        by_action[change.action].append(_to_write(change))
    scope, who = SiteScope.of({change.key[0] for change in changes}), (context.operator, context.now)
    if by_action[Action.DELETE]:
        withdraw_contracts(context.connection, scope, by_action[Action.DELETE], *who)
    if by_action[Action.CHANGE]:
        replace_contracts(context.connection, scope, by_action[Action.CHANGE], *who)
    add_contracts(context.connection, scope, by_action[Action.ADD], *who)
    _announce(context, changes)


def _to_write(change: Change) -> StoredContract:
    """The contract of a change with its number, and the version on which the change builds."""
    if change.stored is None:
        new: StoredContract = replace(change.entry.content, contract_id=new_identifier())
        return new
    kept: StoredContract = change.stored.content
    if change.action is Action.DELETE:
        return kept
    changed: StoredContract = replace(change.entry.content, contract_id=kept.contract_id, version=kept.version)
    return changed


def _announce(context: ImportContext, changes: Sequence[Change]) -> None:
    """A contract concerns every year from its start on: what it accumulates reaches into the years that follow."""
    starts: dict[str, str] = {}
    for change in changes:
        site_id, start = change.key
        starts[site_id] = min(start, starts.get(site_id, start))
    raised = raise_inputs(context, {site_id: int(start[:4]) for site_id, start in starts.items()})
    touched = [
        (site_id, period)
        for site_id, years in raised.items()
        for year in years
        for period in months_of_year(year)
        if period >= starts[site_id][:7]
    ]
    versions = {(site_id, year): version for site_id, years in raised.items() for year, version in years.items()}
    messages = contract_messages(touched, versions, context.now, context.request_id)
    outbox.append(context.connection, messages, context.now)


def _export(connection: Connection) -> Iterator[Mapping[str, Any]]:
    codes = site_ids(connection, SiteScope.all_sites())
    for first in range(0, len(codes), SITES_PER_READ):
        found = load_contracts(connection, SiteScope.of(codes[first : first + SITES_PER_READ]))
        for contracts in found.values():
            for contract in contracts:
                document = document_of(contract)
                yield {**{name: document.pop(name) for name in _KEY}, VERSION: str(contract.version), **document}
