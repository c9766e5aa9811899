"""What holds for statistics whatever is saved."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_code.domain.month_budget import BudgetMonth
from shared_code.domain.months import days_of, first_day, last_day
from shared_code.domain.rounding import money, ratio
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year_inputs import SavedMonth
from shared_code.domain.statistics import StatisticsDay, Volumes
from shared_code.errors import CalculationRefusedError, RuleViolationError
from shared_code.services.forecast.author import ANY_VERSION, Author
from shared_code.services.forecast.cells import CellValue
from shared_code.services.forecast.locks import EditWindow
from shared_code.services.forecast.saving import SavedSection, save
from shared_code.services.forecast.statistics_days import OVERNIGHT, RATIOS, DayEntry, DaysRequest
from shared_code.services.forecast.statistics_figures import combine
from shared_code.services.forecast.statistics_months import ENTERED_COUNTS, MonthStatistics
from shared_code.services.forecast.statistics_reading import SiteStatistics
from shared_code.services.forecast.statistics_saving import with_values
from shared_code.services.forecast.statistics_targets import Spreading
from shared_code.services.forecast.statistics_view import EVERYTHING, DayView, statistics_views
from shared_code.services.forecast.statistics_weights import Shape
from shared_code.services.periods import month_period
from shared_code.services.pnl_site_cells import open_site
from shared_code.storage.statistics_inputs import RecordedDay
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company

APRIL: Final = "2025-04"
TODAY: Final = date(2025, 4, 15)
DAYS: Final = list(days_of(APRIL))
JUNE: Final = "2025-06"

RATIO = st.decimals(0, 1, places=6)
COUNT = st.decimals(0, 500, places=2)
MONTHLY = st.decimals(0, 6000, places=2)
BUDGETED = st.decimals(0, 6000, places=2)
CORRECTED = st.decimals(-300, 6000, places=2)
"""Balances that corrections have turned negative: no figure can then be promised, but nothing absurd is saved."""
NULLABLE_RATIO = st.none() | RATIO
NULLABLE_COUNT = st.none() | COUNT

TARGETS = st.fixed_dictionaries(
    {}, optional={"occupancy": RATIO, "drive_in": RATIO, "capture": RATIO, "valet": MONTHLY, "self": MONTHLY}
).filter(bool)
"""Figures that somebody wants a month to have."""


@st.composite
def april(draw: st.DrawFn, budgeted: st.SearchStrategy[Decimal] = BUDGETED) -> SiteStatistics:
    """April of a site: a budget or none, days that were recorded up to yesterday, days that are saved."""
    rooms = draw(st.just(0) | st.integers(10, 400))
    accounts = ("9440", "9510", "9520", "9530", "9560", "9570")
    balances = {account: draw(budgeted) for account in accounts} if draw(st.booleans()) else {}
    recorded = {
        day: RecordedDay(
            StatisticsDay(
                day, Decimal(draw(st.integers(0, rooms))), valet_overnight=draw(COUNT), self_daily=draw(COUNT)
            ),
            None,
        )
        for day in draw(st.lists(st.sampled_from(DAYS[:14]), unique=True, max_size=3))
    }
    saved = [
        draw(
            st.builds(
                StatisticsDay, st.just(day), occupancy=RATIO, drive_in_ratio=NULLABLE_RATIO, valet_daily=NULLABLE_COUNT
            )
            | st.builds(StatisticsDay, st.just(day), valet_overnight=COUNT, self_overnight=NULLABLE_COUNT)
        )
        for day in sorted(draw(st.lists(st.sampled_from(DAYS), unique=True, max_size=3)))
    ]
    budget = BudgetMonth(APRIL, (), balances, {})
    month = MonthStatistics(APRIL, rooms, bool(balances), budget, SavedMonth(saved), recorded, {})
    return SiteStatistics(EditWindow(TODAY), rooms, None, {APRIL: month})


def spread(statistics: SiteStatistics, targets: Mapping[str, Decimal], weights: list[int]) -> SiteStatistics:
    """The month after its open days got what gives it the `targets`."""
    month = statistics.months[APRIL]
    days = [day for day in DAYS if statistics.lock(day) is None and day not in month.recorded]
    volumes = [Volumes(*[Decimal(weight)] * len(Volumes.__dataclass_fields__)) for weight in weights]
    spreading = Spreading(statistics, month_period(APRIL), days, Shape("any", dict(zip(days, volumes, strict=False))))
    for name, step in (
        ("occupancy", spreading.occupy),
        ("drive_in", spreading.drive_in),
        ("capture", spreading.capture),
    ):
        if name in targets:
            step(targets[name])
    for side in ("valet", "self"):
        if side in targets:
            spreading.fill(side, side, targets[side])
    kept = {day.day: day for day in month.entered.statistics}
    for day, values in spreading.wanted().items():
        kept[day] = with_values(kept.get(day, StatisticsDay(day)), values)
    after = month.with_saved([kept[day] for day in sorted(kept)])
    return SiteStatistics(statistics.window, statistics.available_rooms, None, {APRIL: after})


@settings(max_examples=150, deadline=None)
@given(april(), TARGETS, st.lists(st.integers(0, 9), min_size=30, max_size=30))
def test_a_month_has_the_figures_that_were_spread_over_it(
    statistics: SiteStatistics, targets: dict[str, Decimal], weights: list[int]
) -> None:
    try:
        after = spread(statistics, targets, weights)
    except (CalculationRefusedError, RuleViolationError):
        return
    figures = after.effective(DAYS[0], DAYS[-1])
    for name, value in (("valet", figures.valet_vehicles), ("self", figures.self_park_vehicles)):
        if name in targets:
            assert money(value) == targets[name]
    if "occupancy" in targets:
        assert ratio(figures.occupancy or Decimal(0)) == targets["occupancy"]
    if "drive_in" in targets:
        assert ratio(figures.drive_in_ratio or Decimal(0)) == targets["drive_in"]
    if "capture" in targets:
        # Counts have 4 decimals: of few cars the ratio cannot be told exactly.
        error = Decimal("0.0002") / abs(figures.known.overnight) if figures.known.overnight else Decimal(0)
        assert abs((figures.capture_ratio or Decimal(0)) - targets["capture"]) <= Decimal("0.0000005") + error


@settings(max_examples=100, deadline=None)
@given(april(CORRECTED), TARGETS, st.lists(st.integers(0, 9), min_size=30, max_size=30))
def test_what_is_spread_over_a_month_is_possible_on_each_day(
    statistics: SiteStatistics, targets: dict[str, Decimal], weights: list[int]
) -> None:
    try:
        after = spread(statistics, targets, weights)
    except (CalculationRefusedError, RuleViolationError):
        return
    for day in after.months[APRIL].saved.values():
        assert 0 <= (day.rooms(after.available_rooms) or 0) <= after.available_rooms
        assert all((getattr(day, name) or 0) >= 0 for name in (*ENTERED_COUNTS, *OVERNIGHT))
        assert all(0 <= (getattr(day, name) or 0) <= 1 for name in RATIOS)
        assert not (day.drive_in_ratio is not None and day.valet_overnight is not None)


def test_a_site_without_rooms_keeps_the_drive_in_ratio_of_rooms_that_its_budget_has() -> None:
    accounts = {"9440": Decimal(30), "9560": Decimal(15)}
    budget = BudgetMonth(APRIL, (), accounts, {})
    month = MonthStatistics(APRIL, 0, True, budget, SavedMonth([]), {}, {})
    statistics = SiteStatistics(EditWindow(TODAY), 0, None, {APRIL: month})
    assert spread(statistics, {"drive_in": Decimal("0.5")}, []).months[APRIL].saved == {}
    with pytest.raises(CalculationRefusedError, match=r"they can have 0\.5 to 0\.5"):
        spread(statistics, {"drive_in": Decimal(0)}, [])


@settings(max_examples=100, deadline=None)
@given(april(), TARGETS, st.lists(st.integers(0, 9), min_size=30, max_size=30))
def test_spreading_the_same_figures_again_changes_nothing(
    statistics: SiteStatistics, targets: dict[str, Decimal], weights: list[int]
) -> None:
    try:
        once = spread(statistics, targets, weights)
    except (CalculationRefusedError, RuleViolationError):
        return
    assert spread(once, targets, weights).months[APRIL].saved == once.months[APRIL].saved


@settings(max_examples=60, deadline=None)
@given(april(CORRECTED))
def test_the_days_of_a_month_add_up_to_it(statistics: SiteStatistics) -> None:
    first, last = first_day(APRIL), last_day(APRIL)
    for family in (statistics.effective, statistics.forecast):
        days, whole = combine(found for day in DAYS if (found := family(day, day))), family(first, last)
        assert money(days.known.occupied_rooms) == money(whole.known.occupied_rooms)
        assert money(days.total_vehicles) == money(whole.total_vehicles)
        assert days.external_revenue is not None
        assert whole.external_revenue is not None
        assert money(days.external_revenue.net) == money(whole.external_revenue.net)


@st.composite
def entries(draw: st.DrawFn) -> tuple[DayEntry, ...]:
    """Some days of June with values of a kind that may be saved together."""
    found = []
    for number in sorted(draw(st.lists(st.integers(1, 30), unique=True, min_size=1, max_size=4))):
        rooms = draw(
            st.fixed_dictionaries({}, optional={"occupancy": NULLABLE_RATIO})
            | st.fixed_dictionaries({}, optional={"occupied_rooms": st.none() | st.decimals(0, 200, places=2)})
        )
        cars = draw(
            st.fixed_dictionaries(
                {"valet_overnight": st.none(), "self_overnight": st.none()},
                optional={"drive_in_ratio": NULLABLE_RATIO, "capture_ratio": NULLABLE_RATIO},
            )
            | st.fixed_dictionaries(
                {"drive_in_ratio": st.none(), "capture_ratio": st.none()},
                optional={"valet_overnight": NULLABLE_COUNT, "self_overnight": NULLABLE_COUNT},
            )
        )
        counts = draw(st.fixed_dictionaries({}, optional=dict.fromkeys(ENTERED_COUNTS, NULLABLE_COUNT)))
        values: dict[str, CellValue] = {**rooms, **cars, **counts}
        found.append(DayEntry(date(2025, 6, number), values))
    return tuple(found)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatisticsWorld]:
    folder: Path = tmp_path_factory.mktemp("statistics")
    world = small_company(StatisticsWorld(folder))
    world.budget("TP001", BUDGET_JUNE, [JUNE])
    yield world
    world.close()


def save_days(world: StatisticsWorld, days: tuple[DayEntry, ...]) -> SavedSection:
    """Save the days, whatever the version."""
    site = open_site(world.runtime, SiteScope.all_sites(), "TP001")
    request = DaysRequest(ANY_VERSION, days)
    return save(world.runtime, site, month_period(JUNE), Author("local"), [request])[0]


def read_days(world: StatisticsWorld) -> dict[date, DayView]:
    """June, by day."""
    site = open_site(world.runtime, SiteScope.all_sites(), "TP001")
    (view,) = statistics_views(world.runtime, site, [month_period(JUNE)], EVERYTHING, may_write=True)
    return {day.date: day for day in view.days}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries())
def test_what_is_saved_is_read_again_and_saving_it_again_leaves_nothing(
    world: StatisticsWorld, days: tuple[DayEntry, ...]
) -> None:
    before = read_days(world)
    save_days(world, days)
    after = read_days(world)
    for entry in days:
        saved = after[entry.day].blocks.forecast
        for name, value in entry.values.items():
            if value is not None:
                assert getattr(saved, name) == value
            elif name in ENTERED_COUNTS:
                assert saved is None or getattr(saved, name) is None
    sent = {entry.day for entry in days}
    assert all(after[day].blocks.forecast == before[day].blocks.forecast for day in after if day not in sent)
    left = world.left()
    again = save_days(world, days)
    assert (again.changes.created, again.changes.updated, again.changes.cleared) == (0, 0, 0)
    assert world.left() == left
