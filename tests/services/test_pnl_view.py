"""The P&L of one site as it is shown: columns, lines, totals, comparisons, breakdown, warnings."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import CalculationRefusedError, InvalidInputError, NotFoundError
from shared_code.services.periods import parse_period
from shared_code.services.pnl_table import PnlLine
from shared_code.services.pnl_view import SitePnl, site_pnl
from shared_code.storage.tables.results import pnl_results, pnl_site_years
from tests.support.pnl_world import MONTHS, PnlWorld

BUDGET = {
    "4790": "-30000", "6000": "9000", "6200": "900", "7045": "300", "7082": "310", "7113": "220", "7170": "2000",
    "9410": "60000", "9440": "3100",
}  # fmt: skip
POSTED = {
    "4790": "-31000", "6000": "9500", "6200": "950", "7045": "250", "7080": "400", "7101": "100", "7170": "2000",
    "9410": "64000", "9440": "3000",
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    world.add_sites("TP001")
    world.budget("TP001", BUDGET)
    world.ledger("TP001", POSTED, "2025-01", "2025-02", "2025-03", "2025-04", "2025-05", "2025-06")
    world.ledger("TP001", {"7101": "40", "7113": "500"}, "2025-07")
    yield world
    world.close()


def pnl(
    world: PnlWorld, period: str = "2025", view: str = "trend", compare: str | None = None, *, breakdown: bool = False
) -> SitePnl:
    scope = SiteScope.of(["TP001"])
    return site_pnl(
        world.runtime, scope, "TP001", parse_period(period), view=view, compare=compare, with_breakdown=breakdown
    )


def shown(line: PnlLine) -> list[str | None]:
    return [None if value.value is None else str(value.value) for value in line.values]


def sources(line: PnlLine) -> list[str]:
    return [value.source.value for value in line.values]


def test_a_year_has_twelve_columns_of_three_kinds(world: PnlWorld) -> None:
    columns = pnl(world).columns
    assert [column.period for column in columns] == list(MONTHS)
    assert [column.month for column in columns] == list(range(1, 13))
    assert (columns[0].label, columns[11].label) == ("Jan", "Dec")
    assert [column.kind for column in columns] == ["actual"] * 6 + ["trend"] + ["forecast"] * 5


def test_the_lines_come_in_the_order_of_the_contract(world: PnlWorld) -> None:
    assert [(line.code, line.type) for line in pnl(world).lines] == [
        ("externalRevenue", "revenue"),
        ("internalRevenue", "revenue"),
        ("payroll", "expense"),
        ("claims", "expense"),
        ("parkingRents", "expense"),
        ("otherExpense", "expense"),
        ("pteb", "expense"),
        ("insurance", "expense"),
        ("flc", "result"),
        ("flcToBudgetCumulative", "result"),
        ("occupiedRooms", "statistic"),
    ]


def test_the_trend_is_actual_then_blended_then_forecast(world: PnlWorld) -> None:
    view = pnl(world)
    assert shown(view.line(PnlRow.INTERNAL_REVENUE)) == ["31000.00"] * 6 + ["30000.00"] * 6
    assert shown(view.line(PnlRow.CLAIMS)) == ["100.00"] * 6 + ["40.00"] + ["0.00"] * 5
    # 7045 has its budget of 300, 7113 what is posted beyond its budget of 220.
    assert shown(view.line(PnlRow.OTHER_EXPENSE)) == ["250.00"] * 6 + ["800.00"] + ["520.00"] * 5
    # 9,000 × 4.45 % + 310
    assert shown(view.line(PnlRow.INSURANCE)) == ["400.00"] * 6 + ["710.50"] * 6


def test_flc_is_internal_revenue_less_the_six_expense_rows_and_adds_up_against_budget(world: PnlWorld) -> None:
    view = pnl(world)
    # 31,000 − 13,200; 30,000 − (9,000 + 40 + 2,000 + 800 + 900 + 710.50); 30,000 − (9,000 + 2,000 + 520 + 900 + 710.50)
    assert shown(view.line(PnlRow.FLC)) == ["17800.00"] * 6 + ["16549.50"] + ["16869.50"] * 5
    # Budget 30,000 − (9,000 + 2,000 + 520 + 900 + 310) = 17,270: + 530 six times, − 720.50, then − 400.50 each.
    assert shown(view.line(PnlRow.FLC_TO_BUDGET_CUMULATIVE)) == [
        "530.00", "1060.00", "1590.00", "2120.00", "2650.00", "3180.00", "2459.50", "2059.00", "1658.50", "1258.00",
        "857.50", "457.00",
    ]  # fmt: skip
    assert view.line(PnlRow.FLC_TO_BUDGET_CUMULATIVE).total.value == Decimal("457.00")


def test_totals_subtotals_and_percentages_come_from_the_cells(world: PnlWorld) -> None:
    view = pnl(world)
    revenue, payroll = view.line(PnlRow.INTERNAL_REVENUE), view.line(PnlRow.PAYROLL)
    assert (str(revenue.total.value), str(revenue.actual_subtotal)) == ("366000.00", "186000.00")
    assert (str(payroll.total.value), str(payroll.actual_subtotal)) == ("111000.00", "57000.00")
    assert str(payroll.percent_of_internal_revenue) == "30.33"
    assert view.line(PnlRow.EXTERNAL_REVENUE).percent_of_internal_revenue is None
    assert view.line(PnlRow.FLC_TO_BUDGET_CUMULATIVE).percent_of_internal_revenue is None
    assert view.line(PnlRow.OCCUPIED_ROOMS).percent_of_internal_revenue is None


def test_a_variance_to_budget_knows_its_merit_and_severity(world: PnlWorld) -> None:
    january = pnl(world).line(PnlRow.PAYROLL).values[0]
    assert (january.value, january.comparison) == (Decimal("9500.00"), Decimal("9000.00"))
    variance = january.variance
    assert variance is not None
    assert (str(variance.amount), str(variance.percent), variance.favorable) == ("500.00", "5.56", False)
    assert variance.severity is not None
    assert variance.severity.value == "medium"


def test_a_variance_to_nothing_has_neither_percent_nor_severity(world: PnlWorld) -> None:
    variance = pnl(world).line(PnlRow.CLAIMS).values[0].variance
    assert variance is not None
    assert (variance.amount, variance.percent, variance.severity) == (Decimal("100.00"), None, None)


def test_figures_leave_with_two_decimals(world: PnlWorld) -> None:
    view = pnl(world)
    values = [value for line in view.lines for value in line.values]
    totals = [line.total for line in view.lines]
    figures = [
        *[figure for value in values for figure in (value.value, value.comparison)],
        *[figure for total in totals for figure in (total.value, total.comparison)],
        *[value.variance.amount for value in values if value.variance],
        *[total.variance.amount for total in totals if total.variance],
    ]
    assert len(figures) > 300
    assert {figure.as_tuple().exponent for figure in figures if figure is not None} == {-2}


def test_a_value_says_where_it_comes_from(world: PnlWorld) -> None:
    view = pnl(world)
    assert sources(view.line(PnlRow.PAYROLL)) == ["actual"] * 6 + ["trend"] + ["budget"] * 5
    assert sources(view.line(PnlRow.INTERNAL_REVENUE)) == ["actual"] * 6 + ["trend"] + ["budget"] * 5
    assert sources(view.line(PnlRow.PARKING_RENTS)) == ["actual"] * 6 + ["trend"] + ["budget"] * 5
    assert sources(view.line(PnlRow.PTEB)) == ["actual"] * 6 + ["trend"] + ["forecast"] * 5
    assert sources(view.line(PnlRow.FLC)) == ["actual"] * 6 + ["trend"] + ["forecast"] * 5
    assert sources(pnl(world, view="budget").line(PnlRow.PAYROLL)) == ["budget"] * 12


def test_a_month_and_a_quarter_show_their_own_columns_with_the_cumulative_from_january_on(world: PnlWorld) -> None:
    month, quarter = pnl(world, "2025-07"), pnl(world, "2025-Q3")
    assert (month.period_type, quarter.period_type) == ("month", "quarter")
    assert shown(month.line(PnlRow.FLC_TO_BUDGET_CUMULATIVE)) == ["2459.50"]
    assert shown(quarter.line(PnlRow.FLC_TO_BUDGET_CUMULATIVE)) == ["2459.50", "2059.00", "1658.50"]
    assert quarter.line(PnlRow.FLC).total.value == Decimal("50288.50")
    assert quarter.line(PnlRow.FLC).actual_subtotal == Decimal(0)


def test_the_actual_view_has_nothing_in_months_that_have_not_begun_and_blames_no_source(world: PnlWorld) -> None:
    view = pnl(world, view="actual")
    payroll = view.line(PnlRow.PAYROLL)
    assert shown(payroll) == ["9500.00"] * 6 + ["0.00"] + [None] * 5
    assert sources(payroll) == ["actual"] * 7 + ["none"] * 5
    assert (payroll.total.value, str(payroll.actual_subtotal)) == (None, "57000.00")
    assert view.warnings == ()


def test_the_prior_year_view_shows_the_trend_of_twelve_months_before(world: PnlWorld) -> None:
    world.ledger("TP001", POSTED | {"6000": "7000"}, "2024-07")
    view = pnl(world, "2025-07", view="prior-year")
    assert view.columns[0].period == "2025-07"
    assert shown(view.line(PnlRow.PAYROLL)) == ["7000.00"]
    assert sources(view.line(PnlRow.PAYROLL)) == ["actual"]


@pytest.mark.parametrize(
    ("compare", "payroll"),
    [("budget", "9000.00"), ("forecast", "9000.00"), ("prior-month", "9500.00"), ("prior-quarter", "9700.00"),
     ("prior-year", "7000.00"), ("ly", "7000.00"), ("previous-quarter", "9700.00")],
)  # fmt: skip
def test_a_month_is_compared_with_what_is_asked_for(world: PnlWorld, compare: str, payroll: str) -> None:
    world.ledger("TP001", {"6000": "7000"}, "2024-07")
    world.ledger("TP001", {"6000": "200"}, "2025-04", entity="02")
    line = pnl(world, "2025-07", compare=compare).line(PnlRow.PAYROLL)
    assert (str(line.total.value), str(line.total.comparison)) == ("9000.00", payroll)


def test_the_budget_view_is_compared_with_nothing_unless_asked(world: PnlWorld) -> None:
    view = pnl(world, "2025-07", view="budget")
    assert (view.compare, view.line(PnlRow.FLC).total.comparison, view.line(PnlRow.FLC).total.variance) == (
        None,
        None,
        None,
    )
    assert pnl(world, "2025-07", view="budget", compare="forecast").compare == "forecast"


def test_the_breakdown_names_the_accounts_of_an_expense_line(world: PnlWorld) -> None:
    line = pnl(world, "2025-Q3", breakdown=True).line(PnlRow.OTHER_EXPENSE)
    assert line.breakdown is not None
    july, august, _ = line.breakdown
    assert [(part.account, part.name, str(part.amount)) for part in july.accounts] == [
        ("7045", "Employee relations", "300.00"),
        ("7113", "Office supplies", "500.00"),
    ]
    assert [(part.account, str(part.amount)) for part in august.accounts] == [("7045", "300.00"), ("7113", "220.00")]


def test_the_breakdown_of_a_formula_has_no_accounts_but_its_parts(world: PnlWorld) -> None:
    view = pnl(world, "2025", breakdown=True)
    line = view.line(PnlRow.INSURANCE)
    assert line.breakdown is not None
    june, august = line.breakdown[5], line.breakdown[7]
    assert [part.account for part in june.accounts] == ["7080"]
    assert august.accounts == ()
    assert {part.component: str(part.amount) for part in august.components} == {
        "vehicle_insurance": "310.00",
        "payroll_percent": "400.50",
    }


def test_revenue_lines_break_down_into_components_and_results_into_nothing(world: PnlWorld) -> None:
    view = pnl(world, "2025", breakdown=True)
    revenue = view.line(PnlRow.INTERNAL_REVENUE).breakdown
    assert revenue is not None
    assert [(part.component, str(part.amount)) for part in revenue[0].components] == [("4790", "31000.00")]
    assert [(part.component, part.source) for part in revenue[11].components] == [("budget", "budget")]
    assert view.line(PnlRow.FLC).breakdown is None
    assert view.line(PnlRow.OCCUPIED_ROOMS).breakdown is None


def test_without_being_asked_for_there_is_no_breakdown(world: PnlWorld) -> None:
    assert {line.breakdown for line in pnl(world).lines} == {None}


def test_a_column_without_its_source_is_empty_and_the_others_are_shown(world: PnlWorld) -> None:
    world.clock.moment = datetime(2025, 9, 20, 16, tzinfo=UTC)  # nothing of August or September was ever posted
    view = pnl(world)
    flc = view.line(PnlRow.FLC)
    assert shown(flc)[5:10] == ["17800.00", "-540.00", None, None, "16869.50"]
    assert (flc.total.value, sources(flc)[7]) == (None, "none")
    assert view.line(PnlRow.OCCUPIED_ROOMS).total.value is None
    (warning,) = [warning for warning in view.warnings if warning.code == "SOURCE_UNAVAILABLE"]
    assert warning.details["periods"] == ["2025-08", "2025-09"]
    assert "2025-08, 2025-09" in warning.message


def test_a_year_without_a_published_budget_says_so_on_the_side_of_the_comparison(world: PnlWorld) -> None:
    world.ledger("TP001", POSTED, *[month.replace("2025", "2024") for month in MONTHS])
    view = pnl(world, "2024")
    assert view.line(PnlRow.FLC).total.value == Decimal("213600.00")
    assert view.line(PnlRow.FLC).total.comparison is None
    assert view.line(PnlRow.FLC_TO_BUDGET_CUMULATIVE).total.value is None
    assert [warning.details["side"] for warning in view.warnings] == ["comparison"]


def test_a_budget_of_nothing_is_shown_as_zero_with_a_warning(world: PnlWorld) -> None:
    world.add_sites("TP002")
    view = site_pnl(world.runtime, SiteScope.all_sites(), "TP002", parse_period("2025-08"))
    assert view.line(PnlRow.PAYROLL).total.comparison == Decimal("0.00")
    assert [(warning.code, warning.details["periods"]) for warning in view.warnings] == [("NO_BUDGET", ["2025-08"])]


def test_an_flc_far_from_its_budget_is_to_be_reviewed(world: PnlWorld) -> None:
    world.ledger("TP001", {"6000": "4000.01"}, "2025-05", entity="02")
    assert [warning.code for warning in pnl(world, "2025-05").warnings] == []
    world.ledger("TP001", {"6000": "1600"}, "2025-05", entity="03")
    world.inputs_changed("TP001")
    (warning,) = pnl(world, "2025-05").warnings
    assert (warning.code, warning.details["amount"]) == ("FLC_REVIEW", Decimal("-5070.01"))


def test_the_first_read_computes_and_stores_and_the_second_only_reads(world: PnlWorld) -> None:
    first = pnl(world)
    assert world.rows(pnl_site_years, "site_id", "year", "business_month") == [("TP001", 2025, "2025-07")]
    with world.statements() as seen:
        assert pnl(world) == first
    assert [text for text in seen.texts if not text.startswith(("SELECT", "BEGIN"))] == []
    assert len(seen.texts) <= 14


def test_a_read_after_a_change_shows_the_change(world: PnlWorld) -> None:
    pnl(world)
    world.ledger("TP001", {"6000": "0.07"}, "2025-02", entity="02")
    world.inputs_changed("TP001")
    assert shown(pnl(world).line(PnlRow.PAYROLL))[1] == "9500.07"


def test_a_reader_answers_with_its_own_figures_when_something_newer_is_stored(world: PnlWorld) -> None:
    world.clock.moment = datetime(2025, 8, 2, 16, tzinfo=UTC)
    pnl(world)
    later = world.rows(pnl_results)
    world.clock.moment = datetime(2025, 7, 16, 16, tzinfo=UTC)
    view = pnl(world, breakdown=True)
    assert shown(view.line(PnlRow.INTERNAL_REVENUE))[6:8] == ["30000.00", "30000.00"]
    assert view.columns[6].kind == "trend"
    breakdown = view.line(PnlRow.PTEB).breakdown
    assert breakdown is not None
    assert [part.component for part in breakdown[6].components] == ["payroll_ratio"]
    assert world.rows(pnl_results) == later


def test_a_site_outside_the_scope_is_not_found(world: PnlWorld) -> None:
    with pytest.raises(NotFoundError) as refused:
        site_pnl(world.runtime, SiteScope.of(["TP002"]), "TP001", parse_period("2025"))
    assert refused.value.code == "SITE_NOT_FOUND"


def test_a_period_outside_the_horizon_comes_before_a_view_that_there_is_not(world: PnlWorld) -> None:
    with pytest.raises(NotFoundError) as refused:
        pnl(world, "2023", view="sideways")
    assert refused.value.code == "PERIOD_NOT_AVAILABLE"


def test_a_view_that_there_is_not_is_refused_with_those_that_there_are(world: PnlWorld) -> None:
    with pytest.raises(InvalidInputError) as refused:
        pnl(world, view="sideways")
    assert (refused.value.code, refused.value.field) == ("INVALID_DATA_TYPE", "view")
    assert refused.value.details["accepted"] == ["trend", "forecast", "budget", "actual", "prior-year"]


@pytest.mark.parametrize("compare", ["", "TREND", "trend", "budgets", "x" * 300])
def test_a_comparison_that_there_is_not_is_refused(world: PnlWorld, compare: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        pnl(world, compare=compare)
    assert (refused.value.field, refused.value.details["providedValue"]) == ("compare", compare[:100])
    assert "snapshot" in refused.value.details["accepted"]


def test_a_view_is_not_compared_with_itself(world: PnlWorld) -> None:
    with pytest.raises(InvalidInputError) as refused:
        pnl(world, view="prior-year", compare="ly")
    assert refused.value.details["reason"] == "same_as_base"


@pytest.mark.parametrize("compare", ["snapshot", "fpa-projection"])
def test_a_frozen_state_of_which_none_is_stored_is_not_available(world: PnlWorld, compare: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        pnl(world, compare=compare)
    assert refused.value.code == "PERIOD_NOT_AVAILABLE"


def test_a_site_that_cannot_be_computed_is_refused_with_the_reason(world: PnlWorld) -> None:
    world.add_sites("MARS1", time_zone="Mars/Olympus")
    with pytest.raises(CalculationRefusedError, match="time zone 'Mars/Olympus' of site MARS1"):
        site_pnl(world.runtime, SiteScope.all_sites(), "MARS1", parse_period("2025"))
