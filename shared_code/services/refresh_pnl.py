"""The stored P&L brought up to date: what is behind is computed from its current inputs, stored and announced.

Source: Data model, "Results and snapshots"; Operations, "Flow"; Architecture, "Three ways through it".
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared_code import telemetry
from shared_code.domain.errors import CALCULATION_ERROR, CalculationError
from shared_code.domain.months import FIRST_YEAR, LAST_YEAR
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario, SiteYearResult, compute_site_year
from shared_code.domain.site_year_inputs import SiteYearInputs
from shared_code.domain.variance import variance_of_row
from shared_code.messaging.events import refreshed_event
from shared_code.messaging.message import Message
from shared_code.services.cycle_search import no_cycle_search
from shared_code.services.pnl_freshness import Freshness, behind, freshness, insurance_rates
from shared_code.services.runtime import Runtime
from shared_code.services.variance_limits import limits_of
from shared_code.sql.transient import retry_use_case
from shared_code.sql.types import new_identifier
from shared_code.storage import outbox, pnl_inputs, pnl_results
from shared_code.storage.pnl_results import ComputedSiteYear, Stored
from shared_code.storage.versions import SiteYear

BATCH_SITES = 50
"""Sites of one batch: as many as are read, computed and stored together, and hold the others up for that long."""

Progress = Callable[[int, int], None]
"""Called with the site-years done so far and all of them."""


@dataclass(frozen=True, slots=True)
class RefreshError:
    """A site-year that could not be computed: why, in words for people, and under which code of the REST API."""

    site_id: str
    year: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What a refresh came to.

    Site-years `asked` for, `computed` (the others were not behind), rows of results `written` and site-months
    `changed` by that. `superseded` holds the results of site-years of which something newer is stored. The `errors`
    are those of single site-years; the others are not affected by them.
    """

    asked: int
    computed: int
    written: int
    changed: int
    superseded: Mapping[SiteYear, SiteYearResult]
    errors: tuple[RefreshError, ...]


def refresh_pnl(
    runtime: Runtime,
    site_years: Iterable[SiteYear],
    *,
    force: bool = False,
    request_id: str | None = None,
    batch_sites: int = BATCH_SITES,
    progress: Progress | None = None,
) -> RefreshReport:
    """Compute and store the P&L of those of `site_years` that are behind; with `force`, of all of them.

    A batch of sites is one transaction, with `PLViewRefreshed` for every site and month that changed. Computing
    again from the same inputs writes nothing.
    """
    by_year: dict[int, set[str]] = {}
    for site_id, year in site_years:
        by_year.setdefault(year, set()).add(site_id)
    tally = _Tally(sum(len(site_ids) for site_ids in by_year.values()))
    refresh = _Refresh(runtime, force, request_id or f"refresh:{new_identifier()}", tally)
    told = {"siteYears": tally.asked}
    with telemetry.span("refresh P&L", attributes=told) as span, telemetry.timed(telemetry.REFRESH_DURATION):
        for year in sorted(by_year):
            site_ids = sorted(by_year[year])
            for start in range(0, len(site_ids), batch_sites):
                batch = site_ids[start : start + batch_sites]
                with no_cycle_search():
                    refresh.batch(year, batch)
                tally.done += len(batch)
                if progress is not None:
                    progress(tally.done, tally.asked)
        span.set_attributes({"computed": tally.computed, "changed": tally.changed})
    return tally.report()


@dataclass(slots=True)
class _Tally:
    """What has been counted so far."""

    asked: int
    done: int = 0
    computed: int = 0
    written: int = 0
    changed: int = 0
    superseded: dict[SiteYear, SiteYearResult] = field(default_factory=dict)
    errors: list[RefreshError] = field(default_factory=list)

    def report(self) -> RefreshReport:
        return RefreshReport(self.asked, self.computed, self.written, self.changed, self.superseded, tuple(self.errors))


