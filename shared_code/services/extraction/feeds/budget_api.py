"""The approved budget as the budget API has it.

A full read replaces the budget of the year. Between full reads the API is asked which sites have changed, and their
year is read again: several source accounts may add up to one account, so a changed row alone does not say what its
account comes to.

Source: Source side, "Budget API", "Budget normalisation, in this order" and "Incremental strategy".
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from shared_code.domain.budget_normalisation import BudgetReject, BudgetRow, normalise_budget_row
from shared_code.domain.pnl_lines import UNMAPPED, line_amount
from shared_code.domain.site_codes import normalise_site
from shared_code.services.extraction import windows
from shared_code.services.extraction.api_reading import PagedRead, refused
from shared_code.services.extraction.fact_slices import of_months
from shared_code.services.extraction.feed import (
    Batch,
    Feed,
    Publication,
    Published,
    Reading,
    Slice,
    SliceRequest,
    Transform,
    Transformed,
)
from shared_code.services.extraction.feeds.account_balances import normalisation_tables
from shared_code.services.extraction.quality import is_plausible
from shared_code.services.extraction.site_lookup import SiteLookup
from shared_code.services.extraction.staging_transform import RowPicker
from shared_code.services.runtime import Runtime
from shared_code.sql.types import timestamp_text
from shared_code.storage import accounts, budget_precedence, feed_versions
from shared_code.storage.budget_precedence import API_FEED
from shared_code.storage.publication import FactShape, merge_spellings, replace_slice
from shared_code.storage.runs import Reject, RunSource
from shared_code.storage.tables.facts import budget_account_months
from shared_code.storage.tables.staging import stg_budget_api

OVERLAP = timedelta(minutes=10)
"""How far before its watermark an incremental read begins."""

SETTLING_TIME = timedelta(minutes=5)
"""A watermark stays this far behind the start of its run: what is written meanwhile may carry an earlier time."""

MOST_SITES_AGAIN = 100
"""Sites of one request; when more have changed, the whole year is read."""

SHAPE = FactShape(
    budget_account_months, stg_budget_api, ("site_id", "period", "main_account"), ("balance", "amount"), "period"
)
COLUMNS = ("site", "account", "period", "period_type", "amount", "currency", "updated_at")


class BudgetReading:
    """The budget of a year, or of the sites whose budget has changed since the slice's moment."""

    columns = COLUMNS

    def __init__(self, runtime: Runtime, slice_: Slice) -> None:
        assert slice_.window.period_from is not None
        self._api = runtime.budget_api
        self._year = int(slice_.window.period_from[:4])
        self._since = slice_.updated_since
        self._latest_mark = runtime.clock.now() - SETTLING_TIME
        self._reads: list[PagedRead[Any]] = []
        self._newest: datetime | None = None

    def control(self) -> None:
        """The API says nothing beforehand; its pages prove themselves complete."""
        return

    def parts(self) -> Iterator[Batch]:
        """The pages; page 1 of a second attempt starts over."""
        if self._since is None:
            yield from self._budget(None)
            return
        changed = self._changed_sites(self._since)
        if changed is None:
            yield from self._budget(None)
            return
        sites, unplaced = changed
        yield from self._budget(sorted(sites))
        if unplaced:
            yield Batch((), len(unplaced), unplaced)

    def sources(self, content_hash: bytes) -> Sequence[RunSource]:
        """Each read with its parameters and the ids of its requests."""
        return [read.source(content_hash) for read in self._reads]

    def accept(self, updated_at: datetime | None) -> None:
        """Note the moment of a row that was taken."""
        if updated_at is not None and (self._newest is None or updated_at > self._newest):
            self._newest = updated_at

    def watermark(self) -> str | None:
        """The highest moment among the rows taken, at most five minutes before the run; never an earlier one again."""
        before = None if self._since is None else self._since + OVERLAP
        reached = None if self._newest is None else min(self._newest, self._latest_mark)
        marks = [mark for mark in (before, reached) if mark is not None]
        return timestamp_text(max(marks)) if marks else None

    def _budget(self, site_ids: Sequence[str] | None) -> Iterator[Batch]:
        read = self._read({"year": self._year, "siteId": site_ids}, self._api.budget(self._year, site_ids))
        for page in read:
            starts_over = page.number == 1 and page.attempt > 1
            if starts_over:
                self._newest = None
            rows = [
                (
                    amount.site_id,
                    amount.account,
                    amount.period,
                    amount.period_type,
                    amount.amount,
                    amount.currency,
                    amount.updated_at,
                )
                for amount in page.records
            ]
            yield Batch(rows, page.rows_read, refused(page), page.ignored, starts_over)

    def _changed_sites(self, since: datetime) -> tuple[set[str], list[Reject]] | None:
        """The sites with a changed row, and the changed rows that name no site; None for more than 100 sites.

        A changed row that is refused is read again with its site, and judged there.
        """
        sites: set[str] = set()
        unplaced: list[Reject] = []
        pages = self._api.budget(self._year, updated_since=since)
        for page in self._read({"year": self._year, "updatedSince": since}, pages):
            if page.number == 1:
                sites.clear()
                unplaced.clear()
            sites.update(amount.site_id for amount in page.records)
            for reject in refused(page):
                site_id = normalise_site(str(reject.raw_row.get("siteId") or ""))
                if site_id is None:
                    unplaced.append(reject)
                else:
                    sites.add(site_id)
            if len(sites) > MOST_SITES_AGAIN:
                return None
        return sites, unplaced

    def _read(self, parameters: dict[str, Any], pages: Any) -> PagedRead[Any]:
        asked = {name: value for name, value in parameters.items() if value is not None}
        read: PagedRead[Any] = PagedRead(API_FEED, "Budget API", asked, pages)
        self._reads.append(read)
        return read


