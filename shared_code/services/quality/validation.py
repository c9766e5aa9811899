"""The validation of the data: a run in parts, each of which checks some sources and writes down what it finds.

A part that is carried out again (its process was killed, its database was away) replaces what it has written before.
The run keeps a lease of its own from its first part to its last, so that nobody takes it for an orphan in between.

Source: Operations, "Schedules"; Source side, "Data-quality rules"; REST API, "Operations" (GET /data-quality).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, func, select

from shared_code.domain import quality_rules as rules
from shared_code.domain.quality_rules import RuleKind, Severity
from shared_code.errors import ConflictError
from shared_code.services.held_lease import HeldLease, held
from shared_code.services.quality.result_invariants import recalculated_sample, rolled_up_sums
from shared_code.services.quality.source_state import NEVER_READ, SourceState, source_states
from shared_code.services.quality.source_sums import ask_source
from shared_code.services.quality.terms import feeds_in_use, terms_of
from shared_code.services.runtime import Runtime
from shared_code.sql.transient import retry_use_case
from shared_code.sql.types import new_identifier
from shared_code.storage import leases, quality_checks, runs
from shared_code.storage.leases import Lease
from shared_code.storage.quality.catalogue import CHECKS
from shared_code.storage.quality.check import EVERY_FEED, Finding, findings
from shared_code.storage.quality.result_checks import SOURCE as RESULTS
from shared_code.storage.quality_checks import FEED, OpenValidation, QualityCheck, ValidationRun
from shared_code.storage.runs import RunEnd, RunStart
from shared_code.storage.tables.results import pnl_results

FLOW: Final = "data-validation"
LEASE: Final = "job:data_validation"
"""Held by the scheduled job and by a validation by hand: two never work at once."""

_RUN_LEASE: Final = "feed:data_validation"
RUN_LIMIT_S: Final = 600
"""How long a validation may take as a whole.

