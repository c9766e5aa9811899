"""Labor by job code and day."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from shared_code.domain.actual_payroll import RecordedLabor, blend_payroll
from shared_code.domain.labor_hours import LaborDay
from shared_code.domain.months import days_of
from shared_code.domain.payroll import PayrollInputs, SiteJobCode, forecast_payroll
from shared_code.domain.payroll_days import (
    NO_LABOR,
    BudgetLabor,
    CodeDay,
    Labor,
    MonthLabor,
    code_days,
    sum_labor,
    sum_of_sources,
)
from shared_code.domain.pnl_components import FigureSource
from shared_code.domain.rates_in_force import RateMethod, RateRow
from shared_code.domain.rounding import money
from shared_code.domain.schedule import ScheduledDay

MAY = "2025-05"
TODAY = date(2025, 4, 15)
HOURS = st.decimals(min_value=0, max_value=200, places=2)
RATES = st.decimals(min_value=5, max_value=200, places=6)
MAY_DAYS = st.sampled_from(list(days_of(MAY)))


def code(name: str, rate: str | None = None, salary: str | None = None) -> SiteJobCode:
    return SiteJobCode(
        name,
        salary is not None,
        None if salary is None else Decimal(salary),
        Decimal(1),
        default_rate=None if rate is None else Decimal(rate),
    )


def month(
    *codes: SiteJobCode, saved: list[LaborDay] | None = None, budget: dict[str, BudgetLabor] | None = None
) -> MonthLabor:
    hours = {name: labor.hours for name, labor in (budget or {}).items()}
    return MonthLabor(MAY, TODAY, PayrollInputs(codes, saved or [], hours, Decimal(26000)), budget or {})


def test_hours_without_a_rate_stay_without_a_cost_whatever_days_are_added() -> None:
    unpriced = Labor(Decimal(6), Decimal(0), None)
    assert (NO_LABOR + unpriced + NO_LABOR).cost is None
    assert (unpriced + Labor(Decimal(1), Decimal(0), Decimal(15))).cost == 15


def test_a_day_without_any_saved_hours_leaves_the_budget_hours_of_its_code() -> None:
    saved = [LaborDay("VLT1", date(2025, 5, 2), Decimal(8)), LaborDay("GSA1", date(2025, 5, 2))]
    budget = {"GSA1": BudgetLabor(Decimal(310), Decimal(9000))}
    labor = month(code("VLT1", "15"), code("GSA1", "20"), saved=saved, budget=budget)
    days = code_days(labor)["GSA1"]
    assert sum_labor(day.forecast for day in days) == Labor(Decimal(310), Decimal(0), Decimal(6200))
    assert forecast_payroll(MAY, labor.payroll).total == 8 * 15 + 6200


def test_a_sum_with_paid_days_among_others_is_a_trend() -> None:
    actual, forecast, budget = FigureSource.ACTUAL, FigureSource.FORECAST, FigureSource.BUDGET
    assert sum_of_sources([actual, FigureSource.NONE]) is actual
    assert sum_of_sources([actual, forecast]) is FigureSource.TREND
    assert sum_of_sources([budget, forecast]) is FigureSource.MIXED
    assert sum_of_sources([]) is FigureSource.NONE


def test_a_code_with_one_saved_day_has_no_hours_on_the_others() -> None:
    saved = [LaborDay("A", date(2025, 5, 10), Decimal(8))]
    days = code_days(month(code("A", "15"), saved=saved, budget={"A": BudgetLabor(Decimal(310), Decimal(0))}))["A"]
    assert [day.forecast.hours for day in days if day.forecast.hours] == [8]
    assert (days[0].entered, days[0].source) == (None, FigureSource.FORECAST)


def test_a_code_without_a_saved_day_counts_with_its_budget_hours_at_its_rate() -> None:
    saved = [LaborDay("A", date(2025, 5, 10), Decimal(8))]
    budget = {"B": BudgetLabor(Decimal(310), Decimal(9999))}
    day = code_days(month(code("A", "15"), code("B", "20"), saved=saved, budget=budget))["B"][0]
    assert day.effective == Labor(Decimal(10), Decimal(0), Decimal(200))
    assert day.source is FigureSource.BUDGET


def test_with_nothing_saved_a_code_counts_with_its_budget_dollars() -> None:
    day = code_days(month(code("B"), budget={"B": BudgetLabor(Decimal(310), Decimal(3100))}))["B"][0]
    assert day.effective.cost == 100
    assert not day.lacks_rate


def test_a_code_that_the_site_does_not_list_has_days_without_a_rate() -> None:
    days = code_days(month(code("A", "15"), saved=[LaborDay("X", date(2025, 5, 2), Decimal(4))]))
    assert days["X"][1].lacks_rate
    assert days["X"][1].forecast.cost is None
    assert not days["X"][0].lacks_rate


def test_a_salaried_code_is_scheduled_on_days_that_have_a_schedule() -> None:
    scheduled = [ScheduledDay("A", date(2025, 5, 2), Decimal(8))]
    labor = MonthLabor(
        MAY, TODAY, PayrollInputs([code("A", "15"), code("M", salary="73000")], [], {}, Decimal(0)), scheduled=scheduled
    )
    first, second, *_ = code_days(labor)["M"]
    assert first.scheduled is None
    assert second.scheduled == Labor(Decimal(8), Decimal(0), Decimal(200))


def effective_cost(days: dict[str, tuple[CodeDay, ...]]) -> Decimal:
    total = sum_labor(day.effective for of_code in days.values() for day in of_code)
    return Decimal(0) if total is None or total.cost is None else total.cost


@settings(max_examples=60, deadline=None)
@given(
    saved=st.dictionaries(st.tuples(st.sampled_from(["A", "B", "X"]), MAY_DAYS), HOURS, min_size=1, max_size=20),
    rates=st.lists(st.tuples(RATES, MAY_DAYS), max_size=4),
    budget=st.dictionaries(st.sampled_from(["A", "B", "C"]), HOURS),
)
def test_the_days_of_a_month_add_up_to_its_forecast(
    saved: dict[tuple[str, date], Decimal], rates: list[tuple[Decimal, date]], budget: dict[str, Decimal]
) -> None:
    history = tuple(RateRow(rate, RateMethod.WEIGHTED_AVERAGE, day) for rate, day in rates)
    codes = [SiteJobCode("A", rates=history), code("B", "17.25"), code("M", salary="73001")]
    inputs = PayrollInputs(
        codes, [LaborDay(name, day, hours) for (name, day), hours in saved.items()], budget, Decimal(1)
    )
    labor = MonthLabor(MAY, TODAY, inputs, {name: BudgetLabor(hours, Decimal(1)) for name, hours in budget.items()})
    assert money(effective_cost(code_days(labor))) == money(forecast_payroll(MAY, inputs).total)


@settings(max_examples=60, deadline=None)
@given(
    today=st.integers(1, 31),
    paid=st.dictionaries(st.tuples(st.sampled_from(["A", "B"]), MAY_DAYS), HOURS, max_size=20),
    saved=st.dictionaries(MAY_DAYS, HOURS, min_size=1, max_size=10),
)
def test_the_days_of_the_running_month_add_up_to_its_blend(
    today: int, paid: dict[tuple[str, date], Decimal], saved: dict[date, Decimal]
) -> None:
    codes = [code("A", "15.01"), code("B", "17.25"), code("M", salary="73001")]
    inputs = PayrollInputs(
        codes, [LaborDay("A", day, hours) for day, hours in saved.items()], {"B": Decimal(100)}, Decimal(1)
    )
    recorded = [
        RecordedLabor(name, day, hours, Decimal(0), hours * Decimal("15.5")) for (name, day), hours in paid.items()
    ]
    budget = {"B": BudgetLabor(Decimal(100), Decimal(1))}
    labor = MonthLabor(MAY, date(2025, 5, today), inputs, budget, recorded)
    blended = blend_payroll(MAY, date(2025, 5, today), recorded, inputs)
    assert money(effective_cost(code_days(labor))) == money(blended.value)
