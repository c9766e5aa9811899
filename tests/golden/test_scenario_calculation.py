"""Scenarios by the calculation alone, without a database: every figure of a site that is not a sum over sites."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared_code.domain.flc import cumulative_flc
from shared_code.domain.months import months_of_year
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_year import Scenario as Family
from shared_code.domain.site_year import ScenarioMonth, SiteYearResult, compute_site_year
from tests.golden.case_files import OWN_FOLDER, SHARED_FOLDERS, scenario_files
from tests.golden.comparison import differences
from tests.golden.scenario import load_scenario

FILES = [file for folder in (OWN_FOLDER, *SHARED_FOLDERS) for file in scenario_files(folder)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_cell_and_component_of_the_sites_is_what_the_scenario_expects(file: Path) -> None:
    scenario = load_scenario(file)
    for site_id, expect in scenario.expect["sites"].items():
        result = compute_site_year(scenario.sites[site_id])
        for month in result.months:
            month.check()
        answer = _answer(result)
        wanted = {name: value for name, value in expect.items() if name in answer}
        found = differences(wanted, answer, f"{scenario.file.name} {site_id}")
        assert not found, "\n".join(found)


def _answer(result: SiteYearResult) -> dict[str, Any]:
    months = {(month.scenario, month.period): month for month in result.months}
    year = months_of_year(result.year)
    answer: dict[str, Any] = {
        family.value: _rows([months[family, month] for month in year])
        for family in (Family.BUDGET, Family.FORECAST, Family.TREND)
    }
    trend, budget = (answer[family]["flc"] for family in ("trend", "budget"))
    answer["trend"]["flc_to_budget_cumulative"] = list(cumulative_flc(trend, budget))
    answer["internal_revenue_source"] = months[Family.FORECAST, year[0]].internal_source
    answer["forecast_components"] = _components([months[Family.FORECAST, month] for month in year])
    current = [month for month in result.months if month.actual_through and month.kind.value == "current"]
    if current:
        answer["current_month_components"] = {code: amounts[0] for code, amounts in _components([current[-1]]).items()}
    if result.profits:
        answer["profit"] = [result.profits[month] for month in year]
    return answer


def _rows(months: list[ScenarioMonth]) -> dict[str, Any]:
    return {row.value: [month.cells[row] for month in months] for row in months[0].cells}


def _components(months: list[ScenarioMonth]) -> dict[str, list[Decimal]]:
    codes = {part.code for month in months for part in month.components[PnlRow.INTERNAL_REVENUE]}
    return {
        code: [
            sum((part.amount for part in month.components[PnlRow.INTERNAL_REVENUE] if part.code == code), ZERO)
            for month in months
        ]
        for code in codes
    }
