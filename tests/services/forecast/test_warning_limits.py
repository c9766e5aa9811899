"""From where on something is warned of: exactly at a threshold nothing is, and every threshold can be set."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.statistics import Category
from shared_code.domain.variance import VarianceLimits, variance
from shared_code.errors import ConfigurationError
from shared_code.services.forecast.other_expense_warnings import above_budget
from shared_code.services.forecast.parking_rate_warnings import RateReferences, deviation_warnings
from shared_code.services.forecast.revenue_warnings import RevenueHistory, revenue_warnings
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.pnl_warnings import review_warning
from shared_code.settings import Settings, load_settings
from shared_code.warning_thresholds import DELIVERED

MONTH, BUSINESS_MONTH = "2025-05", "2025-05"

Warn = Callable[[Decimal, Settings], tuple[ViewWarning, ...]]


def rate(value: Decimal, settings: Settings) -> tuple[ViewWarning, ...]:
    """The last closed month earned 20.00 for each vehicle."""
    references = RateReferences("2025-03", {Category.VALET_DAILY: Decimal(20)}, {})
    return deviation_warnings([(MONTH, Category.VALET_DAILY, value)], references, settings)


def expense(value: Decimal, settings: Settings) -> tuple[ViewWarning, ...]:
    """The budget is 100.00."""
    return above_budget({(MONTH, "uniforms"): value}, {MONTH: {"uniforms": Decimal(100)}}, settings)


def revenue(row: PnlRow, known: dict[str, int]) -> Warn:
    history = RevenueHistory({month: Decimal(value) for month, value in known.items()})
    return lambda value, settings: revenue_warnings(row, "net", {MONTH: value}, history, BUSINESS_MONTH, settings)


LAST_YEAR = revenue(PnlRow.EXTERNAL_REVENUE, {"2024-05": 1000, "2025-04": 2000})
"""1,000 in the same month last year, and 1,500 on average of the last twelve closed months."""
LATEST = revenue(PnlRow.EXTERNAL_REVENUE, {"2025-03": 1500, "2025-04": 500})
MONTH_BEFORE = revenue(PnlRow.INTERNAL_REVENUE, {"2025-04": 1000})


@pytest.mark.parametrize(
    ("code", "warn", "quiet", "loud"),
    [
        ("RATE_DEVIATION", rate, ["18.00", "20.00", "22.00"], ["17.99", "22.01"]),
        ("EXPENSE_ABOVE_BUDGET", expense, ["0", "120.00"], ["120.01"]),
        ("REVENUE_ABOVE_PRIOR_YEAR", LAST_YEAR, ["1500.00"], ["1500.01"]),
        ("REVENUE_ABOVE_HISTORY", LATEST, ["1250.00"], ["1250.01"]),
        ("INTERNAL_REVENUE_SWING", MONTH_BEFORE, ["800.00", "1200.00"], ["799.99", "1200.01"]),
    ],
)
def test_exactly_at_the_threshold_nothing_is_warned_of(
    code: str, warn: Warn, quiet: list[str], loud: list[str]
) -> None:
    assert [warn(Decimal(value), Settings()) for value in quiet] == [()] * len(quiet)
    assert [[one.code for one in warn(Decimal(value), Settings())] for value in loud] == [[code]] * len(loud)
    moved = Settings(warning_thresholds={code: DELIVERED[code] + 1})
    assert [warn(Decimal(value), moved) for value in loud] == [()] * len(loud)


@pytest.mark.parametrize(
    ("flc", "budget", "is_warned_of"),
    [
        ("105000.00", "100000", False),
        ("105000.01", "100000", True),
        ("94999.99", "100000", True),
        ("125.00", "100", False),
        ("125.01", "100", True),
        ("74.99", "100", True),
        ("5000.00", "0", False),
    ],
)
def test_flc_is_reviewed_above_an_amount_or_a_percentage(flc: str, budget: str, is_warned_of: bool) -> None:
    difference = variance(Decimal(flc), Decimal(budget), lower_is_better=False, limits=VarianceLimits())
    assert (review_warning(difference, Settings()) is not None) is is_warned_of
    generous = Settings(flc_review_amount=Decimal(6000), flc_review_percent=Decimal(30))
    assert review_warning(difference, generous) is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ('{"RATE_DEVIATON": 15}', "there is no threshold of RATE_DEVIATON; accepted are RATE_DEVIATION, "),
        ('{"NO_BUDGET": 1, "x": 2, "COMPS_HIGH": 30}', "there is no threshold of NO_BUDGET, x; accepted are"),
        ('{"FLC_REVIEW": 1}', "FLC_REVIEW_AMOUNT and FLC_REVIEW_PERCENT"),
        ('{"COMPS_HIGH": -1}', "greater than or equal to 0"),
        ('{"COMPS_HIGH": "many"}', "decimal"),
        ('{"COMPS_HIGH": NaN}', "finite"),
        ('["COMPS_HIGH"]', "dictionary"),
    ],
)
def test_a_threshold_that_nothing_would_heed_stops_the_start(
    value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARNING_THRESHOLDS", value)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert refused.value.message.startswith("Settings are wrong: WARNING_THRESHOLDS: ")
    assert told in refused.value.message


def test_thresholds_that_are_set_are_read_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARNING_THRESHOLDS", '{"RATE_DEVIATION": 12.5, "FULL_OCCUPANCY": 4}')
    assert load_settings().warning_thresholds == {"RATE_DEVIATION": Decimal("12.5"), "FULL_OCCUPANCY": Decimal(4)}
