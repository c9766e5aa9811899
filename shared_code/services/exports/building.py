"""An export put together: the figures that the exported GET answers with, below the facts about them.

Source: REST API, "Audit and export".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from shared_code.services.exports.contents import Contents
from shared_code.services.exports.monthly_tables import (
    other_expenses_contents,
    other_revenue_contents,
    parking_rates_contents,
)
from shared_code.services.exports.payroll_table import payroll_contents
from shared_code.services.exports.pnl_tables import rollup_contents, site_pnl_contents
from shared_code.services.exports.request import ExportRequest
from shared_code.services.exports.statistics_table import statistics_contents
from shared_code.services.exports.table import Document
from shared_code.services.periods import Period, PeriodType, parse_period
from shared_code.services.pnl_site_cells import OpenSite, open_site
from shared_code.services.runtime import Runtime
from shared_code.services.source_age import STALE_MESSAGE, STALE_SOURCE, SourceAge, source_age
from shared_code.sql.types import timestamp_text

ROLLUP: Final = "rollup"
"""The module of organisations."""

SiteContents = Callable[[Runtime, ExportRequest, OpenSite, Sequence[Period]], Contents]

SITE_MODULES: Final[Mapping[str, SiteContents]] = {
    "statistics": statistics_contents,
    "payroll": payroll_contents,
    "parking-rates": parking_rates_contents,
    "other-revenue": other_revenue_contents,
    "other-expenses": other_expenses_contents,
    "pl-view": site_pnl_contents,
}
"""What each module of a site is made of."""

_TITLES: Final = {"pl-view": "P&L", ROLLUP: "P&L"}


def build_export(runtime: Runtime, request: ExportRequest) -> Document:
    """The export that `request` describes; raises as the services of the exported GET do."""
    about: tuple[tuple[str, str], ...] = ()
    if request.site_id is None:
        contents = rollup_contents(runtime, request)
    else:
        site = open_site(runtime, request.scope, request.site_id)
        periods = [parse_period(text, frozenset(PeriodType)) for text in request.periods]
        contents = SITE_MODULES[request.module](runtime, request, site, periods)
        about = (("Site", f"{site.site_id} {site.name}"),)
    facts = (*about, *_facts(runtime, request, contents))
    return Document(facts, contents.sections, contents.shows_pay)


def _facts(runtime: Runtime, request: ExportRequest, contents: Contents) -> Iterator[tuple[str, str]]:
    """The first rows of an export, below the site of one."""
    yield from contents.facts
    yield "Export", _TITLES.get(request.module, request.module.replace("-", " ").capitalize())
    yield "Period", " to ".join(dict.fromkeys((request.periods[0], request.periods[-1])))
    yield "View", contents.view
    yield "Filters", request.filters or "none"
    yield "User", request.user_id
    yield "Time", timestamp_text(runtime.clock.now())
    age = source_age(runtime)
    yield "Data as of", "; ".join(_ages(age))
    if age.stale:
        yield "Warning", f"{STALE_SOURCE}: {STALE_MESSAGE}"
    for warning in contents.warnings:
        yield "Warning", f"{warning.code}: {warning.message}"


def _ages(age: SourceAge) -> Iterator[str]:
    read_at: tuple[tuple[str, datetime | None], ...] = (
        ("budget", age.budget),
        ("actual", age.actual),
        ("schedule", age.schedule),
    )
    for kind, moment in read_at:
        yield f"{kind} {'never read' if moment is None else timestamp_text(moment)}"