class _Refresh:
    """One refresh: its batches share the request and what has been counted."""

    def __init__(self, runtime: Runtime, force: bool, request_id: str, tally: _Tally) -> None:
        self._runtime = runtime
        self._force = force
        self._request_id = request_id
        self._tally = tally

    def batch(self, year: int, site_ids: Sequence[str]) -> None:
        """Read what a batch of sites needs, compute, store and announce."""
        if not FIRST_YEAR <= year <= LAST_YEAR:
            for site_id in site_ids:
                message = f"Year {year} is not one of {FIRST_YEAR} to {LAST_YEAR}"
                self._tally.errors.append(RefreshError(site_id, year, "INVALID_PERIOD", message))
            return
        scope = SiteScope.of(site_ids)
        with self._runtime.database.reading() as connection:
            state = freshness(self._runtime, connection, scope, [year])
            self._report_uncomputable(year, site_ids, state)
            late = self._to_compute(year, state)
            if not late:
                return
            dates = {site_id: state.calendar.dates[site_id] for site_id in late}
            rates = insurance_rates(self._runtime.settings)
            inputs = pnl_inputs.site_year_inputs(connection, scope, year, dates, state.published, rates)
        results = {}
        computed = {}
        for site_id in late:
            outcome = self._compute(inputs.pop(site_id), state)
            if outcome is not None:
                results[site_id], computed[site_id] = outcome
        stored = retry_use_case(lambda: self._store(scope, year, computed, results))
        self._tally.computed += len(computed)
        self._tally.written += stored.rows_written
        self._tally.changed += len(stored.changed)
        self._tally.superseded |= {key: results[key[0]] for key in stored.superseded}

    def _report_uncomputable(self, year: int, site_ids: Collection[str], state: Freshness) -> None:
        for site_id in site_ids:
            if site_id in state.calendar.invalid:
                zone = state.calendar.invalid[site_id]
                message = f"The time zone {zone!r} of site {site_id} does not exist; America/New_York is one that does"
                self._tally.errors.append(RefreshError(site_id, year, CALCULATION_ERROR, message))
            elif site_id not in state.calendar.dates:
                message = f"There is no site {site_id}"
                self._tally.errors.append(RefreshError(site_id, year, "SITE_NOT_FOUND", message))

    def _to_compute(self, year: int, state: Freshness) -> list[str]:
        return sorted(site_id for site_id in state.calendar.dates if self._force or (site_id, year) in state.late)

    def _compute(self, inputs: SiteYearInputs, state: Freshness) -> tuple[SiteYearResult, ComputedSiteYear] | None:
        """The result of one site-year, and the rows that it is stored as; None when it cannot be computed."""
        try:
            result = compute_site_year(inputs)
            rows = pnl_results.rows_of(result)
        except CalculationError as error:
            self._tally.errors.append(RefreshError(inputs.site_id, inputs.year, error.code, str(error)))
            return None
        except ArithmeticError:
            message = f"The figures of site {inputs.site_id} in {inputs.year} are too large to be calculated with"
            self._tally.errors.append(RefreshError(inputs.site_id, inputs.year, CALCULATION_ERROR, message))
            return None
        return result, ComputedSiteYear(state.stamps[inputs.site_id, inputs.year], rows)

    def _store(
        self,
        scope: SiteScope,
        year: int,
        computed: Mapping[str, ComputedSiteYear],
        results: Mapping[str, SiteYearResult],
    ) -> Stored:
        """One transaction: results, stamps and events, or nothing."""
        with self._runtime.database.writing() as connection:
            now = self._runtime.clock.now()
            stored = pnl_results.store(connection, scope, year, computed, now)
            outbox.append(connection, self._events(results, stored.changed), now)
        return stored

    def _events(self, results: Mapping[str, SiteYearResult], changed: Collection[tuple[str, str]]) -> list[Message]:
        """`PLViewRefreshed` for every changed site and month, with FLC of the trend and its variance to budget."""
        now = self._runtime.clock.now()
        flc = {
            (site_id, month.period, month.scenario): month.cells[PnlRow.FLC]
            for site_id in {site_id for site_id, _ in changed}
            for month in results[site_id].months
        }
        messages = []
        for site_id, period in sorted(changed):
            trend = flc[site_id, period, Scenario.TREND]
            budget = flc[site_id, period, Scenario.BUDGET]
            difference = None
            if trend is not None and budget is not None:
                difference = variance_of_row(PnlRow.FLC, trend, budget, limits_of(self._runtime.settings))
            messages.append(refreshed_event(site_id, period, trend, difference, now, self._request_id))
        return messages


__all__ = ["BATCH_SITES", "Progress", "RefreshError", "RefreshReport", "behind", "refresh_pnl"]
