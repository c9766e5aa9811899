"""A database with sites, accounts and job codes, for tests of contracts, saved forecasts and reference data."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Table, event, insert, select

from shared_code.clock import FixedClock
from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import (
    AdditionalPayroll,
    BillableTerms,
    ClaimsTerm,
    ClaimsType,
    Contract,
    ContractType,
    FeeRow,
    FeeType,
    InsuranceTerm,
    InsuranceType,
    LaborJob,
    ManagementFeeTerm,
    ManagementJob,
    ManagementTerms,
    NonLedgerItem,
    NonLedgerType,
    PayrollType,
    ProfitShareTerm,
    PtebTerm,
    PtebType,
    RevenueShareStructure,
    SupportTerm,
    SupportType,
)
from shared_code.domain.escalation import Escalator, EscalatorType, Increment
from shared_code.domain.statistics import Category
from shared_code.domain.tiers import Tier
from shared_code.services.reference_data.import_table import import_table
from shared_code.services.reference_data.report import ImportReport
from shared_code.services.runtime import Runtime
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.job_codes import job_code_aliases, job_codes, site_job_codes
from shared_code.storage.tables.organisation import sites
from tests.support.example_rows import example_row
from tests.support.operational import NOON, empty_database, settings_of

OPERATOR = "operator@example.com"


class ReferenceWorld:
    """The runtime under test, with sentences for what a test sets up and what it looks at."""

    def __init__(self, folder: Path, moment: datetime = NOON) -> None:
        self.folder = folder
        path = folder / "forecasting.db"
        path.write_bytes(empty_database())
        self.clock = FixedClock(moment)
        self.runtime = Runtime(settings_of(path), self.clock)

    def close(self) -> None:
        """Give the file back."""
        self.runtime.close()

    def put(self, table: Table, *rows: dict[str, Any]) -> None:
        """Rows of a table; what a row does not say has any value that is allowed."""
        with self.runtime.database.writing_lightly() as connection:
            connection.execute(insert(table), [example_row(table) | row for row in rows])

    def add_sites(self, *site_ids: str) -> None:
        """Sites of these codes, in no district."""
        nowhere = {"district_code": None, "region_code": None, "time_zone": None}
        self.put(sites, *({"site_id": code, "name": f"Site {code}", **nowhere} for code in site_ids))

    def add_accounts(self, *numbers: str) -> None:
        """Accounts of the chart."""
        self.put(accounts, *({"main_account": number, "name": f"Account {number}"} for number in numbers))

    def add_codes(self, *codes: str, default_rate: str | None = None) -> None:
        """Job codes whose title is the code."""
        rate = None if default_rate is None else Decimal(default_rate)
        loose = {"job_family_id": None, "job_group_id": None, "default_hourly_rate": rate}
        self.put(job_codes, *({"job_code_id": code, "title": code, **loose} for code in codes))
        self.put(job_code_aliases, *({"source_text": code, "job_code_id": code} for code in codes))

    def add_pair(self, site_id: str, code: str, *, is_salaried: bool = False, salary: str | None = None) -> None:
        """A job code at a site."""
        values = {"is_salaried": is_salaried, "allocated_annual_salary": None if salary is None else Decimal(salary)}
        self.put(site_job_codes, {"site_id": site_id, "job_code_id": code, **values})

    def rows_of(self, table: Table) -> list[Row[Any]]:
        """Every row of a table, by its key."""
        with self.runtime.database.reading() as connection:
            return list(connection.execute(select(table).order_by(*table.primary_key.columns)))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that reads."""
        with self.runtime.database.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction."""
        with self.runtime.database.writing_lightly() as connection:
            yield connection

    @contextmanager
    def counted_statements(self) -> Iterator[list[str]]:
        """The statements that the database executes in the block; an executemany counts as one."""
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith("BEGIN"):
                statements.append(statement)

        engine = self.runtime.database.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(engine, "before_cursor_execute", note)

    def file(self, text: str, name: str = "rows.csv") -> Path:
        """A file with this text."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def import_csv(self, table: str, *lines: str, dry_run: bool = False) -> ImportReport:
        """Import the lines of a CSV."""
        return import_table(self.runtime, table, self.file("\n".join(lines) + "\n"), dry_run=dry_run, operator=OPERATOR)

    def import_yaml(self, table: str, text: str, *, dry_run: bool = False) -> ImportReport:
        """Import a YAML text."""
        return import_table(self.runtime, table, self.file(text, "rows.yaml"), dry_run=dry_run, operator=OPERATOR)


