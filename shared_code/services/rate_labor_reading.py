"""The labor of a rate run: dollars and rate hours by site and job title, from the warehouse into staging.

Source: Source side, "Extraction queries" (E10) and "Data-quality rules".
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shared_code.domain.job_titles import normalise_title
from shared_code.services.extraction import quality
from shared_code.services.extraction.feed import Slice
from shared_code.services.extraction.quality import ReadCounts
from shared_code.services.extraction.run import canonical_text
from shared_code.services.extraction.site_lookup import INVALID, SiteLookup
from shared_code.services.extraction.staging_transform import implausible
from shared_code.services.extraction.warehouse_reading import MISSING_FIELD, open_query
from shared_code.services.held_lease import HeldLease
from shared_code.services.rate_request import RateTerms
from shared_code.services.runtime import Runtime
from shared_code.sources.warehouse.window import Window
from shared_code.sql.bulk import insert_rows
from shared_code.storage import runs
from shared_code.storage.runs import MAX_REJECTS_KEPT, Reject, RunSource
from shared_code.storage.tables.staging import stg_job_code_rates

FEED = "job_code_rates"
"""Name of the feed in runs, staging and the queries of the warehouse."""

_MEASURES = ("dollars_all", "rate_hours")
_READ = ("site", "job_title", *_MEASURES, "last_work_date", "row_count")
_STAGED = ("sync_run_id", "row_no", "site_id", *_READ[1:], "row_hash")


@dataclass(slots=True)
class StagedLabor:
    """What one run has read: rows at the source, taken, refused, and of sites that the product does not have."""

    counts: ReadCounts = field(default_factory=lambda: ReadCounts(0, 0, 0))
    accepted: int = 0
    ignored: int = 0
    rejected: int = 0
    content_hash: bytes = b""
    sources: Sequence[RunSource] = ()


def stage_labor(runtime: Runtime, terms: RateTerms, run_id: str, lease: HeldLease, labor: StagedLabor) -> None:
    """Read the window of `terms` and stage it under `run_id`; `labor` counts what is read, also when that fails.

    A scheduled run of all sites refuses a read that is empty, incomplete or largely unusable, as every feed does. Who
    asks for certain sites or days gets what there is: of a window without labor the earlier rates stay anyway.

    Raises `SourceError` when the warehouse cannot be read, `INCOMPLETE_READ` when its sums do not add up, and
    `QualityBreachError` when a guard refuses.
    """
    window = Window.of_days(terms.first, terms.last + timedelta(days=1), sites=terms.scope.site_ids)
    with open_query(FEED)(runtime, Slice(terms.slice_name, window)) as reading:
        assert tuple(reading.columns) == _READ
        control = reading.control()
        assert control is not None
        labor.counts = ReadCounts(control.rows, control.complete_rows, 0)
        _check_before_reading(runtime, terms, labor.counts)
        staging = _Staging(runtime, terms, run_id, labor)
        if control.complete_rows < control.rows:
            for rejects in reading.incomplete():
                staging.refuse(rejects)
        for batch in reading.batches():
            lease.renew_when_due()
            staging.take(batch)
    quality.check_sums(FEED, control, staging.sums)
    labor.counts = ReadCounts(control.rows, control.complete_rows, labor.rejected)
    if _is_guarded(terms):
        quality.check_rejects(FEED, labor.counts, runtime.settings)
    labor.content_hash = staging.content.digest()
    labor.sources = reading.sources(labor.content_hash)


def _is_guarded(terms: RateTerms) -> bool:
    return terms.request.trigger == "scheduled" and terms.scope.site_ids is None


def _check_before_reading(runtime: Runtime, terms: RateTerms, counts: ReadCounts) -> None:
    if not _is_guarded(terms):
        return
    with runtime.database.reading() as connection:
        previous = runs.last_successful_rows_read(connection, FEED, terms.slice_name)
    quality.check_not_empty(FEED, counts.rows, previous, runtime.settings)
    quality.check_complete(FEED, counts, runtime.settings)


class _Staging:
    """Rows on their way from the warehouse to staging, and what was counted on the way."""

    def __init__(self, runtime: Runtime, terms: RateTerms, run_id: str, labor: StagedLabor) -> None:
        self._database = runtime.database
        self._scope = terms.scope
        self._keeps_rejects = not terms.request.dry_run
        self._run_id = run_id
        with self._database.reading() as connection:
            self._sites = SiteLookup(connection)
        self._labor = labor
        self.sums = dict.fromkeys(_MEASURES, Decimal(0))
        self.content = hashlib.sha256()

    def take(self, batch: Sequence[tuple[Any, ...]]) -> None:
        """Stage the rows of known sites; refuse those that cannot be right."""
        rows: list[tuple[Any, ...]] = []
        rejects: list[Reject] = []
        for row in batch:
            spelling, job_title, dollars, hours, last_work_date, row_count = row
            self.sums["dollars_all"] += dollars
            self.sums["rate_hours"] += hours
            site_id, title = self._sites[spelling], normalise_title(job_title)
            if site_id == INVALID:
                rejects.append(_reject("INVALID_SITE", "site", row))
            elif site_id is None or not self._scope.covers(site_id):
                self._labor.ignored += 1
            elif not title:
                rejects.append(_reject(MISSING_FIELD, "job_title", row))
            elif name := implausible(_MEASURES, (dollars, hours)):
                rejects.append(_reject("VALUE_OUT_OF_RANGE", name, row, f"{site_id} {title}"))
            else:
                rows.append((site_id, title, dollars, hours, last_work_date, row_count))
        with self._database.writing() as connection:
            insert_rows(connection, stg_job_code_rates, _STAGED, self._numbered(rows))
        self._labor.accepted += len(rows)
        self.refuse(rejects)

    def refuse(self, rejects: Sequence[Reject]) -> None:
        """Keep refused rows, as many as there is room for; all are counted."""
        room = max(0, MAX_REJECTS_KEPT - self._labor.rejected)
        if rejects and room and self._keeps_rejects:
            with self._database.writing() as connection:
                runs.add_rejects(connection, self._run_id, rejects[:room])
        self._labor.rejected += len(rejects)

    def _numbered(self, rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        for row_no, row in enumerate(rows, start=self._labor.accepted + 1):
            text = canonical_text(row)
            self.content.update(text)
            yield (self._run_id, row_no, *row, hashlib.sha256(text).digest())


def _reject(reason: str, field_name: str, row: tuple[Any, ...], key: str | None = None) -> Reject:
    return Reject(reason, field_name, dict(zip(_READ, row, strict=True)), key)


__all__ = ["FEED", "StagedLabor", "stage_labor"]
