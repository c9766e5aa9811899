"""One run: a slice of a feed from its source into the published facts, or not at all.

The rows go to staging in transactions of a batch each; publication is one transaction after all checks, with the
run's end, the versions of what it touched and the events in it. A process that dies leaves staging behind, and an
open run that the next one closes.

Source: Source side, "Run history, lineage, failure"; Data model, "Where the data lives".
"""

import hashlib
import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from shared_code.domain.rounding import ZERO
from shared_code.errors import ForecastError, SourceError, TransientError
from shared_code.messaging.events import discovery_events, load_messages
from shared_code.services.extraction import quality
from shared_code.services.extraction.feed import Control, Feed, Publication, Published, Reading, Slice, Transform
from shared_code.services.extraction.quality import MISSING_FIELD, QualityBreachError, ReadCounts
from shared_code.services.held_lease import HeldLease, held
from shared_code.services.runtime import Runtime
from shared_code.sql.bulk import TextTooLongError, insert_rows
from shared_code.sql.transient import retry_use_case
from shared_code.sql.types import new_identifier
from shared_code.storage import (
    audit,
    feed_versions,
    job_codes,
    outbox,
    pnl_inputs,
    runs,
    staged_rows,
    trend_results,
    versions,
)
from shared_code.storage.audit import AuditEntry
from shared_code.storage.publication import RunStamp
from shared_code.storage.runs import MAX_REJECTS_KEPT, Reject, RunEnd, RunStart

_log = logging.getLogger(__name__)

Progress = Callable[[str, int, int | None], None]
"""Called with the feed, the rows read so far and the rows expected (None: unknown): before the first and after each
batch. What it raises ends the run as failed.
"""


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants the run; an administrator may lift the empty-feed guard for one run, with a reason that is audited."""

    trigger_kind: str = "manual"
    requested_by: str = "system"
    lift_empty_guard: bool = False
    progress: Progress = field(default=lambda feed, done, total: None)
    lift_reason: str | None = None


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run came to, as the ledger has it. `duration_s` is in seconds."""

    sync_run_id: str
    feed: str
    flow: str
    slice: str
    end: RunEnd
    duration_s: float
    is_first_and_empty: bool = False

    @property
    def is_good(self) -> bool:
        """Whether nothing needs attention: also a feed that never had a row is not a fault."""
        return self.end.state in {"succeeded", "unchanged", "skipped"} or self.is_first_and_empty


def run_slice(runtime: Runtime, feed: Feed, slice_: Slice, as_of: date, order: Order) -> RunOutcome:
    """Extract one slice of a feed under the feed's lease and write the run down, however it ends."""
    started = runtime.clock.now()
    run_id = new_identifier()
    with held(runtime.database, f"feed:{feed.name}", runtime.settings.lease_ttl_s) as lease:
        _open(runtime, feed, slice_, order, run_id, lease)
        if lease is None:
            end = RunEnd("skipped", error_code="LEASE_HELD", error_text="The same feed is already running.")
        else:
            end = _Run(runtime, feed, slice_, as_of, order, run_id, lease).execute()
        if end.state not in {"succeeded", "unchanged"}:
            with runtime.database.writing() as connection:
                runs.close_run(connection, run_id, end, runtime.clock.now())
    empty = end.error_code == "EMPTY_FEED" and end.rows_read == 0 and not _has_succeeded(runtime, feed, slice_)
    duration = (runtime.clock.now() - started).total_seconds()
    return RunOutcome(run_id, feed.name, feed.flow, slice_.name, end, duration, empty)


def _open(runtime: Runtime, feed: Feed, slice_: Slice, order: Order, run_id: str, lease: HeldLease | None) -> None:
    with runtime.database.writing() as connection:
        now = runtime.clock.now()
        if lease is not None:
            runs.close_orphans(connection, feed.name, now)
        first, last = _bounds(slice_)
        start = RunStart(
            run_id,
            feed.flow,
            feed.name,
            slice_.name,
            order.trigger_kind,
            order.requested_by,
            first,
            last,
            feed_versions.watermark(connection, feed.name, slice_.name),
            lease.fencing_token if lease else 0,
        )
        runs.open_run(connection, start, now)
        if order.lift_empty_guard:
            lifted = AuditEntry(
                order.requested_by,
                "extraction",
                f"{feed.name} {slice_.name}",
                "system",
                field="empty_feed_guard",
                new_value="lifted",
                reason=order.lift_reason,
                request_id=run_id,
            )
            audit.add_entries(connection, [lifted], now)


def _has_succeeded(runtime: Runtime, feed: Feed, slice_: Slice) -> bool:
    with runtime.database.reading() as connection:
        return runs.last_successful_rows_read(connection, feed.name, slice_.name) is not None


