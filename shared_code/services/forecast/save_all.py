"""Saving several modules of a site at once: all of them, or none.

Source: REST API, "Forecast, summary, sites, me".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared_code.services.forecast.author import Author, Precondition
from shared_code.services.forecast.saving import SavedSection, Section, Unit, WriteRequest, save
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime


def save_all(
    runtime: Runtime, site: OpenSite, period: Period, author: Author, parts: Mapping[str, WriteRequest]
) -> dict[str, SavedSection]:
    """Save the `parts` of a request, by the names of their members; errors name the field with its part.

    Source: REST API, "Forecast, summary, sites, me".
    """
    requests = [_Part(request.precondition, name, request) for name, request in parts.items()]
    return dict(zip(parts, save(runtime, site, period, author, requests), strict=True))


@dataclass(frozen=True, slots=True)
class _Part(WriteRequest):
    """A request that is a member of a larger one."""

    precondition: Precondition | None
    name: str
    request: WriteRequest

    def open(self, unit: Unit) -> Section:
        """The section of the part, which knows where it stands."""
        section = self.request.open(unit)
        section.part = self.name
        return section
