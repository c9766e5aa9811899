"""What the sample warehouse is made of: seasons, accounts, site codes, districts."""

from datetime import date

import pytest

from cli.sample import seasons
from cli.sample.accounts import CHART
from cli.sample.seasons import Pattern
from cli.sample.sites import MOST_SITES, site_code, site_of

CATEGORY_OF = {number: category for number, _, category in CHART}


def test_commuters_stay_away_on_weekends_and_holidays() -> None:
    wednesday, sunday, july_fourth = date(2025, 7, 9), date(2025, 7, 6), date(2025, 7, 4)
    busy = seasons.day_weight(Pattern.WORK, wednesday)
    assert busy > 4 * seasons.day_weight(Pattern.WORK, sunday)
    assert busy > 3 * seasons.day_weight(Pattern.WORK, july_fourth)
    assert seasons.day_weight(Pattern.LEISURE, july_fourth) > seasons.day_weight(Pattern.LEISURE, date(2025, 7, 11))


def test_holidays_fall_on_their_days() -> None:
    assert seasons.holidays(2025) == {
        date(2025, 1, 1),
        date(2025, 5, 26),
        date(2025, 7, 4),
        date(2025, 9, 1),
        date(2025, 11, 27),
        date(2025, 12, 25),
    }


@pytest.mark.parametrize("pattern", list(Pattern))
def test_the_average_day_of_a_year_is_near_average(pattern: Pattern) -> None:
    year = sum(seasons.month_weight(pattern, f"2025-{month:02d}") for month in range(1, 13))
    assert 975 < year / 365 < 1025


def test_the_chart_has_sixty_to_a_hundred_accounts_each_once() -> None:
    numbers = [account for account, _, _ in CHART]
    assert 60 <= len(set(numbers)) == len(numbers) <= 100


@pytest.mark.parametrize(
    ("account", "category"),
    [
        ("4790", "INTERNAL REVENUE"),
        ("6010", "PAYROLL"),
        ("6200", "PTEB"),
        ("6399", "PTEB"),
        ("6500", "PTEB"),
        ("7082", "INSURANCE"),
        ("7100", "CLAIMS"),
        ("7170", "PARKING RENTS"),
        ("7113", "OTHER EXPENSE"),
        ("9410", "EXTERNAL REVENUE"),
        ("9411", "STATISTICS"),
    ],
)
def test_an_account_has_the_category_of_its_line(account: str, category: str) -> None:
    assert CATEGORY_OF[account] == category


def test_site_codes_are_numeric_and_alphanumeric_and_never_come_twice() -> None:
    assert [site_code(site) for site in range(5)] == ["0046", "0170", "0294", "TP001", "0418"]
    codes = {site_code(site) for site in range(MOST_SITES)}
    assert len(codes) == MOST_SITES
    assert all(code.isalnum() and code == code.upper() for code in codes)


def test_districts_of_a_large_sample_stay_small_and_belong_to_one_region() -> None:
    sites = [site_of(site, 1) for site in range(600)]
    regions: dict[str, set[str]] = {}
    for site in sites:
        regions.setdefault(site.district, set()).add(site.region)
    assert all(len(region) == 1 for region in regions.values())
    assert max(sum(site.district == district for site in sites) for district in regions) == 12