Source: Operations, "Schedules".
"""

PARTS: Final[tuple[tuple[str, ...], ...]] = (
    ("sites", "chart_of_accounts", "wage_rates", "salaries", "workday_api", "user_scopes", "gl_accounts"),
    ("budget", "budget_api", "ledger", "budget_payroll"),
    ("daily_revenue", "parking_rates_actual", "paid_hours", "shifts", "schedule_cost", "job_code_rates"),
    (RESULTS,),
)
"""The sources that are checked together, in the order in which they are reported."""

_RANGE_CODES: Final = frozenset(
    rule.code for rule in vars(rules).values() if isinstance(rule, rules.Rule) and rule.kind is RuleKind.RANGE
)
_STATUS: Final = {Severity.WARN: "warn", Severity.BLOCK: "fail"}


def validate(runtime: Runtime, *, trigger: str = "manual", requested_by: str | None = None) -> ValidationRun:
    """Check everything now, part by part, and return what was found.

    Raises `ConflictError` (`reason` `run_in_progress`) while another validation is at work.
    """
    with held(runtime.database, LEASE, runtime.settings.lease_ttl_s) as lease:
        if lease is None:
            raise ConflictError(
                "The data are being validated already. Try again when that run has ended.",
                details={"reason": "run_in_progress"},
            )
        for number in range(len(PARTS)):
            _Part(runtime, number, lease).work(trigger, requested_by)
    with runtime.database.reading() as connection:
        run = quality_checks.latest_run(connection)
    assert run is not None
    return run


def _step(number: int, runtime: Runtime, lease: HeldLease) -> None:
    _Part(runtime, number, lease).work("timer", None)


VALIDATION_STEPS: Final[tuple[Callable[[Runtime, HeldLease], None], ...]] = tuple(
    partial(_step, number) for number in range(len(PARTS))
)
"""The slices of the scheduled job, under the lease `LEASE`."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a validation, under the lease of the job."""

    runtime: Runtime
    number: int
    lease: HeldLease

    def work(self, trigger: str, requested_by: str | None) -> None:
        """Open the run with its first part, check, write down, and close it with its last part."""
        run = self._open(trigger, requested_by) if self.number == 0 else self._take_up()
        sources = [name for name in PARTS[self.number] if name == RESULTS or name in self._feeds()]
        found, states = self._look(sources, run)
        checks = [self._judged(run, source, states.get(source, NEVER_READ), found[source]) for source in sources]
        retry_use_case(lambda: self._write(run, sources, checks))

    def _feeds(self) -> Sequence[str]:
        return feeds_in_use(self.runtime.settings)

    def _open(self, trigger: str, requested_by: str | None) -> OpenValidation:
        """A new run in place of one that was left behind."""
        run_id = new_identifier()
        with self.runtime.database.writing() as connection:
            now = self.runtime.database.moment(connection)
            if (left := quality_checks.open_validation(connection)) is not None:
                leases.release(connection, _lease_of(left))
            runs.close_orphans(connection, FEED, self.runtime.clock.now())
            lease = leases.acquire(connection, _RUN_LEASE, run_id, now, RUN_LIMIT_S)
            if lease is None:
                raise ConflictError("The lease of the validation is held by a run that is not in the ledger.")
            start = RunStart(run_id, FLOW, FEED, "full", trigger, requested_by, None, None, None, lease.fencing_token)
            runs.open_run(connection, start, self.runtime.clock.now())
        return OpenValidation(run_id, lease.fencing_token)

    def _take_up(self) -> OpenValidation:
        """The run that an earlier part has opened."""
        with self.runtime.database.writing() as connection:
            run = quality_checks.open_validation(connection)
            now = self.runtime.database.moment(connection)
            if run is None or not leases.renew(connection, _lease_of(run), now, RUN_LIMIT_S):
                raise ConflictError("The validation took too long and was closed; the next one begins anew.")
        return run

    def _look(
        self, sources: Sequence[str], run: OpenValidation
    ) -> tuple[defaultdict[str, list[Finding]], dict[str, SourceState]]:
        feeds = [source for source in sources if source != RESULTS]
        found: defaultdict[str, list[Finding]] = defaultdict(list)
        with self.runtime.database.reading() as connection:
            states = source_states(self.runtime, connection, feeds)
            if RESULTS in sources:
                states[RESULTS] = SourceState(rows=_result_rows(connection))
            for finding in self._stored(connection, sources, feeds):
                found[finding.source].append(finding)
        self.lease.renew_when_due()
        others = ask_source(self.runtime, feeds)
        if RESULTS in sources:
            others += recalculated_sample(self.runtime, run.run_id)
            self.lease.renew_when_due()
            others += rolled_up_sums(self.runtime, run.run_id)
        for finding in others:
            found[finding.source].append(finding)
        return found, states

    def _stored(self, connection: Connection, sources: Sequence[str], feeds: Sequence[str]) -> Iterator[Finding]:
        """What the checks of the stored data find."""
        terms = terms_of(self.runtime, feeds)
        wanted = {*sources, EVERY_FEED} if feeds else {*sources}
        for check in CHECKS:
            if check.source in wanted:
                yield from findings(check, terms, connection)

    def _judged(self, run: OpenValidation, source: str, state: SourceState, found: Sequence[Finding]) -> QualityCheck:
        severities = {finding.severity for finding in found}
        worst = Severity.BLOCK if Severity.BLOCK in severities else Severity.WARN
        is_good = state.is_fresh and not found
        return QualityCheck(
            run.run_id,
            source,
            state.rows,
            state.completeness,
            self.runtime.settings.dq_completeness,
            sum(finding.rows for finding in found if finding.code in _RANGE_CODES),
            state.newest_at,
            state.age_hours,
            state.is_fresh,
            "pass" if is_good else _STATUS[worst],
            tuple(_issue(finding) for finding in found),
            self.runtime.clock.now(),
        )

    def _write(self, run: OpenValidation, sources: Sequence[str], checks: Sequence[QualityCheck]) -> None:
        """What this part has found and, of the last part, the end of the run: one transaction."""
        with self.runtime.database.writing() as connection:
            quality_checks.replace_checks(connection, run.run_id, sources, checks)
            if self.number == len(PARTS) - 1:
                written = quality_checks.checks_of(connection, run.run_id)
                now: datetime = self.runtime.clock.now()
                runs.close_run(connection, run.run_id, _end(written), now)
                leases.release(connection, _lease_of(run))
            self.lease.confirm(connection)


def _lease_of(run: OpenValidation) -> Lease:
    """The lease that a run holds in its own name, whichever process works on it."""
    return Lease(_RUN_LEASE, run.run_id, run.fencing_token)


def _end(checks: Sequence[QualityCheck]) -> RunEnd:
    """What the run came to; rows that break a rule count as rejected, although they stay where they are."""
    rejected = sum(issue["count"] for check in checks for issue in check.issues)
    return RunEnd("succeeded", rows_read=sum(check.rows_checked for check in checks), rows_rejected=rejected)


def _issue(finding: Finding) -> dict[str, Any]:
    return {
        "siteId": finding.site_id,
        "period": finding.period,
        "field": finding.field,
        "rule": finding.code,
        "count": finding.rows,
    }


def _result_rows(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(pnl_results)).scalar_one()


__all__ = ["FLOW", "LEASE", "PARTS", "RUN_LIMIT_S", "VALIDATION_STEPS", "validate"]