def findings_of(report: ImportReport) -> list[tuple[str, str | None, str | None]]:
    """Place, column and value of every finding."""
    return [(finding.place, finding.column, finding.value) for finding in report.findings]


def changes_of(report: ImportReport) -> list[tuple[str, str, dict[str, tuple[str | None, str | None]]]]:
    """Action and key of every change, with the fields before and after."""
    return [
        (change.action.value, change.key, {cell.field: (cell.old, cell.new) for cell in change.cells})
        for change in report.changes
    ]


def fixed_fee_contract(
    start: str, fee: str = "1000", types: Iterable[ContractType] = (ContractType.FIXED_FEE,)
) -> Contract:
    """A contract that is nothing but a fee from its start on."""
    day = date.fromisoformat(start)
    return Contract(frozenset(types), day, fees=(FeeRow(Decimal(fee), day, name="Base fee"),))


def at(*parts: int) -> datetime:
    """A moment in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


BILLED_ACCOUNTS: Sequence[str] = ("6000", "7045", "7113")

FULL_CONTRACT = Contract(
    contract_types=frozenset(ContractType),
    contract_start=date(2023, 4, 1),
    increment=Increment(7, Decimal("3.5")),
    fees=(
        FeeRow(Decimal("4000.5"), date(2023, 4, 1), date(2024, 3, 31), "First year"),
        FeeRow(Decimal("4200"), date(2024, 4, 1), None, "Later years"),
    ),
    occupied_room_rate=Decimal("3.405"),
    labor_jobs=(
        LaborJob("VLT1", Decimal("24.125"), Decimal(36), date(2023, 4, 1), date(2024, 12, 31)),
        LaborJob("VLT1", Decimal(25), None, date(2025, 1, 1)),
    ),
    revenue_shares=(
        RevenueShareStructure(
            Accumulation.ANNUAL_ANNIVERSARY,
            (
                Tier(Decimal(600000), Decimal(30), date(2023, 4, 1), date(2025, 12, 31)),
                Tier(Decimal(0), Decimal("22.5")),
            ),
        ),
        RevenueShareStructure(
            Accumulation.MONTHLY,
            (Tier(Decimal(0), Decimal(50)),),
            frozenset({Category.VALET_DAILY, Category.SELF_DAILY}),
        ),
    ),
    billable=BillableTerms(
        enabled_accounts=frozenset({"6000", "7045"}),
        additional_payroll=(AdditionalPayroll(Decimal(-250), excluded=True, name="Credit"),),
        pteb=PtebTerm(
            enabled=True,
            type=PtebType.PERCENTAGE,
            percent=Decimal("22.5"),
            start=date(2023, 4, 1),
            escalator=Escalator(1, EscalatorType.FIXED_AMOUNT, Decimal("0.5")),
        ),
        support=SupportTerm(
            enabled=True, type=SupportType.PERCENTAGE, percent=Decimal(3), payroll_type=PayrollType.TOTAL
        ),
    ),
    management=ManagementTerms(
        fee=ManagementFeeTerm(
            type=FeeType.PER_LABOR_HOUR,
            jobs=(
                ManagementJob(
                    "GSA1", Decimal(20), Decimal(30), Decimal(2), Decimal(3), date(2023, 4, 1), date(2026, 3, 31)
                ),
            ),
            start=date(2023, 5, 1),
            escalator=Escalator(4, EscalatorType.PERCENTAGE, Decimal(3)),
        ),
        insurance=InsuranceTerm(
            enabled=True, type=InsuranceType.BASED_ON_BILLABLE_ACCOUNTS, additional_percent=Decimal("2.5")
        ),
        claims=ClaimsTerm(enabled=True, type=ClaimsType.ANNUAL_CALENDAR, cap=Decimal(25000)),
        non_ledger_items=(
            NonLedgerItem(NonLedgerType.FIXED, amount=Decimal(275), final_month="2025-09", title="Uniform plan"),
            NonLedgerItem(NonLedgerType.PAYROLL_PERCENTAGE, percent=Decimal("0.5"), payroll_type=PayrollType.BILLABLE),
        ),
        profit_share=ProfitShareTerm(
            enabled=True,
            accumulation=Accumulation.ANNUAL_CALENDAR,
            tiers=(Tier(Decimal(250000), Decimal(10)), Tier(Decimal(0), Decimal(20))),
            start=date(2023, 6, 1),
            escalator=Escalator(1, EscalatorType.PERCENTAGE, Decimal(1)),
        ),
    ),
)
"""A contract in which every term that there is says something."""
