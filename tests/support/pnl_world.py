"""An operational database with published facts, for tests of what is computed from them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, event, select

from shared_code.clock import FixedClock
from shared_code.domain.contract import Contract
from shared_code.domain.site_scope import SiteScope
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.sql.bulk import insert_rows
from shared_code.sql.types import new_identifier
from shared_code.storage import stamps, versions
from shared_code.storage.contract_writing import add_contracts
from shared_code.storage.contracts import StoredContract
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.facts import (
    actual_account_months,
    actual_payroll_days,
    actual_statistic_days,
    budget_account_months,
)
from shared_code.storage.tables.job_codes import job_codes, site_job_codes
from shared_code.storage.tables.organisation import districts, regions, site_organizations, sites
from tests.support.operational import empty_database

CHART = {
    "4790": ("Management fee", "internal_revenue"),
    "6000": ("Hourly wages", "payroll"),
    "6200": ("Payroll taxes", "pteb"),
    "7045": ("Employee relations", "other_expense"),
    "7080": ("General liability", "insurance"),
    "7082": ("Vehicle insurance", "insurance"),
    "7101": ("Claims of prior periods", "claims"),
    "7113": ("Office supplies", "other_expense"),
    "7170": ("Parking rents", "parking_rents"),
    "7185": ("Supplies and equipment", "other_expense"),
    "9410": ("External revenue", "external_revenue"),
    "9440": ("Occupied rooms", "occupied_rooms"),
    "9510": ("Vehicles valet daily", "statistic"),
}
MID_JULY = datetime(2025, 7, 16, 16, tzinfo=UTC)
MONTHS = tuple(f"2025-{month:02d}" for month in range(1, 13))

Figures = Mapping[str, str]
"""Balances by account, with the sign of the ledger."""


@dataclass
class Statements:
    """The statements that ran, without the rows of bulk inserts."""

    texts: list[str] = field(default_factory=list)

    @property
    def inserts(self) -> int:
        return sum(text.startswith("INSERT") for text in self.texts)

    @property
    def others(self) -> int:
        return len(self.texts) - self.inserts


class PnlWorld:
    """A database in `folder` whose chart of accounts is `CHART`, and a clock that stands still."""

    def __init__(self, folder: Path, moment: datetime = MID_JULY, **settings: Any) -> None:
        path = folder / "forecasting.db"
        path.write_bytes(empty_database())
        self.clock = FixedClock(moment)
        self.runtime = Runtime(Settings(db_primary_connection=f"sqlite:///{path}", **settings), self.clock)
        self._run = {"sync_run_id": new_identifier(), "loaded_at": moment}
        self._lines: dict[str, str] = {}
        self.add_accounts(CHART)

    def with_settings(self, **settings: Any) -> Runtime:
        """A runtime on the same database with other settings."""
        return Runtime(self.runtime.settings.model_copy(update=settings), self.clock)

    def add_accounts(self, chart: Mapping[str, tuple[str, str]]) -> None:
        """Accounts with their name and line of the P&L, by number."""
        rows = [{"main_account": number, "name": name, "pnl_line": line} for number, (name, line) in chart.items()]
        self._insert(accounts, rows, std=True)
        self._lines |= {number: line for number, (_, line) in chart.items()}

    def add_sites(self, *site_ids: str, time_zone: str | None = None, **master: Any) -> None:
        rows = [
            {"site_id": site, "name": f"Site {site}", "is_active": True, "time_zone": time_zone} | master
            for site in site_ids
        ]
        self._insert(sites, rows, std=True)

    def add_districts(self, **regions_by_district: str) -> None:
        """Districts and the regions they lie in, named after their codes."""
        self._insert(
            regions,
            [{"region_code": code, "name": code.title()} for code in sorted(set(regions_by_district.values()))],
            std=True,
            run=False,
        )
        self._insert(
            districts,
            [
                {"district_code": code, "name": code.title(), "region_code": region}
                for code, region in regions_by_district.items()
            ],
            std=True,
            run=False,
        )

    def belongs(
        self, site_id: str, district: str | None, region: str | None, first: str = "2000-01", last: str | None = None
    ) -> None:
        """Where a site belongs from month `first` to month `last`."""
        row = {
            "site_id": site_id,
            "effective_from": first,
            "effective_to": last,
            "district_code": district,
            "region_code": region,
        }
        self._insert(site_organizations, [row])

    def budget(self, site_ids: str | Sequence[str], figures: Figures, months: Iterable[str] = MONTHS) -> None:
        """The same balances for each site and month."""
        self._insert(budget_account_months, self._balances(site_ids, figures, months))

    def ledger(self, site_ids: str | Sequence[str], figures: Figures, *months: str, entity: str = "01") -> None:
        """The same balances for each site and month."""
        rows = [row | {"entity": entity} for row in self._balances(site_ids, figures, months)]
        self._insert(actual_account_months, rows)

    def days(self, site_id: str, first: str, last: str, revenue: str | None, rooms: str | None = None) -> None:
        """Net external revenue and occupied rooms of every day from `first` to `last`."""
        self._insert(
            actual_statistic_days,
            [
                {
                    "site_id": site_id,
                    "stat_date": day,
                    "total_net_revenue": None if revenue is None else Decimal(revenue),
                    "occupied_rooms": None if rooms is None else Decimal(rooms),
                }
                for day in _days(first, last)
            ],
        )

    def labor(self, site_id: str, job_code: str, first: str, last: str, hours: str, dollars: str) -> None:
        """Paid hours and dollars of every day from `first` to `last`."""
        self._insert(
            actual_payroll_days,
            [
                {
                    "site_id": site_id,
                    "work_date": day,
                    "job_code_id": job_code,
                    "hours_all": Decimal(hours),
                    "hours_ex_premium": Decimal(hours),
                    "overtime_hours": Decimal(0),
                    "dollars_all": Decimal(dollars),
                    "dollars_ex_premium": Decimal(dollars),
                    "row_count": 1,
                }
                for day in _days(first, last)
            ],
        )

    def employ(self, site_id: str, job_code: str, salary: str | None = None) -> None:
        """Use a job code at a site, with an allocated annual salary or without."""
        code = {"job_code_id": job_code, "title": job_code, "is_active": True, "is_productive": True}
        if (job_code,) not in self.rows(job_codes, "job_code_id"):
            self._insert(job_codes, [code | {"first_seen_at": self.clock.now()}], std=True, run=False)
        row = {"site_id": site_id, "job_code_id": job_code, "is_active": True, "active_employee_count": 1}
        row |= {"is_salaried": salary is not None, "allocated_annual_salary": salary and Decimal(salary)}
        self._insert(site_job_codes, [row], std=True, run=False)

    def agree(self, site_id: str, contract: Contract, end: date | None = None) -> None:
        """Let a contract be in force at a site, until `end` or for good."""
        stored = StoredContract(new_identifier(), site_id, contract, end)
        with self.runtime.database.writing_lightly() as connection:
            add_contracts(connection, SiteScope.all_sites(), [stored], "test", self.clock.now())

    def forget(self, table: Table, **key: str) -> None:
        """Take facts away again, as a load does that does not find them any more; it tells those who keep answers."""
        with self.runtime.database.writing_lightly() as connection:
            connection.execute(delete(table).filter_by(**key))
            versions.raise_versions(connection, [versions.SHARED_TAG], self.clock.now())

    def forget_account(self, site_id: str, month: str, account: str) -> None:
        """Take one posted balance away again."""
        self.forget(actual_account_months, site_id=site_id, period=month, main_account=account)

    def inputs_changed(self, *site_ids: str, year: int = 2025) -> None:
        """Count a change of the inputs, as every load does in its own transaction."""
        with self.runtime.database.writing_lightly() as connection:
            versions.raise_inputs_versions(connection, [(site, year) for site in site_ids], self.clock.now())

    def rows(self, table: Table, *columns: str) -> list[tuple[Any, ...]]:
        """All rows of a table, in order."""
        chosen = [table.c[name] for name in columns] if columns else list(table.c)
        with self.runtime.database.reading() as connection:
            return [tuple(row) for row in connection.execute(select(*chosen).order_by(*chosen))]

    @contextmanager
    def statements(self) -> Iterator[Statements]:
        """The statements that run inside the block."""
        seen = Statements()

        def note(_: Any, __: Any, text: str, *___: Any) -> None:
            seen.texts.append(text)

        engine = self.runtime.database.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)

    def close(self) -> None:
        self.runtime.close()

    def _balances(self, site_ids: str | Sequence[str], figures: Figures, months: Iterable[str]) -> list[dict[str, Any]]:
        return [
            {
                "site_id": site_id,
                "period": month,
                "main_account": account,
                "balance": Decimal(balance),
                "amount": Decimal(balance) * (-1 if self._lines[account] == "internal_revenue" else 1),
            }
            for site_id in ([site_ids] if isinstance(site_ids, str) else site_ids)
            for month in months
            for account, balance in figures.items()
        ]

    def _insert(self, table: Table, rows: Iterable[Mapping[str, Any]], *, std: bool = False, run: bool = True) -> None:
        stamp = (stamps.inserted("test", self.clock.now()) if std else {}) | (self._run if run else {})
        complete = [{**row, **stamp} for row in rows]
        with self.runtime.database.writing_lightly() as connection:
            if complete:
                insert_rows(connection, table, list(complete[0]), [tuple(row.values()) for row in complete])
            versions.raise_versions(connection, [versions.SHARED_TAG], self.clock.now())


def _days(first: str, last: str) -> list[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [date.fromordinal(number) for number in range(start.toordinal(), end.toordinal() + 1)]
