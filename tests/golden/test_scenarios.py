"""Scenarios end to end: rows in the database, one refresh, and everything read back through the services."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared_code.domain.flc import cumulative_flc
from shared_code.domain.months import add_months, months_of_year, period_of
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year import Scenario as Family
from shared_code.services.periods import parse_period
from shared_code.services.pnl_rollup import organization_pnl
from shared_code.services.pnl_table import PnlLine, line_code
from shared_code.services.pnl_view import SitePnl, site_pnl
from shared_code.services.refresh_pnl import refresh_pnl
from shared_code.storage import pnl_results
from shared_code.storage.pnl_results import StoredComponent
from tests.golden.case_files import OWN_FOLDER, SHARED_FOLDERS, scenario_files
from tests.golden.comparison import differences
from tests.golden.scenario import Scenario, load_scenario
from tests.support.scenario_world import ScenarioWorld

FILES = [file for folder in (OWN_FOLDER, *SHARED_FOLDERS) for file in scenario_files(folder)]
EVERYTHING = SiteScope.all_sites()


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[ScenarioWorld, Scenario]]:
    scenario = load_scenario(request.param)
    world = ScenarioWorld(tmp_path, scenario)
    report = refresh_pnl(world.runtime, [(site_id, scenario.year) for site_id in scenario.sites])
    assert report.errors == ()
    yield world, scenario
    world.close()


def test_a_scenario_stored_and_read_back_is_what_it_expects(world: tuple[ScenarioWorld, Scenario]) -> None:
    database, scenario = world
    reading = _Reading(database, scenario)
    expect = scenario.expect
    found = []
    for site_id, wanted in expect["sites"].items():
        found += differences(wanted, reading.site(site_id), f"sites.{site_id}")
    for level in ("district", "region"):
        for name, wanted in (expect.get(f"{level}s") or {}).items():
            found += differences(wanted, reading.organization(level, name), f"{level}s.{name}")
    found += differences(expect.get("month_kinds", {}) or [], reading.month_kinds(), "month_kinds")
    assert not found, "\n".join(found)


class _Reading:
    """What the services say of a scenario, in its layout."""

    def __init__(self, world: ScenarioWorld, scenario: Scenario) -> None:
        self._runtime = world.runtime
        self._scenario = scenario
        self._year = str(scenario.year)
        self._current = period_of(scenario.business_date)

    def month_kinds(self) -> list[str]:
        site_id = next(iter(self._scenario.sites))
        names = {"actual": "actual", "trend": "current", "forecast": "forecast"}
        return [names[column.kind] for column in self._view(site_id, "trend").columns]

    def site(self, site_id: str) -> dict[str, Any]:
        views = {view: self._view(site_id, view) for view in ("budget", "forecast", "trend")}
        answer = _figures({view: pnl.lines for view, pnl in views.items()})
        parts = self._internal_parts(site_id)
        answer["forecast_components"] = self._by_component(parts, Family.FORECAST)
        current = {code: amounts for code, amounts in self._by_component(parts, Family.TREND).items() if any(amounts)}
        if self._current.startswith(self._year):
            answer["current_month_components"] = {
                code: amounts[int(self._current[5:]) - 1] for code, amounts in current.items()
            }
        answer |= self._management(parts)
        with self._runtime.database.reading() as connection:
            own = SiteScope.of([site_id])
            (month,) = list(pnl_results.months(connection, own, ["forecast"], f"{self._year}-12", f"{self._year}-12"))
        answer["internal_revenue_source"] = month.internal_source
        return answer

    def organization(self, level: str, name: str) -> dict[str, Any]:
        lines = {
            view: organization_pnl(self._runtime, EVERYTHING, level, name, parse_period(self._year), view=view).lines
            for view in ("budget", "forecast", "trend")
        }
        return _figures(lines)

    def _view(self, site_id: str, view: str) -> SitePnl:
        return site_pnl(self._runtime, EVERYTHING, site_id, parse_period(self._year), view=view)

    def _internal_parts(self, site_id: str) -> list[StoredComponent]:
        with self._runtime.database.reading() as connection:
            own = SiteScope.of([site_id])
            parts = pnl_results.components(
                connection, own, ["forecast", "trend"], f"{self._year}-01", f"{self._year}-12"
            )
        return [part for part in parts if part.line == PnlRow.INTERNAL_REVENUE]

    def _by_component(self, parts: list[StoredComponent], family: Family) -> dict[str, list[Decimal]]:
        chosen = [part for part in parts if part.scenario == family]
        return {
            code: [
                sum((part.amount for part in chosen if (part.component, part.period) == (code, month)), ZERO)
                for month in months_of_year(self._scenario.year)
            ]
            for code in {part.component for part in chosen}
        }

    def _management(self, parts: list[StoredComponent]) -> dict[str, Any]:
        """The agreement of the running month, and the profit of every month as later months have accumulated it."""
        details = {(part.scenario, part.period): part for part in parts if part.component == "management_agreement"}
        blended = details.get(("trend", self._current))
        if blended is None:
            return {}
        names = {**_AGREEMENT, "total": None}
        figures = {
            name: blended.amount if key is None else Decimal((blended.detail or {})[key]) for name, key in names.items()
        }
        return {"current_month_management_agreement": figures, "profit": self._profits(details)}

    def _profits(self, details: dict[tuple[str, str], StoredComponent]) -> list[Decimal]:
        def figure(month: str, name: str) -> Decimal:
            return Decimal((details["forecast", month].detail or {})[name])

        months = months_of_year(self._scenario.year)
        until = [figure(add_months(month, 1), "accumulatedProfit") for month in months[:-1]]
        before = [figure(months[0], "accumulatedProfit"), *until[:-1]]
        profits = [later - earlier for earlier, later in zip(before, until, strict=True)]
        return [*profits, figure(months[-1], "profit")]


_AGREEMENT = {
    "fee": "fee",
    "billable_payroll": "billablePayroll",
    "additional_payroll": "additionalPayroll",
    "pteb": "pteb",
    "support": "support",
    "expense_accounts": "expenseAccounts",
    "insurance": "insurance",
    "claims": "claims",
    "non_gl": "nonLedgerItems",
    "profit": "profit",
    "accumulated_profit": "accumulatedProfit",
    "profit_share": "profitShare",
}


def _figures(views: dict[str, tuple[PnlLine, ...]]) -> dict[str, Any]:
    """Cells, totals, percentages and variances of all rows by view."""
    answer: dict[str, Any] = {}
    for view, lines in views.items():
        found = {line.code: line for line in lines}
        rows = {row: found[line_code(row)] for row in PnlRow}
        answer[view] = {row.value: [value.value for value in line.values] for row, line in rows.items()}
        answer[f"{view}_total"] = {row.value: line.total.value for row, line in rows.items()}
        if view == "trend":
            answer["actual_subtotal"] = {row.value: line.actual_subtotal for row, line in rows.items()}
            answer["percent_of_internal_revenue"] = {
                row.value: line.percent_of_internal_revenue for row, line in rows.items()
            }
            answer["variance_total"] = {
                row.value: {
                    name: getattr(line.total.variance, name) for name in ("amount", "percent", "favorable", "severity")
                }
                for row, line in rows.items()
                if line.total.variance is not None
            }
    flc = [answer[view]["flc"] for view in ("trend", "budget")]
    assert answer["trend"]["flc_to_budget_cumulative"] == list(cumulative_flc(*flc))
    return answer
