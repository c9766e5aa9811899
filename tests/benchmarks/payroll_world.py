"""A warehouse with as many paid-hours rows as wanted, and an operational database that knows its sites.

At each site and day a job title has about 23 rows, as at 800 sites with 150,000 rows a day.
"""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from shared_code.clock import FixedClock
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.sources.warehouse import objects
from shared_code.sources.warehouse.embedded import create_objects, embedded_engine
from shared_code.sql.types import new_identifier
from shared_code.storage import job_codes, schema, stamps
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.organisation import sites

BUSINESS_DATE = date(2026, 6, 30)
DAYS = 21
TITLES = 8
ROWS_PER_TITLE_AND_DAY = 23
ACCOUNTS = [str(number) for number in (*range(4785, 4790), *range(6000, 6035), *range(7110, 7150))]

_INSERT = 'INSERT INTO "vwPAYROLL_SUMMARY" (WORK_LOCATION, TITLE, DATE, PAY_TYPE, TOTAL_HOURS, TOTAL_DOLLARS) VALUES'


@contextmanager
def payroll_world(rows: int) -> Iterator[Runtime]:
    """A runtime over `rows` paid-hours rows of the three weeks before the business date; removed afterwards."""
    folder = Path(mkdtemp(prefix="townepark-bench-"))
    try:
        count = max(1, round(rows / (DAYS * TITLES * ROWS_PER_TITLE_AND_DAY)))
        codes = [f"{number:04d}" for number in range(1, count + 1)]
        warehouse = folder / "warehouse.db"
        _fill(warehouse, codes, rows)
        settings = Settings(
            db_primary_connection=f"sqlite:///{folder / 'forecasting.db'}", edw_sample_path=warehouse, lease_ttl_s=3600
        )
        noon = datetime.combine(BUSINESS_DATE, datetime.min.time(), ZoneInfo("America/New_York")) + timedelta(hours=12)
        runtime = Runtime(settings, FixedClock(noon))
        schema.upgrade(runtime.database.engine)
        _know(runtime, codes)
        yield runtime
        runtime.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(warehouse: Path, codes: list[str], rows: int) -> None:
    engine = embedded_engine(warehouse, read_only=False)
    create_objects(engine)
    with engine.begin() as connection:
        pending = _payroll_rows(codes, rows)
        while batch := [row for _, row in zip(range(50_000), pending, strict=False)]:
            connection.exec_driver_sql(f"{_INSERT} (?, ?, ?, ?, ?, ?)", batch)
        table = objects.budget_final
        names = ", ".join(column.name for column in table.c)
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) VALUES (?, ?, ?, ?)",
            [
                (code, f"2026{month:02d}", account, 1000_00000 + month)
                for code in codes[:200]
                for month in range(1, 13)
                for account in ACCOUNTS
            ],
        )
    engine.dispose()


def _payroll_rows(codes: list[str], rows: int) -> Iterator[tuple[Any, ...]]:
    """Rows in the order in which time records come: by day. Decimals are scaled integers, as on disk."""
    chance = random.Random(20260630)
    pay_types = ("Regular", "Regular", "Regular", "OT", "PTO", "DIFFERENTIAL", "MEAL PREMIUM")
    made = 0
    while made < rows:
        for offset in range(DAYS):
            day = (BUSINESS_DATE - timedelta(days=offset)).isoformat()
            for code in codes:
                for title in range(TITLES):
                    for _ in range(ROWS_PER_TITLE_AND_DAY):
                        if made == rows:
                            return
                        made += 1
                        hours = chance.randrange(5_000, 95_000)
                        yield code, f"TITLE {title}", day, pay_types[made % 7], hours, hours * 17 + chance.randrange(9)


def _know(runtime: Runtime, codes: list[str]) -> None:
    now = runtime.clock.now()
    run = {"sync_run_id": new_identifier(), "loaded_at": now}
    standard = stamps.inserted("benchmark", now)
    with runtime.database.writing() as connection:
        job_codes.discover(connection, [f"TITLE {title}" for title in range(TITLES)], "benchmark", now)
        connection.execute(
            insert(sites), [{"site_id": code, "name": code, "is_active": True, **run, **standard} for code in codes]
        )
        connection.execute(
            insert(accounts),
            [
                {
                    "main_account": account,
                    "name": account,
                    "summary_category": "PAYROLL",
                    "pnl_line": "payroll",
                    "is_forecastable": False,
                    **run,
                    **standard,
                }
                for account in ACCOUNTS
            ],
        )
