"""Reading the stored P&L: what is behind is computed and stored on the way.

Source: Data model, "Results and snapshots" (a read is always fresh).
"""

from collections.abc import Collection, Iterator
from heapq import merge
from operator import attrgetter

from sqlalchemy import Connection

from shared_code.domain.site_scope import SiteScope
from shared_code.services.refresh_pnl import RefreshError, behind, refresh_pnl
from shared_code.services.runtime import Runtime
from shared_code.storage import pnl_results
from shared_code.storage.pnl_results import StoredComponent, StoredMonth
from shared_code.storage.versions import SiteYear


class FreshPnl:
    """The P&L of the sites of a scope as their current inputs give it, for some years.

    A site-year of which something newer was stored meanwhile is read as it was computed here; one that could not be
    computed has no cells and is named in `errors`.
    """

    def __init__(self, runtime: Runtime, scope: SiteScope, years: Collection[int]) -> None:
        self._scope = scope
        report = refresh_pnl(runtime, behind(runtime, scope, years))
        self.errors: tuple[RefreshError, ...] = report.errors
        self._own = {key: pnl_results.as_stored(result) for key, result in report.superseded.items()}
        self._not_from_store: set[SiteYear] = {*self._own, *((error.site_id, error.year) for error in report.errors)}

    def months(
        self, connection: Connection, scenarios: Collection[str], first: str, last: str
    ) -> Iterator[StoredMonth]:
        """The cells of the months from `first` to `last` (`YYYY-MM`) in the order of sites and months."""
        stored = (
            month
            for month in pnl_results.months(connection, self._scope, scenarios, first, last)
            if (month.site_id, int(month.period[:4])) not in self._not_from_store
        )
        own = [
            month
            for own_months, _ in self._own.values()
            for month in own_months
            if first <= month.period <= last and month.scenario in scenarios
        ]
        return merge(stored, sorted(own, key=_ORDER), key=_ORDER) if own else stored

    def components(
        self, connection: Connection, scenarios: Collection[str], first: str, last: str
    ) -> Iterator[StoredComponent]:
        """The components of the months from `first` to `last`, in the order in which they are shown."""
        for component in pnl_results.components(connection, self._scope, scenarios, first, last):
            if (component.site_id, int(component.period[:4])) not in self._not_from_store:
                yield component
        for _, own_components in self._own.values():
            for component in own_components:
                if first <= component.period <= last and component.scenario in scenarios:
                    yield component


_ORDER = attrgetter("site_id", "period", "scenario")