class _Run:
    """The work of one run, and what it has counted so far."""

    def __init__(
        self, runtime: Runtime, feed: Feed, slice_: Slice, as_of: date, order: Order, run_id: str, lease: HeldLease
    ) -> None:
        self.runtime = runtime
        self.feed = feed
        self.slice = slice_
        self.as_of = as_of
        self.order = order
        self.run_id = run_id
        self.lease = lease
        self.delivered = 0
        self.staged = 0
        self.rejected = 0
        self.incomplete = 0
        self.ignored = 0
        self.sums: dict[str, Decimal] = {}
        self.content = hashlib.sha256()
        self.counts = ReadCounts(0, 0, 0)

    def execute(self) -> RunEnd:
        """Read, stage, judge, publish; an error ends the run and leaves published data as it was."""
        try:
            with self.feed.open(self.runtime, self.slice) as reading:
                control = reading.control()
                if control is not None:
                    self.counts = ReadCounts(control.rows, control.complete_rows, 0)
                    self._check_before_reading(control)
                    self.order.progress(self.feed.name, 0, control.rows)
                self._stage(reading, control)
            self._judge(control)
            return retry_use_case(lambda: self._publish(reading))
        except QualityBreachError as breach:
            return self._ended("aborted", breach)
        except ForecastError as error:
            return self._ended("failed", error)
        except Exception as error:  # noqa: BLE001 - whatever ends a run, it is written down and the other feeds go on
            return self._ended("failed", self._unforeseen(error))

    def _check_before_reading(self, control: Control) -> None:
        self._check_not_empty(control.rows)
        quality.check_complete(self.feed.name, self.counts, self.runtime.settings)

    def _check_not_empty(self, rows: int) -> None:
        if self.order.lift_empty_guard:
            return
        with self.runtime.database.reading() as connection:
            previous = runs.last_successful_rows_read(connection, self.feed.name, self.slice.name)
        if self.slice.updated_since is not None or (not previous and self.slice.optional):
            return
        quality.check_not_empty(self.feed.name, rows, previous, self.runtime.settings)

    def _stage(self, reading: Reading, control: Control | None) -> None:
        transform = self._transform(reading)
        measures = [
            (name, position)
            for position, name in enumerate(reading.columns)
            if control and name in (control.sums or ())
        ]
        expected = None if control is None else control.rows
        for batch in reading.parts():
            self.lease.renew_when_due()
            if batch.starts_over:
                self._start_over()
                transform = self._transform(reading)
            for name, position in measures:
                values = [row[position] for row in batch.rows if row[position] is not None]
                self.sums[name] = sum(values, self.sums.get(name, ZERO))
            transformed = transform(batch.rows)
            if transformed.rows:
                self._keep(list(self._numbered(transformed.rows)))
            self._reject([*batch.rejects, *transformed.rejects])
            self.delivered += batch.rows_read
            self.staged += len(transformed.rows)
            self.ignored += batch.ignored + transformed.ignored
            self.order.progress(self.feed.name, self.delivered, expected)

    def _keep(self, rows: Sequence[tuple[Any, ...]]) -> None:
        columns = ("sync_run_id", "row_no", *self.feed.columns, "row_hash")

        def insert() -> None:
            with self.runtime.database.writing() as connection:
                insert_rows(connection, self.feed.staging, columns, rows)

        try:
            retry_use_case(insert)
        except TextTooLongError as error:
            message = f"The source delivered a text for {error.column} of more than {error.length} characters."
            raise SourceError(message, code="SOURCE_SCHEMA_MISMATCH") from error

    def _transform(self, reading: Reading) -> Transform:
        with self.runtime.database.reading() as connection:
            return self.feed.transform(self.runtime, connection, self.slice, reading)

    def _start_over(self) -> None:
        """Forget what this run has staged, refused and counted: its source begins anew."""
        with self.runtime.database.writing() as connection:
            staged_rows.discard(connection, self.feed.staging, self.run_id)
            runs.discard_rejects(connection, self.run_id)
        self.delivered = self.staged = self.rejected = self.incomplete = self.ignored = 0
        self.sums.clear()
        self.content = hashlib.sha256()

    def _reject(self, rejects: Sequence[Reject]) -> None:
        """Keep refused rows, as many as there is room for; all are counted."""
        room = max(0, MAX_REJECTS_KEPT - self.rejected)
        if rejects and room:
            with self.runtime.database.writing() as connection:
                runs.add_rejects(connection, self.run_id, rejects[:room])
        self.rejected += len(rejects)
        self.incomplete += sum(reject.reason_code == MISSING_FIELD for reject in rejects)

    def _numbered(self, rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        """Rows with their run, number and hash; the hashes together are the content of the read."""
        sha256 = hashlib.sha256
        content = self.content
        run_id = self.run_id
        for row_no, row in enumerate(rows, start=self.staged + 1):
            text = canonical_text(row)
            content.update(text)
            yield (run_id, row_no, *row, sha256(text).digest())

    def _judge(self, control: Control | None) -> None:
        settings = self.runtime.settings
        if control is None:
            self.counts = ReadCounts(self.delivered, self.delivered - self.incomplete, self.rejected)
            self._check_not_empty(self.delivered)
            quality.check_complete(self.feed.name, self.counts, settings)
        else:
            self.counts = ReadCounts(control.rows, control.complete_rows, self.rejected)
            quality.check_sums(self.feed.name, control, self.sums)
        quality.check_rejects(self.feed.name, self.counts, settings)

    def _publish(self, reading: Reading) -> RunEnd:
        database = self.runtime.database
        with database.writing() as connection:
            now = self.runtime.clock.now()
            run = RunStamp(self.run_id, now)
            publication = Publication(connection, self.runtime, run, self.slice, self.as_of)
            known = job_codes.known_codes(connection)
            published = self.feed.publish(publication)
            self._announce(publication, published)
            self._announce_job_codes(publication, known)
            watermark = self.feed.watermark(reading)
            content_hash = self.content.digest()
            feed_versions.record(
                connection,
                feed=self.feed.name,
                slice_=self.slice.name,
                run=run,
                row_count=self.staged,
                content_through=published.content_through,
                content_hash=content_hash,
                watermark=watermark,
                status=self._freshness(published, now),
            )
            for seq, source in enumerate(reading.sources(content_hash), start=1):
                runs.add_source(connection, self.run_id, seq, source)
            end = self._succeeded(published, watermark)
            runs.close_run(connection, self.run_id, end, now)
            for staging in (self.feed.staging, *self.feed.also_staged):
                staged_rows.tidy(connection, staging, self.feed.name, now)
            self.lease.confirm(connection)
        return end

    def _announce(self, publication: Publication, published: Published) -> None:
        """Raise the inputs version of the site-years touched and leave the events, in the publishing transaction.

        Answers show when each source was last read, so they change even where nothing new has come.
        """
        connection, now = publication.connection, publication.moment
        versions.raise_versions(connection, [versions.SHARED_TAG], now)
        if published.event is None:
            return
        site_years = {(site_id, int(period[:4])) for site_id, period in published.changes.touched}
        if published.inputs_of_all_sites:
            site_years |= pnl_inputs.stored_site_years(connection)
        if not site_years:
            return
        raised = versions.raise_inputs_versions(connection, site_years, now)
        if published.changes.touched:
            changed, since = zip(*published.changes.touched, strict=True)
            trend_results.mark_stale(connection, set(changed), min(since))
        messages = load_messages(published.event, published.changes.touched, raised, now, self.run_id)
        outbox.append(connection, messages, now)

    def _announce_job_codes(self, publication: Publication, known: frozenset[str]) -> None:
        """Tell of job codes that this run has met first, at every site that it has met them at."""
        connection, now, staging = publication.connection, publication.moment, self.feed.staging
        if "job_code_id" in staging.c:
            found = job_codes.discovered_at_sites(connection, staging, self.run_id, known)
            outbox.append(connection, discovery_events(found, now, self.run_id), now)

    def _freshness(self, published: Published, now: datetime) -> str:
        """A run as of an earlier day is judged by the end of that day."""
        if published.content_through is None:
            return "ok"
        moment = min(now, datetime.combine(self.as_of + timedelta(days=1), time(), UTC))
        return "ok" if quality.is_fresh(published.content_through, moment, self.runtime.settings) else "stale"

    def _succeeded(self, published: Published, watermark: str | None) -> RunEnd:
        changes = published.changes
        return RunEnd(
            "unchanged" if changes.is_empty else "succeeded",
            rows_read=self.counts.rows,
            rows_accepted=self.staged,
            rows_inserted=changes.inserted,
            rows_updated=changes.updated,
            rows_deleted=changes.deleted,
            rows_rejected=self.counts.rejected,
            rows_ignored=self.ignored,
            completeness=_six_places(self.counts.completeness),
            watermark_after=watermark,
        )

    def _ended(self, state: str, error: ForecastError) -> RunEnd:
        return RunEnd(
            state,
            rows_read=self.counts.rows or self.delivered,
            rows_accepted=self.staged,
            rows_rejected=self.counts.rejected or self.rejected,
            rows_ignored=self.ignored,
            completeness=_six_places(self.counts.completeness),
            error_code=error.code,
            error_text=error.message,
        )

    def _unforeseen(self, error: Exception) -> ForecastError:
        """What may be told of an error that nobody foresaw. Its text can hold values: the log has only its place."""
        place = "".join(traceback.format_tb(error.__traceback__))
        _log.error("run %s of feed %s ended by %s\n%s", self.run_id, self.feed.name, type(error).__name__, place)
        if isinstance(error, SQLAlchemyError):
            return TransientError("The operational database did not do its part; the log has the error of this run.")
        return ForecastError("An internal error ended the run; the log has it under the run's id.")


def canonical_text(row: tuple[Any, ...]) -> bytes:
    """A row as text for hashes: decimals and dates as they are written, null apart from every value.

    Source: Data model, "SQLite mapping".
    """
    return "\x1f".join(["\x00" if value is None else str(value) for value in row]).encode()


def _bounds(slice_: Slice) -> tuple[str | None, str | None]:
    """The first and last day or month that the slice reads; None for everything there is."""
    window = slice_.window
    if window.date_from is not None and window.date_to_exclusive is not None:
        return window.date_from.isoformat(), (window.date_to_exclusive - timedelta(days=1)).isoformat()
    return window.period_from, window.period_to


def _six_places(share: Decimal) -> Decimal:
    return share.quantize(Decimal("0.000001"))


__all__ = ["Order", "Progress", "RunOutcome", "canonical_text", "run_slice"]
