"""A company with job codes, rates, schedules and paid hours, for tests of payroll.

The business date is 15 April 2025; hours are paid through 14 April where a test says so.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared_code.domain.contract import Contract, ContractType, LaborJob
from shared_code.domain.escalation import Increment
from shared_code.messaging.message import FORECASTING_EVENTS
from shared_code.storage.tables.facts import budget_payroll_job_months, schedule_payroll_days
from shared_code.storage.tables.forecasts import forecast_versions, payroll_forecast_days, payroll_forecasts
from shared_code.storage.tables.job_codes import job_codes, job_groups, site_job_code_rates, site_job_codes
from shared_code.storage.tables.messages import audit_events, outbox_messages
from tests.support.pnl_world import PnlWorld

MID_APRIL = datetime(2025, 4, 15, 16, tzinfo=UTC)

FAMILIES = {"VLT": "valet", "GSA": "ground_support_agent", "GSC": "ground_support_coordinator"}
"""The delivered families of the codes that begin so."""


class PayrollWorld(PnlWorld):
    """The database, with sentences for what a test sets up and what it looks at."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, MID_APRIL, **settings)

    def add_group(self, group_id: str, title: str) -> None:
        row = {"job_group_id": group_id, "title": title, "is_active": True}
        self._insert(job_groups, [row], std=True, run=False)

    def add_code(self, code: str, group: str | None = None, default_rate: str | None = None) -> None:
        """A job code of the family that its first letters name."""
        row = {
            "job_code_id": code,
            "title": f"Title {code}",
            "job_family_id": FAMILIES.get(code[:3]),
            "job_group_id": group,
            "is_active": True,
            "is_productive": True,
            "default_hourly_rate": default_rate and Decimal(default_rate),
            "first_seen_at": self.clock.now(),
        }
        self._insert(job_codes, [row], std=True, run=False)

    def use(
        self,
        site_id: str,
        code: str,
        employees: int = 0,
        salary: str | None = None,
        *,
        is_active: bool = True,
        is_flagged: bool = True,
    ) -> None:
        """Employ people under a job code at a site; with a yearly salary they are salaried, unless nobody says so."""
        row = {
            "site_id": site_id,
            "job_code_id": code,
            "is_active": is_active,
            "is_salaried": salary is not None and is_flagged,
            "allocated_annual_salary": salary and Decimal(salary),
            "active_employee_count": employees,
        }
        self._insert(site_job_codes, [row], std=True, run=False)

    def rate(self, site_id: str, code: str, rate: str, effective: str = "2024-01-01", end: str | None = None) -> None:
        """A calculated rate from a day on."""
        day = date.fromisoformat(effective)
        row = {
            "site_id": site_id,
            "job_code_id": code,
            "hourly_rate": Decimal(rate),
            "effective_date": day,
            "end_date": end and date.fromisoformat(end),
            "calculation_method": "weighted_average",
            "as_of_date": day,
        }
        self._insert(site_job_code_rates, [row], std=True, run=False)

    def budget_hours(self, site_id: str, month: str, code: str, hours: str, dollars: str = "0") -> None:
        row = {"site_id": site_id, "period": month, "job_code_id": code}
        self._insert(budget_payroll_job_months, [row | {"hours": Decimal(hours), "dollars": Decimal(dollars)}])

    def schedule(self, site_id: str, code: str, day: str, minutes: int) -> None:
        row = {"site_id": site_id, "job_code_id": code, "work_date": date.fromisoformat(day)}
        row |= {"regular_minutes": minutes, "overtime_minutes": 0, "double_overtime_minutes": 0}
        self._insert(schedule_payroll_days, [row])

    def pays_by_hour(self, site_id: str, *jobs: LaborJob, increment: Increment | None = None) -> None:
        """A contract by which the client pays for hours of labor."""
        contract = Contract(
            contract_types=frozenset({ContractType.PER_LABOR_HOUR}),
            contract_start=date(2024, 1, 1),
            increment=increment,
            labor_jobs=jobs,
        )
        self.agree(site_id, contract)

    def hours(self, site_id: str = "TP001") -> dict[str, Any]:
        """The saved regular hours by `day code`, overtime after a plus."""
        columns = ("site_id", "work_date", "job_code_id", "regular_hours", "overtime_hours")
        return {
            f"{day} {code}": str(regular.normalize() if regular is not None else None)
            + ("" if overtime is None else f"+{overtime.normalize()}")
            for site, day, code, regular, overtime in self.rows(payroll_forecast_days, *columns)
            if site == site_id
        }

    def saved(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that a write leaves, by table."""
        tables = (payroll_forecasts, payroll_forecast_days, forecast_versions, audit_events, outbox_messages)
        return {table.name: self.rows(table) for table in tables}

    def events(self) -> list[dict[str, Any]]:
        """The events that others are told of."""
        rows = self.rows(outbox_messages, "created_at", "destination", "payload")
        return [json.loads(body) for _, destination, body in rows if destination == FORECASTING_EVENTS]

    def trail(self) -> list[tuple[Any, ...]]:
        """What the audit trail says of each cell, in the order in which it was written."""
        columns = ("audit_id", "item_key", "field", "old_value", "new_value", "version", "source")
        return [row[1:] for row in self.rows(audit_events, *columns)]


def valet_company(world: PayrollWorld) -> PayrollWorld:
    """TP001 has the group `valet` with VLT1 (3 employees, 15.00) and VLT2 (1, 19.00)."""
    world.add_districts(alpha="east")
    world.add_sites("TP001", "TP002", district_code="alpha", region_code="east")
    for site in ("TP001", "TP002"):
        world.belongs(site, "alpha", "east")
    world.add_group("valet", "Valet")
    for code, employees, rate in (("VLT1", 3, "15.00"), ("VLT2", 1, "19.00")):
        world.add_code(code, "valet")
        world.use("TP001", code, employees)
        world.rate("TP001", code, rate)
    return world


def days_between(first: str, last: str) -> Iterable[str]:
    """The days from `first` to `last`, `YYYY-MM-DD`."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=number)).isoformat() for number in range((end - start).days + 1)]
