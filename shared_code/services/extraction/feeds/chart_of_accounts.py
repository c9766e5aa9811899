"""The chart of accounts: names, and the P&L line that the summary category of an account decides.

Source: Source side, "Extraction queries" (E02) and "P&L lines".
"""

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from shared_code.domain.pnl_lines import AccountLine, line_of_account
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
from shared_code.storage import accounts
from shared_code.storage.tables.staging import stg_chart_of_accounts

logger = logging.getLogger(__name__)

COLUMNS = ("main_account", "account_name", "summary_category")


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.full()


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    picker = RowPicker(reading.columns, COLUMNS)
    listed: set[str] = set()

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        lines: list[AccountLine] = []
        for row in rows:
            account, name, category = picker.pick(row)
            if account in listed:
                picker.refuse(done, row, "DUPLICATE_KEY", "main_account", account)
                continue
            listed.add(account)
            line = line_of_account(account, category)
            lines.append(line)
            done.rows.append((account, name or account, category, str(line.line)))
        _warn(lines)
        return done

    return transform


def _warn(lines: Sequence[AccountLine]) -> None:
    """Name the accounts whose number suggests another line than their category gives them."""
    doubtful = [f"{line.account} ({line.line}, expected {line.expected})" for line in lines if line.expected]
    if doubtful:
        logger.warning("The chart of accounts disagrees with the account ranges: %s", ", ".join(doubtful))


def _publish(publication: Publication) -> Published:
    """Enter the accounts; a new line of an account concerns every P&L, and the sign of what is already published."""
    connection = publication.connection
    before = accounts.lines(connection)
    changes = accounts.publish_chart(connection, publication.run, "system")
    moved = accounts.moved_lines(before, accounts.lines(connection))
    if not moved:
        return Published(changes)
    accounts.apply_signs(connection, moved)
    return Published(changes, "ActualsLoaded", inputs_of_all_sites=True)


FEED = Feed(
    name="chart_of_accounts",
    flow="sites",
    staging=stg_chart_of_accounts,
    columns=(*COLUMNS, "pnl_line"),
    slices=_slices,
    open=open_query("chart_of_accounts"),
    transform=_transform,
    publish=_publish,
)
