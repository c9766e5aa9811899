"""A rate run: what each job code earns per hour at each site, calculated, decided, and entered in the history.

The labor goes to staging first. Everything that the run changes is one transaction, with the run's end, the versions
of the inputs it touches and the events in it: a run that fails or is killed leaves the rates as they were.

Source: Calculations, "Job-code rates"; Data model, "Job codes and rates"; REST API, "Job-code rates".
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from shared_code.domain.job_code_rates import RateCandidate, RateRun, decide_rates
from shared_code.domain.rates_in_force import RateMethod
from shared_code.domain.rounding import ratio
from shared_code.errors import ConflictError, ForecastError
from shared_code.services.extraction.quality import QualityBreachError, ReadCounts
from shared_code.services.held_lease import HeldLease, LeaseLostError, held
from shared_code.services.rate_announcement import announce_rates
from shared_code.services.rate_items import place_results
from shared_code.services.rate_labor_reading import FEED, StagedLabor, stage_labor
from shared_code.services.rate_methods import MethodRates, average, weighted_average
from shared_code.services.rate_report import RateFinding, RateItem, RateRunReport, count_items
from shared_code.services.rate_request import RateRequest, RateTerms, terms_of
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import feed_versions, job_codes, leases, rate_labor, rates, runs, staged_rows, versions
from shared_code.storage.publication import RunStamp
from shared_code.storage.rate_history import RatePlan, RatesWritten
from shared_code.storage.rates import PairRates
from shared_code.storage.runs import MAX_REJECTS_KEPT, Reject, RunEnd, RunStart
from shared_code.storage.tables.staging import stg_job_code_rates

FLOW = "job-code-rates"
LEASE = "job:sync_job_code_rates"
"""Held by the scheduled job and by every run by hand: two runs never work at once."""

RATE_OUT_OF_RANGE = "RATE_OUT_OF_RANGE"
"""Reason code of the finding about an implausible rate, among the run's rejects."""

_log = logging.getLogger(__name__)


def calculate_rates(runtime: Runtime, request: RateRequest) -> RateRunReport:
    """Calculate and store the rates that `request` asks for.

    Raises `ConflictError` (`reason` `run_in_progress`) while another run is active, `InvalidInputError` and
    `NotFoundError` for a request that cannot be meant, `SourceError` when the warehouse cannot be read. An item
    without a rate fails nothing.

    Source: REST API, "Job-code rates".
    """
    terms = terms_of(runtime, request)
    with held(runtime.database, LEASE, runtime.settings.lease_ttl_s) as lease:
        if lease is None:
            raise ConflictError(
                "Job-code rates are being calculated already. Try again when that run has ended.",
                details={"reason": "run_in_progress"},
            )
        return _Run(runtime, terms, lease).execute()


def calculate_rates_under(runtime: Runtime, request: RateRequest, lease: HeldLease) -> RateRunReport:
    """`calculate_rates` for a caller that holds the lease `LEASE` already: the scheduled job."""
    return _Run(runtime, terms_of(runtime, request), lease).execute()


@dataclass(frozen=True, slots=True)
class _Decided:
    """What a run came to, before and after writing it."""

    items: Sequence[RateItem]
    findings: Sequence[RateFinding]
    written: RatesWritten
    new_job_codes: int


