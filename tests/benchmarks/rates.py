"""The rate calculation against a loop over sites and titles, and against the bare grouped query."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from shared_code.services.calculate_rates import calculate_rates
from shared_code.services.rate_request import RateRequest
from shared_code.services.runtime import Runtime
from shared_code.sources.warehouse.catalogue import QUERIES
from shared_code.sources.warehouse.connection import open_warehouse
from shared_code.sources.warehouse.window import Window
from tests.benchmarks.measure import Measure, best_of, say, timed
from tests.benchmarks.payroll_world import BUSINESS_DATE, TITLES, payroll_world

PAIRS_SAMPLED = 12
"""Sites and titles that the loop really works; its time for all is taken from them."""

AS_OF = BUSINESS_DATE - timedelta(days=1)
WINDOW_DAYS = 14


def measures(rows: int = 1_000_000) -> list[Measure]:
    """Seconds of one run over `rows` payroll rows in the warehouse, history and events included."""
    with payroll_world(rows) as runtime:
        say(f"calculating rates over {rows:,} payroll rows, in a loop and by the bare query")
        window = Window.of_days(AS_OF - timedelta(days=WINDOW_DAYS - 1), AS_OF + timedelta(days=1))
        bare_s = best_of(2, lambda: _bare(runtime, window))
        pair_s, _ = timed(lambda: _loop(runtime.settings.edw_sample_path))
        ours_s, report = timed(lambda: calculate_rates(runtime, RateRequest(as_of=AS_OF)))
        pairs = report.counts.processed
        assert report.counts.failed == 0, report
        assert pairs % TITLES == 0, report
        loop_s = pair_s / PAIRS_SAMPLED * pairs
        label = f"rates of {pairs:,} sites and titles"
        return [
            Measure(f"{label}: loop over them", f"{ours_s:.2f} s", f"{loop_s:,.0f} s", loop_s / ours_s, at_least=100),
            Measure(f"{label}: bare grouped query", f"{ours_s:.2f} s", f"{bare_s:.2f} s", ours_s / bare_s, at_most=3),
        ]


def _bare(runtime: Runtime, window: Window) -> int:
    """The grouped query alone, every row fetched."""
    with open_warehouse(runtime.settings).connect() as connection:
        statement = QUERIES["job_code_rates"].statement(window.under(runtime.settings))
        return sum(len(batch) for batch in connection.execute(statement).partitions(10_000))


def _loop(warehouse: Path) -> list[Decimal | None]:
    """What a loop does: the records of each site and title, one query each, added up one by one."""
    first = (AS_OF - timedelta(days=WINDOW_DAYS - 1)).isoformat()
    after = (AS_OF + timedelta(days=1)).isoformat()
    rates: list[Decimal | None] = []
    with closing(sqlite3.connect(warehouse)) as connection:
        for number in range(PAIRS_SAMPLED):
            records = connection.execute(
                'SELECT PAY_TYPE, TOTAL_HOURS, TOTAL_DOLLARS FROM "vwPAYROLL_SUMMARY" '
                "WHERE UPPER(RTRIM(WORK_LOCATION)) = ? AND UPPER(RTRIM(TITLE)) = ? AND DATE >= ? AND DATE < ?",
                (f"{number // TITLES + 1:04d}", f"TITLE {number % TITLES}", first, after),
            )
            hours = dollars = Decimal(0)
            for pay_type, scaled_hours, scaled_dollars in records:
                dollars += Decimal(scaled_dollars).scaleb(-4)
                if pay_type.upper() not in {"DIFFERENTIAL", "MEAL PREMIUM"}:
                    hours += Decimal(scaled_hours).scaleb(-4)
            rates.append(dollars / hours if hours > 0 else None)
    return rates
