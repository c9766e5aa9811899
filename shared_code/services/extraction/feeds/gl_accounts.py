"""The ledger's accounts of every company, for the validation of unit accounts.

Source: Source side, "Extraction queries" (E16) and "Validation of unit accounts".
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from shared_code.services.extraction import windows
from shared_code.services.extraction.feed import (
    Feed,
    Publication,
    Published,
    Reading,
    Slice,
    SliceRequest,
    Transform,
    Transformed,
)
from shared_code.services.extraction.staging_transform import RowPicker
from shared_code.services.extraction.warehouse_reading import open_query
from shared_code.services.runtime import Runtime
from shared_code.storage import ledger_accounts
from shared_code.storage.publication import FactShape, replace_slice
from shared_code.storage.tables.facts import gl_accounts
from shared_code.storage.tables.staging import stg_gl_accounts

LONGEST_ACCOUNT = 50

SHAPE = FactShape(gl_accounts, stg_gl_accounts, ("company", "account_number"), ("is_active", "origin"), None)


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.full()


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    """Rows of a source that no company has are ignored; of equal rows, which follow one another, the first wins."""
    companies = {source.upper(): company for company, source in runtime.settings.gl_company_sources.items()}
    picker = RowPicker(reading.columns, ("company_source", "account_number", "is_active", "origin"))
    last: tuple[str, str, str] | None = None

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        nonlocal last
        done = Transformed()
        for row in rows:
            source, account, is_active, origin = picker.pick(row)
            company = companies.get(source.upper())
            key = (source.upper(), account, origin)
            if company is None:
                done.ignored += 1
            elif len(account) > LONGEST_ACCOUNT:
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", "account_number", f"{company} {account}")
            elif key == last:
                picker.refuse(done, row, "DUPLICATE_KEY", "account_number", f"{company} {account}")
            else:
                done.rows.append((company, account, is_active, origin))
            last = key
        return done

    return transform


def _publish(publication: Publication) -> Published:
    """Replace the accounts of the companies that were read."""
    connection, run = publication.connection, publication.run
    ledger_accounts.prefer_view(connection, run.sync_run_id)
    companies = select(stg_gl_accounts.c.company).where(stg_gl_accounts.c.sync_run_id == run.sync_run_id)
    return Published(replace_slice(connection, SHAPE, run, gl_accounts.c.company.in_(companies)))


FEED = Feed(
    name="gl_accounts",
    flow="actuals-ledger",
    staging=stg_gl_accounts,
    columns=("company", "account_number", "is_active", "origin"),
    slices=_slices,
    open=open_query("gl_accounts"),
    transform=_transform,
    publish=_publish,
)