class _Run:
    """One rate run under the lease."""

    def __init__(self, runtime: Runtime, terms: RateTerms, lease: HeldLease) -> None:
        self.runtime = runtime
        self.terms = terms
        self.lease = lease
        self.run_id = new_identifier()
        self.started = runtime.clock.now()
        self.labor = StagedLabor()

    def execute(self) -> RateRunReport:
        """Read, decide, publish; whatever goes wrong is written down, and passed on."""
        if self.terms.request.dry_run:
            return self._try_out()
        self._open()
        try:
            self._stage()
            report = self._publish()
        except Exception as error:
            self._close(error)
            raise
        _log.info(
            "%s calculated job-code rates as of %s: %s", self.terms.request.requested_by, report.as_of, report.counts
        )
        return report

    def _try_out(self) -> RateRunReport:
        try:
            self._stage()
            return self._publish()
        finally:
            with self.runtime.database.writing() as connection:
                rate_labor.drop_staged(connection, self.run_id)

    def _stage(self) -> None:
        if self.terms.method is RateMethod.WEIGHTED_AVERAGE:
            stage_labor(self.runtime, self.terms, self.run_id, self.lease, self.labor)
        self.lease.renew_when_due()

    def _publish(self) -> RateRunReport:
        with self.runtime.database.writing() as connection:
            now = self.runtime.clock.now()
            if not leases.is_held(connection, self.lease.lease):
                raise LeaseLostError("The lease of the rate run was taken over by another process")
            decided = self._decide(connection, now)
            end = self._end(decided)
            if self.terms.request.dry_run:
                transaction = connection.get_transaction()
                assert transaction is not None
                transaction.rollback()
            else:
                self._record(connection, decided, end, now)
        return self._report(decided, end)

    def _decide(self, connection: Connection, now: datetime) -> _Decided:
        """The outcome of every candidate, entered in the history and announced."""
        terms, user_id = self.terms, self.terms.request.requested_by
        method_rates, new_job_codes = self._method_rates(connection, now)
        pairs = [
            pair
            for pair in rates.pair_rates(connection, terms.scope, terms.as_of, terms.codes)
            if pair.is_active or (pair.site_id, pair.job_code_id) in method_rates.labor
        ]
        run = decide_rates(map(_candidate, pairs), method_rates.rates, terms.as_of, terms.method, terms.limits)
        plan = RatePlan(terms.as_of)
        items = place_results(terms, pairs, run, method_rates.labor, plan)
        written = plan.write(connection, self.run_id, user_id, now)
        announce_rates(
            connection,
            [(item.site_id, item.job_code) for item in items if item.changed],
            terms.as_of,
            now,
            user_id,
            terms.request.request_id or self.run_id,
        )
        return _Decided(items, _findings(terms, run), written, new_job_codes)

    def _method_rates(self, connection: Connection, now: datetime) -> tuple[MethodRates, int]:
        """The method's rates; titles never seen before become job codes, and pairs never seen are entered."""
        if self.terms.method is RateMethod.AVERAGE:
            found, source = average(connection, self.terms)
            days = source.row_count
            self.labor = StagedLabor(ReadCounts(days, days, 0), accepted=days, sources=(source,))
            return found, 0
        user_id = self.terms.request.requested_by
        new = job_codes.name_staged_codes(connection, stg_job_code_rates, self.run_id, user_id, now)
        job_codes.enter_site_codes(connection, stg_job_code_rates, self.run_id, "last_work_date", user_id, now)
        return weighted_average(connection, self.run_id), new

    def _record(self, connection: Connection, decided: _Decided, end: RunEnd, now: datetime) -> None:
        """The run's findings, sources and end, in the publishing transaction."""
        runs.add_rejects(connection, self.run_id, [_reject(finding) for finding in decided.findings[:MAX_REJECTS_KEPT]])
        for seq, source in enumerate(self.labor.sources, start=1):
            runs.add_source(connection, self.run_id, seq, source)
        if self.terms.method is RateMethod.WEIGHTED_AVERAGE and self.terms.scope.site_ids is None:
            through = rate_labor.last_staged_day(connection, self.run_id)
            feed_versions.record(
                connection,
                feed=FEED,
                slice_=self.terms.slice_name,
                run=RunStamp(self.run_id, now),
                row_count=self.labor.accepted,
                content_through=through,
                content_hash=self.labor.content_hash,
                watermark=None,
                status=self._freshness(through),
            )
        # Titles and pairs that are new show even where no rate has changed.
        versions.raise_versions(connection, [versions.SHARED_TAG], now)
        runs.close_run(connection, self.run_id, end, now)
        staged_rows.tidy(connection, stg_job_code_rates, FEED, now)

    def _freshness(self, through: date | None) -> str:
        """`stale` when the last day with labor lies too far before the as-of date; the feed delivers a day late."""
        age_days = 0 if through is None else (self.terms.as_of - through).days
        return "stale" if (age_days - 1) * 24 > self.runtime.settings.dq_max_age_hours else "ok"

    def _open(self) -> None:
        terms = self.terms
        with self.runtime.database.writing() as connection:
            runs.close_orphans(connection, FEED, self.started)
            start = RunStart(
                self.run_id,
                FLOW,
                FEED,
                terms.slice_name,
                "timer" if terms.request.trigger == "scheduled" else "manual",
                terms.request.requested_by,
                terms.first.isoformat(),
                terms.last.isoformat(),
                None,
                self.lease.fencing_token,
            )
            runs.open_run(connection, start, self.started)

    def _close(self, error: Exception) -> None:
        """Write down that the run failed; what is not ours to explain is not explained."""
        known = isinstance(error, ForecastError)
        end = RunEnd(
            "aborted" if isinstance(error, QualityBreachError) else "failed",
            rows_read=self.labor.counts.rows,
            rows_accepted=self.labor.accepted,
            rows_rejected=self.labor.rejected,
            rows_ignored=self.labor.ignored,
            error_code=error.code if isinstance(error, ForecastError) else ForecastError.code,
            error_text=str(error) if known else "The run ended by an unforeseen error; the rates stayed as they were.",
        )
        with self.runtime.database.writing() as connection:
            runs.close_run(connection, self.run_id, end, self.runtime.clock.now())

    def _end(self, decided: _Decided) -> RunEnd:
        written, labor = decided.written, self.labor
        return RunEnd(
            "succeeded" if written.inserted or written.updated else "unchanged",
            rows_read=labor.counts.rows,
            rows_accepted=labor.accepted,
            rows_inserted=written.inserted,
            rows_updated=written.updated,
            rows_deleted=0,
            rows_rejected=labor.rejected + len(decided.findings),
            rows_ignored=labor.ignored,
            completeness=ratio(labor.counts.completeness),
        )

    def _report(self, decided: _Decided, end: RunEnd) -> RateRunReport:
        terms = self.terms
        return RateRunReport(
            sync_run_id=None if terms.request.dry_run else self.run_id,
            state=end.state,
            method=terms.method,
            as_of=terms.as_of,
            date_from=terms.first,
            date_to=terms.last,
            dry_run=terms.request.dry_run,
            counts=count_items(decided.items),
            rows_read=self.labor.counts.rows,
            rows_ignored=self.labor.ignored,
            rows_rejected=self.labor.rejected,
            new_job_codes=decided.new_job_codes,
            duration_s=(self.runtime.clock.now() - self.started).total_seconds(),
            results=tuple(decided.items),
            findings=tuple(decided.findings),
        )


def _candidate(pair: PairRates) -> RateCandidate:
    """A pair as the decision sees it. A default rate that an earlier run entered is no good rate of its own."""
    good = None if pair.calculated is None else pair.calculated.rate
    return RateCandidate(
        pair.site_id,
        pair.job_code_id,
        pair.is_salaried,
        None if pair.entered is None else pair.entered.rate,
        None if good is None or good.method is RateMethod.DEFAULT else good,
        pair.default_rate,
    )


def _findings(terms: RateTerms, run: RateRun) -> list[RateFinding]:
    limits = terms.limits
    return [
        RateFinding(found.site, found.job_code, found.rate, limits.lowest, limits.highest) for found in run.findings
    ]


def _reject(finding: RateFinding) -> Reject:
    return Reject(RATE_OUT_OF_RANGE, "hourly_rate", asdict(finding), f"{finding.site_id} {finding.job_code}")


__all__ = ["FLOW", "LEASE", "RATE_OUT_OF_RANGE", "RateRequest", "calculate_rates", "calculate_rates_under"]
