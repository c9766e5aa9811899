"""The P&L of a site and year, from published facts, by the cent."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.actual_payroll import RecordedLabor
from shared_code.domain.contract import Contract, ContractType
from shared_code.domain.errors import CalculationError
from shared_code.domain.ledger import Balance, ledger_cells
from shared_code.domain.months import days_of, months_of_year
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.pnl_components import Component, check_components, line_of_parts
from shared_code.domain.pnl_rows import CELL_ROWS, PnlRow
from shared_code.domain.rounding import money
from shared_code.domain.site_year import DataStatus, Scenario, ScenarioMonth, compute_site_year
from shared_code.domain.site_year_inputs import MonthInputs, RecordedDays, SiteTerms, SiteYearInputs

MID_JULY = date(2025, 7, 16)
LINES = {
    "4790": "internal_revenue",
    "6000": "payroll",
    "6200": "pteb",
    "7045": "other_expense",
    "7080": "insurance",
    "7082": "insurance",
    "7101": "claims",
    "7113": "other_expense",
    "7170": "parking_rents",
    "7185": "other_expense",
    "8010": "unmapped",
    "9410": "external_revenue",
    "9440": "occupied_rooms",
    "9510": "statistic",
}
NAMES = {"6000": "Hourly wages", "7045": "Employee relations", "7113": "Office supplies"}
BUDGET = {
    "4790": "-30000",
    "6000": "9300",
    "6200": "930",
    "7045": "300",
    "7080": "90",
    "7082": "310",
    "7101": "120",
    "7113": "220",
    "7170": "2000",
    "8010": "77",
    "9410": "62000",
    "9440": "3100",
    "9510": "500",
}
JUNE_POSTED = {
    "4790": "-29000",
    "6000": "9000",
    "6200": "900",
    "7045": "280",
    "7080": "100",
    "7101": "-50",
    "7170": "1900",
    "9410": "60000",
    "9440": "3000",
}
JULY_TO_DATE = {"7045": "410", "7113": "100", "7185": "50", "7101": "75", "7170": "1500", "6200": "999", "7080": "888"}
GSA = SiteJobCode("GSA")
MANAGER = SiteJobCode("MGR", salaried=True, allocated_salary=Decimal(73000))


def balances(figures: Mapping[str, str] | None) -> list[Balance] | None:
    if figures is None:
        return None
    return [Balance(account, LINES[account], Decimal(amount)) for account, amount in figures.items()]


def year_inputs(
    budget: Mapping[str, Mapping[str, str] | None] | None = None,
    posted: Mapping[str, Mapping[str, str] | None] | None = None,
    recorded: RecordedDays | None = None,
    *,
    today: date = MID_JULY,
    contract: Contract | None = None,
) -> SiteYearInputs:
    """2025 with `BUDGET` in every month, unless told otherwise; nothing posted in months that are not given."""
    months = tuple(
        MonthInputs(
            month,
            balances(BUDGET if budget is None else budget.get(month, BUDGET)),
            balances({} if posted is None else posted.get(month, {})),
            contract=contract,
        )
        for month in months_of_year(2025)
    )
    terms = SiteTerms((GSA, MANAGER))
    return SiteYearInputs("TP001", 2025, today, months, recorded or RecordedDays(), terms, NAMES)


def labor(last_day: int) -> list[RecordedLabor]:
    """280 dollars of hourly work and 8 recorded hours of the manager on each day of July to `last_day`."""
    return [
        RecordedLabor(code, date(2025, 7, day), Decimal(8), Decimal(0), Decimal(dollars))
        for day in range(1, last_day + 1)
        for code, dollars in (("GSA", 280), ("MGR", 90))
    ]


def july_days() -> RecordedDays:
    """External revenue to 13 July, rooms and labor to 15 July."""
    return RecordedDays(
        {date(2025, 7, day): Decimal(2500 if day <= 13 else 0) for day in range(1, 16)},
        {date(2025, 7, day): Decimal(110) for day in range(1, 16)},
        labor(15),
    )


def month_of(inputs: SiteYearInputs, period: str, scenario: Scenario) -> ScenarioMonth:
    result = compute_site_year(inputs)
    (found,) = [month for month in result.months if (month.period, month.scenario) == (period, scenario)]
    return found


def cells_of(inputs: SiteYearInputs, period: str, scenario: Scenario) -> dict[str, str | None]:
    cells = month_of(inputs, period, scenario).cells
    return {row.value: None if value is None else str(value) for row, value in cells.items()}


def parts_of(month: ScenarioMonth, row: PnlRow) -> dict[str, str]:
    return {part.code: str(part.amount) for part in month.components[row]}


def test_budget_cells_are_the_balances_of_the_line_with_internal_revenue_turned_positive() -> None:
    assert cells_of(year_inputs(), "2025-09", Scenario.BUDGET) == {
        "external_revenue": "62000.00",
        "internal_revenue": "30000.00",
        "payroll": "9300.00",
        "claims": "120.00",
        "parking_rents": "2000.00",
        "other_expense": "520.00",
        "pteb": "930.00",
        "insurance": "400.00",
        "flc": "16730.00",
        "occupied_rooms": "3100.00",
    }


def test_an_actual_credit_stays_negative_and_a_missing_account_counts_as_zero() -> None:
    assert cells_of(year_inputs(posted={"2025-06": JUNE_POSTED}), "2025-06", Scenario.ACTUAL) == {
        "external_revenue": "60000.00",
        "internal_revenue": "29000.00",
        "payroll": "9000.00",
        "claims": "-50.00",
        "parking_rents": "1900.00",
        "other_expense": "280.00",
        "pteb": "900.00",
        "insurance": "100.00",
        "flc": "16870.00",
        "occupied_rooms": "3000.00",
    }


def test_a_forecast_without_saved_values_is_the_budget_with_pteb_insurance_and_claims_by_their_rules() -> None:
    assert cells_of(year_inputs(), "2025-09", Scenario.FORECAST) == {
        "external_revenue": "62000.00",
        "internal_revenue": "30000.00",
        "payroll": "9300.00",
        "claims": "0.00",
        "parking_rents": "2000.00",
        "other_expense": "520.00",
        "pteb": "930.00",
        "insurance": "723.85",
        "flc": "16526.15",
        "occupied_rooms": "3100.00",
    }


def test_a_management_agreement_has_an_insurance_rate_of_its_own() -> None:
    inputs = year_inputs(contract=Contract(frozenset({ContractType.MANAGEMENT_AGREEMENT}), date(2024, 1, 1)))
    assert cells_of(inputs, "2025-09", Scenario.FORECAST)["insurance"] == "846.61"


def test_without_budget_payroll_the_budget_of_pteb_counts() -> None:
    inputs = year_inputs({"2025-09": {"6200": "640", "7082": "0"}})
    assert cells_of(inputs, "2025-09", Scenario.FORECAST)["pteb"] == "640.00"


def test_the_vehicle_insurance_account_counts_in_insurance_whatever_line_the_chart_gives_it() -> None:
    inputs = year_inputs()
    september = list(balances({"6000": "1000"}) or ())
    september.append(Balance("7082", "unmapped", Decimal("55.50")))
    months = [
        MonthInputs(month.period, september if month.period == "2025-09" else month.budget, month.posted)
        for month in inputs.months
    ]
    changed = SiteYearInputs("TP001", 2025, MID_JULY, months)
    assert cells_of(changed, "2025-09", Scenario.FORECAST)["insurance"] == "100.00"


def test_the_trend_of_a_closed_month_is_its_actual_and_of_a_later_month_its_forecast() -> None:
    inputs = year_inputs(posted={"2025-06": JUNE_POSTED})
    assert cells_of(inputs, "2025-06", Scenario.TREND) == cells_of(inputs, "2025-06", Scenario.ACTUAL)
    assert cells_of(inputs, "2025-09", Scenario.TREND) == cells_of(inputs, "2025-09", Scenario.FORECAST)


def test_a_month_that_has_not_begun_has_no_actual() -> None:
    scenarios = {(month.period, month.scenario) for month in compute_site_year(year_inputs()).months}
    assert ("2025-07", Scenario.ACTUAL) in scenarios
    assert ("2025-08", Scenario.ACTUAL) not in scenarios
    assert len(scenarios) == 12 * 3 + 7


def test_the_running_month_blends_recorded_days_posted_balances_and_forecast() -> None:
    inputs = year_inputs(posted={"2025-07": JULY_TO_DATE}, recorded=july_days())
    assert cells_of(inputs, "2025-07", Scenario.TREND) == {
        "external_revenue": "68500.00",  # 13 × 2,500 + 62,000 × 18 ÷ 31
        "internal_revenue": "30000.00",
        "payroll": "12000.00",  # 15 × (280 + 200 of the salary) + 9,300 × 16 ÷ 31
        "claims": "75.00",
        "parking_rents": "2000.00",
        "other_expense": "680.00",  # 410 posted, 220 forecast, 50 posted
        "pteb": "1200.00",
        "insurance": "844.00",
        "flc": "13201.00",
        "occupied_rooms": "3250.00",  # 15 × 110 + 3,100 × 16 ÷ 31
    }


def test_the_running_month_says_through_which_day_it_is_actual() -> None:
    month = month_of(year_inputs(recorded=july_days()), "2025-07", Scenario.TREND)
    assert month.actual_through == date(2025, 7, 15)


def test_a_running_month_without_recorded_days_is_forecast_but_for_what_is_posted() -> None:
    cells = cells_of(year_inputs(posted={"2025-07": {"7170": "2100"}}), "2025-07", Scenario.TREND)
    assert (cells["external_revenue"], cells["payroll"], cells["claims"]) == ("62000.00", "9300.00", "0.00")
    assert (cells["parking_rents"], cells["insurance"]) == ("2100.00", "723.85")


def test_a_day_after_the_business_date_is_never_actual() -> None:
    recorded = RecordedDays({day: Decimal(1) for day in days_of("2025-07")})
    cells = cells_of(year_inputs(recorded=recorded), "2025-07", Scenario.TREND)
    assert cells["external_revenue"] == "30016.00"  # 16 × 1 + 62,000 × 15 ÷ 31


def test_the_months_of_an_earlier_year_are_all_actual_and_of_a_later_year_all_forecast() -> None:
    later, earlier = year_inputs(today=date(2026, 1, 1)), year_inputs(today=date(2024, 12, 31))
    assert {month.kind.value for month in compute_site_year(later).months} == {"actual"}
    assert {month.kind.value for month in compute_site_year(earlier).months} == {"forecast"}


def test_a_month_whose_budget_was_never_published_has_no_budget_and_only_claims_are_forecast() -> None:
    inputs = year_inputs({"2025-09": None})
    budget = month_of(inputs, "2025-09", Scenario.BUDGET)
    forecast = month_of(inputs, "2025-09", Scenario.FORECAST)
    assert (set(budget.cells.values()), budget.status) == ({None}, DataStatus.UNAVAILABLE)
    assert forecast.status is DataStatus.PARTIAL
    assert [row.value for row, value in forecast.cells.items() if value is not None] == ["claims"]


def test_a_published_budget_without_a_row_of_the_site_is_zero() -> None:
    month = month_of(year_inputs({"2025-09": {}}), "2025-09", Scenario.BUDGET)
    assert (set(month.cells.values()), month.status) == ({Decimal("0.00")}, DataStatus.OK)


def test_a_closed_month_whose_ledger_was_never_read_has_no_trend() -> None:
    month = month_of(year_inputs(posted={"2025-03": None}), "2025-03", Scenario.TREND)
    assert (set(month.cells.values()), month.status) == ({None}, DataStatus.UNAVAILABLE)
    assert month.actual_through is None


def test_a_running_month_whose_ledger_was_never_read_lacks_what_is_posted() -> None:
    month = month_of(year_inputs(posted={"2025-07": None}), "2025-07", Scenario.TREND)
    missing = [row.value for row, value in month.cells.items() if value is None]
    assert missing == ["claims", "parking_rents", "other_expense", "flc"]


def test_a_running_month_without_a_budget_has_only_its_claims() -> None:
    inputs = year_inputs({"2025-07": None}, {"2025-07": JULY_TO_DATE}, july_days())
    known = {row: value for row, value in cells_of(inputs, "2025-07", Scenario.TREND).items() if value is not None}
    assert known == {"claims": "75.00"}


def test_the_components_of_a_ledger_line_are_its_accounts_with_their_names() -> None:
    month = month_of(year_inputs(), "2025-09", Scenario.BUDGET)
    assert [(part.code, part.label, str(part.amount)) for part in month.components[PnlRow.OTHER_EXPENSE]] == [
        ("7045", "Employee relations", "300"),
        ("7113", "Office supplies", "220"),
    ]
    assert parts_of(month, PnlRow.INTERNAL_REVENUE) == {"4790": "30000"}


def test_the_components_of_a_formula_show_what_went_into_it() -> None:
    month = month_of(year_inputs(recorded=july_days()), "2025-07", Scenario.TREND)
    (pteb,) = month.components[PnlRow.PTEB]
    assert pteb.detail == {"payroll": "12000", "budgetPteb": "930", "budgetPayroll": "9300"}
    assert parts_of(month, PnlRow.INSURANCE) == {"vehicle_insurance": "310.000000", "payroll_percent": "534.000000"}
    assert parts_of(month, PnlRow.PAYROLL) == {"actual_days": "7200.000000", "forecast_days": "4800.000000"}


def test_the_accounts_of_a_running_month_show_both_figures_of_which_the_greater_counts() -> None:
    month = month_of(year_inputs(posted={"2025-07": JULY_TO_DATE}), "2025-07", Scenario.TREND)
    shown = {part.code: (str(part.source), part.detail) for part in month.components[PnlRow.OTHER_EXPENSE]}
    assert shown == {
        "7045": ("actual", {"posted": "410", "forecast": "300"}),
        "7113": ("budget", {"posted": "100", "forecast": "220"}),
        "7185": ("actual", {"posted": "50"}),
    }


def test_the_components_of_a_trend_that_is_actual_or_forecast_stand_there_alone() -> None:
    inputs = year_inputs(posted={"2025-06": JUNE_POSTED})
    assert not month_of(inputs, "2025-06", Scenario.TREND).components
    assert not month_of(inputs, "2025-09", Scenario.TREND).components


def test_components_that_do_not_add_up_are_refused_with_both_figures() -> None:
    parts = [Component("7045", "Employee relations", Decimal("12.34"))]
    with pytest.raises(CalculationError, match=r"components of other_expense add up to 12\.34, but the line is 12\.35"):
        check_components(PnlRow.OTHER_EXPENSE, Decimal("12.35"), parts)


def test_a_ratio_to_a_budget_of_next_to_nothing_is_refused_and_not_stored_as_something_else() -> None:
    inputs = year_inputs({"2025-07": {"6000": "0.00001", "6200": "900000000"}}, recorded=july_days())
    with pytest.raises(CalculationError, match=r"pteb of 2025-07 \(trend\) is \d+\.\d\d; less than 1000000000000"):
        month_of(inputs, "2025-07", Scenario.TREND).check()


CENTS = st.decimals(-50_000, 50_000, places=5)


@given(
    st.dictionaries(st.sampled_from(sorted(LINES)), CENTS, max_size=14),
    st.dictionaries(st.sampled_from(sorted(LINES)), CENTS, max_size=14),
    st.dictionaries(st.integers(1, 31), st.decimals(-9_000, 9_000, places=4), max_size=8),
)
def test_components_always_add_up_to_their_cells_and_cells_to_flc(
    budget: dict[str, Decimal], posted: dict[str, Decimal], days: dict[int, Decimal]
) -> None:
    july = {
        "budget": [Balance(account, LINES[account], amount) for account, amount in budget.items()],
        "posted": [Balance(account, LINES[account], amount) for account, amount in posted.items()],
    }
    recorded = RecordedDays({date(2025, 7, day): amount for day, amount in days.items()})
    months = [
        MonthInputs(month, *(july.values() if month == "2025-07" else ((), ()))) for month in months_of_year(2025)
    ]
    inputs = SiteYearInputs("TP001", 2025, MID_JULY, months, recorded, SiteTerms(job_codes=(MANAGER,)))
    result = [month for month in compute_site_year(inputs).months if month.period == "2025-07"]
    for month in result:
        month.check()
        for row, parts in month.components.items():
            assert money(sum((part.amount for part in parts), Decimal(0))) == month.cells[row]
    actual = next(month for month in result if month.scenario is Scenario.ACTUAL)
    assert {row: actual.cells[row] for row in CELL_ROWS} == ledger_cells(july["posted"])


@given(st.lists(st.fractions(-10_000, 10_000, max_denominator=97), min_size=1, max_size=4))
def test_parts_cut_to_six_decimals_still_round_to_the_cell_of_the_exact_figure(parts: list[object]) -> None:
    amounts = [Decimal(part.numerator) / Decimal(part.denominator) for part in parts]  # type: ignore[attr-defined]
    total = sum(amounts, Decimal(0))
    line = line_of_parts(total, [Component(str(n), "", amount) for n, amount in enumerate(amounts)])
    assert all(part.amount == part.amount.quantize(Decimal("0.000001")) for part in line.components)
    assert money(sum((part.amount for part in line.components), Decimal(0))) == money(total)


def test_a_part_shows_the_cents_of_its_own_figure_though_the_parts_before_it_are_cut() -> None:
    share, agreement = Decimal("2217.396792708"), Decimal("3965.6949994617")
    parts = [Component("revenue_share", "", share), Component("management_agreement", "", agreement)]
    line = line_of_parts(share + agreement, parts)
    assert [money(part.amount) for part in line.components] == [money(share), money(agreement)]