@contextmanager
def _open(runtime: Runtime, slice_: Slice) -> Iterator[BudgetReading]:
    yield BudgetReading(runtime, slice_)


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:
    """The current and the next year; in full on Sundays, of a stretch that is asked for, and the first time."""
    years = windows.budget_years(request)
    if request.stretch or request.as_of.weekday() == windows.SUNDAY:
        return years
    with runtime.database.reading() as connection:
        return [_changes(connection, year) or year for year in years]


def _changes(connection: Connection, year: Slice) -> Slice | None:
    """The changes of a year since its last read; None when there is none to start from."""
    name = f"changes-{year.name}"
    marks = [feed_versions.watermark(connection, API_FEED, slice_) for slice_ in (year.name, name)]
    reached = [datetime.fromisoformat(mark.removesuffix("Z")).replace(tzinfo=UTC) for mark in marks if mark]
    return replace(year, name=name, updated_since=max(reached) - OVERLAP) if reached else None


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:
    """Rows of months outside the year are left to that year's read; a row that lies outside altogether is refused."""
    assert isinstance(reading, BudgetReading)
    sites = SiteLookup(connection)
    lines = accounts.lines(connection)
    tables = normalisation_tables(runtime, connection)
    first, last = slice_.window.period_from or "", slice_.window.period_to or ""
    picker = RowPicker(COLUMNS, COLUMNS)

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        for row in rows:
            spelling, account, period, period_type, amount, currency, updated_at = row
            site_id = sites[spelling]
            if not site_id:
                done.ignored += 1
                continue
            key = f"{site_id} {period} {account}"
            months = normalise_budget_row(BudgetRow(account, period, amount, period_type, currency), tables)
            if isinstance(months, BudgetReject):
                picker.refuse(done, row, months.reason, months.field, key)
                continue
            inside = [month for month in months if first <= month.period <= last]
            if not inside:
                picker.refuse(done, row, "INVALID_PERIOD", "period", key)
            elif not all(is_plausible(month.amount) for month in months):
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", "amount", key)
            else:
                reading.accept(updated_at)
                done.rows += [
                    (
                        site_id,
                        month.period,
                        month.main_account,
                        month.amount,
                        line_amount(lines.get(month.main_account, UNMAPPED), month.amount),
                    )
                    for month in inside
                ]
        return done

    return transform


def _publish(publication: Publication) -> Published:
    """Replace the year of the sites that were read; with both sources, only where the warehouse has none."""
    connection, run = publication.connection, publication.run
    merge_spellings(connection, SHAPE, run.sync_run_id)
    slice_ = of_months(budget_account_months.c.period, publication.slice.window)
    if publication.runtime.settings.budget_source == "edw_then_api":
        slice_ = budget_precedence.leave_to_warehouse(connection, slice_, run.sync_run_id)
    if publication.slice.updated_since is not None:
        slice_ &= budget_precedence.of_staged_sites(run.sync_run_id)
    return Published(replace_slice(connection, SHAPE, run, slice_), "BudgetLoaded")


def _watermark(reading: Reading) -> str | None:
    assert isinstance(reading, BudgetReading)
    return reading.watermark()


FEED = Feed(
    name=API_FEED,
    flow="budget",
    staging=stg_budget_api,
    columns=("site_id", "period", "main_account", "balance", "amount"),
    slices=_slices,
    open=_open,
    transform=_transform,
    publish=_publish,
    watermark=_watermark,
    is_used=lambda settings: settings.budget_source != "edw",
)
