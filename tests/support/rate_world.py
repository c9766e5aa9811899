"""A small company for rate tests: an operational database and an embedded warehouse in a folder, and a fixed clock."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Table, event, insert, select

from shared_code.clock import FixedClock
from shared_code.domain.job_code_rates import RateOutcome
from shared_code.services.calculate_rates import RateRequest, calculate_rates
from shared_code.services.rate_report import RateItem, RateRunReport
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.sources.warehouse.embedded import create_objects, embedded_engine
from shared_code.sources.warehouse.objects import payroll_summary
from shared_code.sql.bulk import insert_rows
from shared_code.sql.engine import operational_engine
from shared_code.storage import schema, stamps
from shared_code.storage.tables.facts import actual_payroll_days
from shared_code.storage.tables.job_codes import job_code_aliases, job_codes, site_job_code_rates, site_job_codes
from shared_code.storage.tables.organisation import sites

BUSINESS_DATE = date(2025, 6, 16)
NO_RUN = "00000000-0000-0000-0000-000000000000"

PaidRow = tuple[str | None, str | None, str, str | None, str, str]
"""Work location, title, day, pay type, hours, dollars."""


class RateWorld:
    """The runtime under test, with sentences for what a test sets up and what it looks at."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        shutil.copy(_empty_database(), folder / "forecasting.db")
        self.warehouse_path = folder / "warehouse.db"
        self.clock = FixedClock(datetime(2025, 6, 16, 15, tzinfo=UTC))
        self.settings = Settings(
            db_primary_connection=f"sqlite:///{folder / 'forecasting.db'}",
            edw_sample_path=self.warehouse_path,
            **settings,
        )
        self.runtime = Runtime(self.settings, self.clock)
        self.warehouse = embedded_engine(self.warehouse_path, read_only=False)
        create_objects(self.warehouse)

    def close(self) -> None:
        """Give the files back."""
        self.runtime.close()

    def add_sites(self, *site_ids: str, time_zone: str | None = None) -> None:
        """Sites of these codes."""
        now = self.clock.now()
        fixed = {"is_active": True, "sync_run_id": NO_RUN, "loaded_at": now, **stamps.inserted("test", now)}
        self._insert(
            sites, [{"site_id": code, "name": f"Site {code}", "time_zone": time_zone, **fixed} for code in site_ids]
        )

    def add_code(self, code: str, default_rate: str | None = None) -> None:
        """A job code whose title is the code, with its default rate."""
        now = self.clock.now()
        rate = None if default_rate is None else Decimal(default_rate)
        row = {"job_code_id": code, "title": code, "default_hourly_rate": rate, "first_seen_at": now}
        self._insert(job_codes, [{**row, **stamps.inserted("test", now)}])
        self._insert(job_code_aliases, [{"source_text": code, "job_code_id": code, "first_seen_at": now}])

    def add_pair(self, site_id: str, code: str, **values: Any) -> None:
        """A job code at a site."""
        row = {"site_id": site_id, "job_code_id": code, **values, **stamps.inserted("test", self.clock.now())}
        self._insert(site_job_codes, [row])

    def add_rate(
        self, site_id: str, code: str, rate: str, method: str, effective: str, end: str | None = None, **values: Any
    ) -> None:
        """A row of the rate history."""
        row = {
            "site_id": site_id,
            "job_code_id": code,
            "hourly_rate": Decimal(rate),
            "calculation_method": method,
            "effective_date": date.fromisoformat(effective),
            "end_date": None if end is None else date.fromisoformat(end),
            "as_of_date": date.fromisoformat(effective),
            **values,
        }
        self._insert(site_job_code_rates, [{**row, **stamps.inserted("test", self.clock.now())}])

    def add_actual_day(self, site_id: str, code: str, day: str, hours: str, dollars: str, rows: int = 1) -> None:
        """A published day of paid hours."""
        row = {
            "site_id": site_id,
            "work_date": date.fromisoformat(day),
            "job_code_id": code,
            "hours_all": Decimal(hours),
            "hours_ex_premium": Decimal(hours),
            "overtime_hours": Decimal(0),
            "dollars_all": Decimal(dollars),
            "dollars_ex_premium": Decimal(dollars),
            "row_count": rows,
            "sync_run_id": NO_RUN,
            "loaded_at": self.clock.now(),
        }
        self._insert(actual_payroll_days, [row])

    def pay(self, *rows: PaidRow) -> None:
        """Rows of the payroll summary in the warehouse."""
        values = [
            (site, title, date.fromisoformat(day), kind, Decimal(hours), Decimal(dollars))
            for site, title, day, kind, hours, dollars in rows
        ]
        columns = ("WORK_LOCATION", "TITLE", "DATE", "PAY_TYPE", "TOTAL_HOURS", "TOTAL_DOLLARS")
        with self.warehouse.begin() as connection:
            insert_rows(connection, payroll_summary, columns, values)

    def calculate(self, as_of: str | None = None, **values: Any) -> RateRunReport:
        """A rate run; dates of `values` are dates."""
        day = None if as_of is None else date.fromisoformat(as_of)
        return calculate_rates(self.runtime, RateRequest(as_of=day, **values))

    def history(self, site_id: str = "TP001", code: str = "VLT1") -> list[tuple[str, str, str, str | None]]:
        """Rate, method, first and last day of the rows that are not superseded, the oldest first."""
        rates = site_job_code_rates.c
        query = (
            select(rates.hourly_rate, rates.calculation_method, rates.effective_date, rates.end_date)
            .where(rates.site_id == site_id, rates.job_code_id == code, rates.superseded_at.is_(None))
            .order_by(rates.effective_date, rates.rate_class)
        )
        with self.runtime.database.reading() as connection:
            return [
                (str(rate), method, str(first), None if last is None else str(last))
                for rate, method, first, last in connection.execute(query)
            ]

    def rows_of(self, table: Table) -> list[Row[Any]]:
        """Every row of a table."""
        with self.runtime.database.reading() as connection:
            return list(connection.execute(select(table).order_by(*table.primary_key.columns)))

    @contextmanager
    def counted_statements(self) -> Iterator[list[str]]:
        """The statements that the operational database executes in the block."""
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            statements.append(statement)

        engine = self.runtime.database.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(engine, "before_cursor_execute", note)

    def _insert(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        with self.runtime.database.writing_lightly() as connection:
            connection.execute(insert(table), list(rows))


def item_of(report: RateRunReport, site_id: str = "TP001", code: str = "VLT1") -> RateItem:
    """The only item of a site and job code."""
    (item,) = [item for item in report.results if (item.site_id, item.job_code) == (site_id, code)]
    return item


def decided(report: RateRunReport) -> dict[str, tuple[RateOutcome, str | None, str | None]]:
    """Outcome, new rate and its date of every item, by job code."""
    return {
        item.job_code: (
            item.outcome,
            None if item.new_rate is None else str(item.new_rate),
            None if item.effective_date is None else str(item.effective_date),
        )
        for item in report.results
    }


@cache
def _empty_database() -> Path:
    """A database with the newest schema and no row, made once a process."""
    path = Path(tempfile.mkdtemp()) / "empty.db"
    engine = operational_engine(Settings(db_primary_connection=f"sqlite:///{path}"))
    schema.upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path
