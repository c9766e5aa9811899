"""The P&L of a site-year is wanted: computed until it has caught up with its inputs, by whatever message comes first.

A burst of saves leaves many messages and one open request. The first message computes from the inputs as they are by
then, and once more where they moved on meanwhile; the others find the site-year current. `PLViewRefreshed` stands in
the transaction that stores a change, whether a message or a reader was first, so it is told once.

Source: Operations, "Flow"; Data model, "Results and snapshots".
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from shared_code.dead_letter_reasons import PoisonReason
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ForecastError
from shared_code.messaging.contracts import Body, PoisonError, SiteYearBody
from shared_code.messaging.events import refresh_message
from shared_code.services.consumers.delivery import Delivery
from shared_code.services.consumers.known_site import unknown_site
from shared_code.services.pnl_freshness import freshness
from shared_code.services.refresh_pnl import refresh_pnl
from shared_code.services.runtime import Runtime
from shared_code.storage import calculation_requests, outbox, pnl_results, versions
from shared_code.storage.calculation_requests import Wish
from shared_code.storage.versions import SiteYear

MOST_ROUNDS: Final = 3
"""Calculations of one message; inputs that go on changing are the work of the next."""


def refresh(app: Runtime, delivery: Delivery[SiteYearBody]) -> None:
    """Compute the P&L where the stored one is behind, until it is not.

    A change that names its month concerns the next year too where something accumulates by anniversary. Raises
    `PoisonError` for a site that there is not, and for inputs that no P&L can be computed from.
    """
    work = _Refresh(app, delivery)
    for _ in range(MOST_ROUNDS):
        late = work.begin()
        if not late:
            work.find_current()
            return
        work.compute(late)
        if work.has_settled():
            return
    work.leave_the_rest()


def fail_request(connection: Connection, app: Runtime, body: Body, error: ForecastError) -> None:
    """The requests that a message was about cannot be met: they are closed with its error."""
    if isinstance(body, SiteYearBody):
        years = (body.year, body.year + 1)
        calculation_requests.fail(connection, body.site_id, years, error.code, error.message, app.clock.now())


class _Refresh:
    """The work of one message."""

    def __init__(self, app: Runtime, delivery: Delivery[SiteYearBody]) -> None:
        self._app = app
        self._delivery = delivery
        self._body = delivery.body
        self._scope = SiteScope.of([self._body.site_id])
        self._wanted = {(self._body.site_id, self._body.year)}
        self._is_awaited = False

    def begin(self) -> list[SiteYear]:
        """The site-years that are behind; their requests are being worked on from now on."""
        with self._app.database.reading() as connection:
            if self._body.event_type != "RefreshRequested":
                self._wanted |= versions.years_concerned(connection, self._wanted)
            state = freshness(self._app, connection, self._scope, sorted(year for _, year in self._wanted))
            if self._body.site_id not in {*state.calendar.dates, *state.calendar.invalid}:
                raise unknown_site(self._body.site_id)
            self._is_awaited = calculation_requests.has_open(connection, self._wanted)
        late = sorted(state.late & self._wanted)
        if late:
            self._enter(late)
        return late

    def find_current(self) -> None:
        """Nothing is behind: what is still open has been met by somebody else. To find that out again is no harm."""
        database, now = self._app.database, self._app.clock.now()
        with database.writing() if self._is_awaited else database.writing_lightly() as connection:
            if self._is_awaited:
                self._settle(connection)
            self._delivery.record(connection, now)

    def _enter(self, late: Sequence[SiteYear]) -> None:
        with self._app.database.writing() as connection:
            now = self._app.clock.now()
            wishes = [
                Wish(site_id, year, max(self._body.from_period, f"{year}-01"), self._body.event_type, version)
                for (site_id, year), version in versions.inputs_versions(connection, self._scope, late).items()
            ]
            calculation_requests.enter(connection, wishes, now)
            calculation_requests.begin(connection, self._body.site_id, [year for _, year in late], now)

    def compute(self, late: Sequence[SiteYear]) -> None:
        """Compute, store and announce. Raises `PoisonError` where a P&L cannot be computed from its inputs."""
        report = refresh_pnl(self._app, late, request_id=self._body.request_id)
        for error in report.errors:
            raise PoisonError(error.message, PoisonReason.of(error.code))

    def has_settled(self) -> bool:
        """Whether what is stored has caught up with the inputs; then the message has been worked off."""
        with self._app.database.writing() as connection:
            now = self._app.clock.now()
            lagging = self._settle(connection)
            if not lagging:
                self._delivery.record(connection, now)
        return not lagging

    def leave_the_rest(self) -> None:
        """Hand what the inputs have overtaken again to the next message, and let this one end."""
        with self._app.database.writing() as connection:
            now = self._app.clock.now()
            messages = [
                refresh_message("RefreshRequested", site_id, year, version, now, self._body.request_id)
                for (site_id, year), version in sorted(self._settle(connection).items())
            ]
            outbox.append(connection, messages, now)
            self._delivery.record(connection, now)

    def _settle(self, connection: Connection) -> dict[SiteYear, int]:
        """Close the requests that are met; the current version of each site-year that lags behind it."""
        current = versions.inputs_versions(connection, self._scope, self._wanted)
        stored = pnl_results.stamps(connection, self._scope, {year for _, year in self._wanted})
        computed = {key: stored[key].inputs_version for key in self._wanted if key in stored}
        calculation_requests.settle(connection, computed, current, self._app.clock.now())
        return {key: version for key, version in current.items() if computed.get(key, -1) < version}
