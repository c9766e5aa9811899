"""A company with something of everything that the API serves, so that a request meets figures wherever it asks.

The business date is 15 April 2025; the ledger is closed through March, days are recorded through 14 April.
"""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared_code.domain.months import months_of_year
from shared_code.storage.tables.facts import actual_statistic_days, schedule_payroll_days
from shared_code.storage.tables.job_codes import site_job_code_rates
from tests.support.revenue_world import BUDGET, FIXED_FEE, MANAGED, PER_HOUR, RevenueWorld

OWN, OTHERS, BY_CODE, BARE = "TP001", "TP003", "TP002", "0170"
"""A site of the account manager, one of somebody else, one that is paid by labor hour, and one without any data."""

ALL_SITES = (OWN, BY_CODE, OTHERS, BARE)
JOB_CODES = ("VLT1", "VLT2", "GSA", "MGR")
CLOSED = ("2025-01", "2025-02", "2025-03")


def whole_company(folder: Path, **settings: Any) -> RevenueWorld:
    """The company: TP001 and TP002 in Alpha (East), TP003 and 0170 in Beta (West)."""
    world = RevenueWorld(folder, feature_workflow=True, **settings)
    world.add_districts(ALPHA="EAST", BETA="WEST")
    for site, district, region, rooms in (
        (OWN, "ALPHA", "EAST", 200),
        (BY_CODE, "ALPHA", "EAST", 0),
        (OTHERS, "BETA", "WEST", 300),
        (BARE, "BETA", "WEST", 50),
    ):
        world.add_sites(site, total_rooms=rooms, district_code=district, region_code=region)
        world.belongs(site, district, region)
    world.know_accounts(*BUDGET)
    for site in (OWN, BY_CODE, OTHERS):
        _record(world, site)
    world.employ_group(OWN, "valet", "VLT1")
    world.employ_group(BY_CODE, "gsa", "GSA")
    world.employ(OWN, "VLT2")
    for code, rate in (("VLT1", "15.50"), ("VLT2", "16.25")):
        row = {"site_id": OWN, "job_code_id": code, "hourly_rate": Decimal(rate), "effective_date": date(2025, 4, 1)}
        row |= {"calculation_method": "weighted_average", "as_of_date": date(2025, 4, 1)}
        world._insert(site_job_code_rates, [row], std=True, run=False)
    world.employ(OWN, "MGR", salary="73000")
    for site in (BY_CODE, OTHERS):
        world.employ(site, "VLT1")
    for site, contract in ((OWN, FIXED_FEE), (BY_CODE, PER_HOUR), (OTHERS, MANAGED)):
        world.agree(site, contract)
    return world


def _record(world: RevenueWorld, site: str) -> None:
    """Budgets, balances, days, paid and planned hours of a site."""
    both_years = [*months_of_year(2024), *months_of_year(2025)]
    world.budget(site, BUDGET, both_years)
    world.budget_hours(site, {"VLT1": "480", "GSA": "160"}, both_years)
    world.ledger(site, BUDGET, *months_of_year(2024), *CLOSED)
    _count(world, site)
    for code, hours, dollars in (("VLT1", "16", "240"), ("GSA", "8", "144")):
        world.labor(site, code, "2025-03-01", "2025-04-14", hours, dollars)
    world.parked(site, "2025-03", "valet_daily", "21000", "1000")
    planned = {"site_id": site, "job_code_id": "VLT1", "overtime_minutes": 0, "double_overtime_minutes": 0}
    days = [date(2025, 4, day) for day in range(1, 31)]
    world._insert(schedule_payroll_days, [planned | {"work_date": day, "regular_minutes": 600} for day in days])


def _count(world: RevenueWorld, site: str) -> None:
    """What was counted on every day from March 2024 to 14 April 2025."""
    first, last = date(2024, 3, 1).toordinal(), date(2025, 4, 14).toordinal()
    counted = {"total_net_revenue": Decimal(900), "occupied_rooms": Decimal(120), "valet_daily": Decimal(30)}
    counted |= {"valet_overnight": Decimal(40), "self_overnight": Decimal(20)}
    rows = [{"site_id": site, "stat_date": date.fromordinal(number)} | counted for number in range(first, last + 1)]
    world._insert(actual_statistic_days, rows)
