"""The sample warehouse: repeatable, plausible, of any size, and only a little faulty."""

import hashlib
import sqlite3
import tracemalloc
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.sample.accounts import CHART
from cli.sample.generation import generate
from cli.sample.sites import MOST_SITES
from shared_code.errors import ConflictError, InvalidInputError
from shared_code.sources.warehouse.objects import METADATA

BUSINESS_DATE = date(2025, 7, 16)
CATEGORY_OF = {number: category for number, _, category in CHART}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve sites, two years, as a demonstration makes them."""
    path = tmp_path_factory.mktemp("sample") / "warehouse.db"
    generate(path, business_date=BUSINESS_DATE, seed=7)
    return path


def rows(path: Path, query: str, *parameters: str | int) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query, parameters).fetchall()


def number(path: Path, query: str, *parameters: str | int) -> int:
    return int(rows(path, query, *parameters)[0][0])


def checksum(path: Path) -> str:
    tables = sorted(table.name for table in METADATA.sorted_tables)
    content = [rows(path, f'SELECT * FROM "{table}"') for table in tables]
    return hashlib.sha256(repr(content).encode()).hexdigest()


def balances(path: Path, table: str, year: int) -> dict[str, dict[str, int]]:
    """Cents by site and category in the months of `year` that are closed."""
    last = 12 if year < BUSINESS_DATE.year else BUSINESS_DATE.month - 1
    result: dict[str, dict[str, int]] = {}
    query = f"""SELECT COST_CENTER, MAIN_ACCOUNT, SUM(BALANCE) / 1000 FROM {table}
                WHERE CAST(PERIOD AS integer) BETWEEN ? AND ? AND COST_CENTER <> '' GROUP BY 1, 2"""
    for site, account, cents in rows(path, query, 100 * year + 1, 100 * year + last):
        by_category = result.setdefault(site, {})
        category = CATEGORY_OF[account]
        if category is not None:
            by_category[category] = by_category.get(category, 0) + cents
    return result


def test_every_object_of_the_warehouse_has_rows(sample: Path) -> None:
    empty = [t.name for t in METADATA.sorted_tables if not number(sample, f'SELECT COUNT(*) FROM "{t.name}"')]
    assert empty == []


def test_equal_arguments_make_equal_rows_and_another_seed_makes_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(tmp_path / name, business_date=BUSINESS_DATE, sites=3, years=1, seed=seed)
    assert checksum(tmp_path / "a") == checksum(tmp_path / "b") != checksum(tmp_path / "c")


def test_a_larger_sample_contains_the_smaller_one(tmp_path: Path) -> None:
    for sites in (3, 6):
        generate(tmp_path / str(sites), business_date=BUSINESS_DATE, sites=sites, years=1)
    for table in METADATA.sorted_tables:
        small, large = (rows(tmp_path / str(sites), f'SELECT * FROM "{table.name}"') for sites in (3, 6))
        assert set(small) <= set(large), table.name


def test_rows_grow_with_the_sites_and_memory_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.warehouse_rows.BATCH_ROWS", 200)
    monkeypatch.setattr("cli.sample.writing.BATCH_ROWS", 200)

    def made(sites: int) -> tuple[int, int]:
        path = tmp_path / str(sites)
        tracemalloc.start()
        try:
            generate(path, business_date=date(2025, 1, 20), sites=sites, years=1)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        return number(path, "SELECT COUNT(*) FROM vwPAYROLL_SUMMARY"), peak

    made(1)  # the first run fills the caches of the calendar
    (few_rows, few_bytes), (many_rows, many_bytes) = made(6), made(24)
    assert 3.4 < many_rows / few_rows < 4.6
    assert many_bytes < 1.5 * few_bytes


def test_the_data_are_those_of_the_morning_of_the_business_date(sample: Path) -> None:
    yesterday = "2025-07-15"
    for table in (
        "vwPAYROLL_SUMMARY",
        "REVENUE_DAILY_DETAIL",
        "vwREVENUE_DAILY_DETAIL_INVOICE",
        "REVENUE_DATAMART_DAILY",
    ):
        assert rows(sample, f'SELECT MIN("DATE"), MAX("DATE") FROM {table}') == [("2024-01-01", yesterday)]
    assert rows(sample, "SELECT MIN(PERIOD), MAX(PERIOD) FROM ACCOUNT_SUMMARY") == [(202401, 202507)]
    assert rows(sample, "SELECT MIN(PERIOD), MAX(PERIOD) FROM BUDGET_FINAL") == [("202401", "202612")]
    assert rows(sample, "SELECT MIN(YEAR), MAX(YEAR) FROM BUDGET_DATATAB_PR") == [(2024, 2026)]
    last_shift = number(sample, "SELECT MAX(DAY_OF_THE_YEAR) FROM SHIFT_ENTITY WHERE YEAR = 2025")
    assert date(2025, 1, 1) + timedelta(days=last_shift - 1) == BUSINESS_DATE + timedelta(days=20)


def test_on_new_years_day_the_new_year_has_no_figures_yet(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.db"
    generate(path, business_date=date(2025, 1, 1), sites=1)
    assert rows(path, 'SELECT MAX("DATE") FROM vwPAYROLL_SUMMARY') == [("2024-12-31",)]
    assert rows(path, "SELECT MAX(PERIOD) FROM ACCOUNT_SUMMARY") == [(202412,)]
    assert set(rows(path, "SELECT DISTINCT YEAR FROM SHIFT_ENTITY")) == {(2024,), (2025,)}


def test_the_last_day_of_the_time_sheets_is_still_thin(sample: Path) -> None:
    per_day = dict(rows(sample, 'SELECT "DATE", COUNT(*) FROM vwPAYROLL_SUMMARY GROUP BY 1'))
    assert per_day["2025-07-15"] < 0.8 * per_day["2025-07-08"]


def test_budget_and_actual_of_a_year_lie_within_ten_percent(sample: Path) -> None:
    for year in (2024, 2025):
        budget, actual = balances(sample, "BUDGET_FINAL", year), balances(sample, "ACCOUNT_SUMMARY", year)
        assert len(budget) == len(actual) == 12
        for site, planned in budget.items():
            for category in ("EXTERNAL REVENUE", "INTERNAL REVENUE", "PAYROLL", "PTEB", "INSURANCE", "OTHER EXPENSE"):
                assert 0.9 < actual[site][category] / planned[category] < 1.1, (site, year, category)


def test_the_ledger_signs_are_those_of_the_warehouse(sample: Path) -> None:
    for table in ("BUDGET_FINAL", "ACCOUNT_SUMMARY"):
        for by_category in balances(sample, table, 2024).values():
            assert by_category["INTERNAL REVENUE"] < 0
            assert min(by_category[category] for category in ("EXTERNAL REVENUE", "PAYROLL", "PTEB", "INSURANCE")) > 0


def test_internal_revenue_covers_the_cost_of_most_sites(sample: Path) -> None:
    expense = ("PAYROLL", "PTEB", "INSURANCE", "CLAIMS", "PARKING RENTS", "OTHER EXPENSE")
    contributions = [
        -by_category["INTERNAL REVENUE"] - sum(by_category.get(category, 0) for category in expense)
        for by_category in balances(sample, "ACCOUNT_SUMMARY", 2024).values()
    ]
    assert sum(contribution > 0 for contribution in contributions) >= 8


def test_a_revenue_share_is_fifteen_to_thirty_percent_of_external_revenue(sample: Path) -> None:
    shared = [
        site
        for (site,) in rows(sample, "SELECT SITE FROM MASTER_NON_FINANCIAL WHERE P_CONTRACT_TYPE = 'Revenue Share'")
    ]
    by_site = balances(sample, "BUDGET_FINAL", 2025)
    assert shared
    for site in shared:
        assert 0.14 < -by_site[site]["INTERNAL REVENUE"] / by_site[site]["EXTERNAL REVENUE"] <= 0.30


def test_the_ledger_shows_what_the_days_add_up_to(sample: Path) -> None:
    days = rows(
        sample,
        """SELECT SITE, SUM(NETEXTERNALREVENUE) / 100 FROM REVENUE_DAILY_DETAIL
           WHERE "DATE" BETWEEN '2025-03-01' AND '2025-03-31'
             AND SITE <> '' AND COALESCE(REVENUE_CODE, '') <> 'EV1' GROUP BY 1""",
    )
    month = rows(
        sample,
        """SELECT COST_CENTER, SUM(BALANCE) / 1000 FROM ACCOUNT_SUMMARY
           WHERE PERIOD = 202503 AND MAIN_ACCOUNT = '9410' GROUP BY 1""",
    )
    assert sorted(days) == sorted(month)


def test_payroll_of_the_ledger_is_that_of_the_time_sheets(sample: Path) -> None:
    paid = number(
        sample,
        """SELECT SUM(TOTAL_DOLLARS) / 100 FROM vwPAYROLL_SUMMARY
           WHERE "DATE" BETWEEN '2025-03-01' AND '2025-03-31' AND WORK_LOCATION <> '' AND TITLE <> ' '""",
    )
    posted = sum(
        cents
        for account, cents in rows(
            sample, "SELECT MAIN_ACCOUNT, SUM(BALANCE) / 1000 FROM ACCOUNT_SUMMARY WHERE PERIOD = 202503 GROUP BY 1"
        )
        if CATEGORY_OF[account] == "PAYROLL"
    )
    assert paid == posted


def test_the_payroll_budget_by_profile_adds_up_to_the_budget_by_account(sample: Path) -> None:
    by_profile = rows(
        sample,
        """SELECT COST_CENTER, SUM(BALANCE) / 1000 FROM BUDGET_DATATAB_PR
           WHERE YEAR = 2025 AND MONTH <= 6 AND BALANCE_DESC = 'Payroll' GROUP BY 1""",
    )
    assert dict(by_profile) == {site: c["PAYROLL"] for site, c in balances(sample, "BUDGET_FINAL", 2025).items()}


def test_hourly_pay_is_between_twelve_and_thirty_five_dollars(sample: Path) -> None:
    rates = rows(
        sample,
        """SELECT LTRIM(UPPER(WORK_LOCATION), '0'), UPPER(TRIM(REPLACE(TITLE, '  ', ' '))),
                  1.0 * SUM(TOTAL_DOLLARS)
                  / SUM(CASE WHEN PAY_TYPE IN ('DIFFERENTIAL', 'MEAL PREMIUM') THEN 0 ELSE TOTAL_HOURS END)
           FROM vwPAYROLL_SUMMARY WHERE WORK_LOCATION <> '' AND TRIM(TITLE) <> '' GROUP BY 1, 2""",
    )
    assert len(rates) > 50
    assert all(12 < rate < 35 for _, _, rate in rates)


def test_hotels_are_busier_in_june_than_in_january_and_never_more_than_full(sample: Path) -> None:
    def rooms(month: str) -> int:
        return number(
            sample,
            """SELECT SUM(VALUE) FROM REVENUE_DATAMART_DAILY
               WHERE REVENUE_CATEGORY = 'Occupied Rooms' AND SUBSTR("DATE", 1, 7) = ?""",
            month,
        )

    assert 1.2 < rooms("2024-06") / rooms("2024-01") < 1.6
    fullest = rows(
        sample,
        """SELECT MAX(VALUE / 10000.0 / CAST(TOTAL_ROOMS_AVAILABLE AS integer))
           FROM REVENUE_DATAMART_DAILY JOIN MASTER_NON_FINANCIAL USING (SITE)
           WHERE REVENUE_CATEGORY = 'Occupied Rooms'""",
    )
    assert 0.75 < fullest[0][0] <= 1


def test_time_sheets_have_every_pay_type_and_negative_corrections(sample: Path) -> None:
    pay_types = dict(rows(sample, "SELECT PAY_TYPE, COUNT(*) FROM vwPAYROLL_SUMMARY GROUP BY 1"))
    assert set(pay_types) == {"Regular", "OT", "PTO", "DIFFERENTIAL", "MEAL PREMIUM"}
    corrections = number(sample, "SELECT COUNT(*) FROM vwPAYROLL_SUMMARY WHERE TOTAL_HOURS < 0 AND TOTAL_DOLLARS < 0")
    assert 20 < corrections < pay_types["Regular"] // 50
    assert number(sample, "SELECT COUNT(*) FROM REVENUE_DAILY_DETAIL WHERE NETEXTERNALREVENUE < 0") > 10


def test_codes_and_titles_are_spelled_as_people_spell_them(sample: Path) -> None:
    locations = {location for (location,) in rows(sample, "SELECT DISTINCT WORK_LOCATION FROM vwPAYROLL_SUMMARY")}
    assert {"0046", "46", "TP001", ""} <= locations
    titles = {title for (title,) in rows(sample, "SELECT DISTINCT TITLE || '' FROM vwPAYROLL_SUMMARY")}
    assert {"GSA1", " GSA1", "GSA1 ", "gsa1", " "} <= titles


def test_faults_stay_far_below_the_quality_limits(sample: Path) -> None:
    faults = {
        "BUDGET_FINAL": "BALANCE IS NULL OR COST_CENTER = ''",
        "REVENUE_DAILY_DETAIL": "NETEXTERNALREVENUE IS NULL OR SITE = ''",
        "REVENUE_DATAMART_DAILY": "VALUE IS NULL",
        "vwPAYROLL_SUMMARY": "TOTAL_HOURS IS NULL OR WORK_LOCATION = ''",
        "SCHEDULE_COST_ENTITY": "SCHEDULE_COST = 'n/a'",
    }
    for table, fault in faults.items():
        faulty, total = rows(sample, f"SELECT SUM({fault}), COUNT(*) FROM {table}")[0]
        assert 0 < faulty < 0.01 * total, table


def test_shifts_are_planned_ahead_and_some_are_deleted(sample: Path) -> None:
    deleted = dict(rows(sample, "SELECT DELETED, COUNT(*) FROM SHIFT_ENTITY GROUP BY 1"))
    assert set(deleted) == {"Yes", "No"}
    assert deleted["Yes"] < 0.1 * deleted["No"]
    today = BUSINESS_DATE.timetuple().tm_yday
    query = "SELECT COUNT(*) FROM SHIFT_ENTITY WHERE DAY_OF_THE_YEAR BETWEEN ? AND ?"
    assert number(sample, query, today + 14, today + 20) < 0.7 * number(sample, query, today, today + 6)


def test_the_site_master_has_districts_of_comparable_sites_and_three_ways_to_say_nothing(sample: Path) -> None:
    sites = rows(
        sample, "SELECT SITE, SITE_NAME, DISTRICT, SVP_REGION, TOTAL_ROOMS_AVAILABLE FROM MASTER_NON_FINANCIAL"
    )
    assert len(sites) == 12
    assert len({region for *_, region, _ in sites}) == 2
    districts = [district for _, _, district, _, _ in sites]
    assert {districts.count(district) for district in districts} == {3}
    assert {"N/A", "NULL", " "} & {total for *_, total in sites}
    assert all(name[-2:].isdigit() for _, name, *_ in sites)


def test_every_site_has_a_manager_users_and_employees(sample: Path) -> None:
    sites = {site for (site,) in rows(sample, "SELECT SITE FROM MASTER_NON_FINANCIAL")}
    for query in (
        "SELECT DISTINCT TRIM(SITE) FROM WORKDAY_SITE_MANAGERS",
        "SELECT DISTINCT COST_CENTER FROM WORKDAY_RLS_BISECURITY WHERE JOB_PROFILE NOT IN ('DISTMGR', 'VLT1')",
        "SELECT DISTINCT SITE FROM WORKDAY_RLS_BISECURITY WHERE JOB_PROFILE = 'DISTMGR'",
        "SELECT DISTINCT COST_CENTER FROM WORKDAY_SITE_SALARIES",
        "SELECT DISTINCT CostCenterCode FROM WORKDAY_WAGE_RATE",
    ):
        assert {site for (site,) in rows(sample, query)} == sites, query


def test_salaries_are_distributed_whole(sample: Path) -> None:
    shares = rows(sample, "SELECT EMPLOYEE_ID, SUM(DISTRIBUTION_PERCENT) FROM WORKDAY_SITE_SALARIES GROUP BY 1")
    assert {share for _, share in shares} == {100 * 10_000}
    differing = """SELECT COUNT(*) FROM (SELECT 1 FROM WORKDAY_SITE_SALARIES GROUP BY EMPLOYEE_ID
                   HAVING SUM(ALLOCATION_PER_COST_CENTER_AMOUNT) <> MAX(TOTAL_BASEPAY_ANNUALIZED_AMOUNT))"""
    assert number(sample, differing) == 0


def test_unit_accounts_are_valid_but_for_three_rows_of_every_third_month(sample: Path) -> None:
    unknown = rows(
        sample,
        """SELECT SUBSTR("DATE", 1, 7), COUNT(*) FROM GP_STATS
           WHERE NOT EXISTS (SELECT 1 FROM vwGL_ACCOUNTS WHERE ACCOUNT_NUMBER = GL_STRING AND TRIM(STATUS) = 'Active')
             AND NOT EXISTS (SELECT 1 FROM GL00100
                             WHERE TRIM(ACTNUMBR_1) || '-' || TRIM(ACTNUMBR_2) || '-' || TRIM(ACTNUMBR_3) = GL_STRING
                               AND ACTIVE = 1)
           GROUP BY 1""",
    )
    assert unknown == [
        (f"{year}-{month:02d}", 3)
        for year, month in [(2024, 3), (2024, 6), (2024, 9), (2024, 12), (2025, 3), (2025, 6)]
    ]


def test_an_existing_file_is_never_overwritten(sample: Path) -> None:
    before = sample.stat()
    with pytest.raises(ConflictError, match=r"warehouse\.db exists already"):
        generate(sample, business_date=BUSINESS_DATE)
    assert (sample.stat().st_size, sample.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@pytest.mark.parametrize(("sites", "years"), [(0, 2), (-1, 2), (MOST_SITES + 1, 2), (12, 0), (12, 11)])
def test_a_size_out_of_range_is_refused(tmp_path: Path, sites: int, years: int) -> None:
    with pytest.raises(InvalidInputError, match="A sample has 1 to"):
        generate(tmp_path / "warehouse.db", business_date=BUSINESS_DATE, sites=sites, years=years)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_sample_leaves_no_file(tmp_path: Path) -> None:
    def stop(part: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "warehouse.db", business_date=BUSINESS_DATE, sites=1, years=1, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_progress_names_the_parts_and_ends_with_the_last(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    generate(
        tmp_path / "warehouse.db",
        business_date=date(2025, 2, 10),
        sites=1,
        years=1,
        progress=lambda *step: steps.append(step),
    )
    assert [part for part, _, _ in steps] == [
        "masters", "schedule", "budget 2024", "budget 2025", "budget 2026", "2025-01", "2025-02"
    ]  # fmt: skip
    assert [(done, total) for _, done, total in steps] == [(number, 7) for number in range(1, 8)]
