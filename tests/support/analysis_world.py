"""An operational database with recorded vehicles, rooms, labor and shifts, for tests of their analysis."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from shared_code.storage.tables.facts import (
    actual_payroll_days,
    actual_statistic_days,
    budget_payroll_job_months,
    schedule_payroll_days,
)
from shared_code.storage.tables.forecasts import (
    payroll_forecast_days,
    payroll_forecasts,
    site_statistic_days,
    site_statistics,
)
from shared_code.storage.tables.job_codes import job_codes, job_families, site_job_codes
from tests.support.pnl_world import PnlWorld

FAMILIES = {"valets": ("Valets", "valet"), "cashiers": ("Cashiers", "all"), "bell": ("Bell", "all")}
CODES = {"VLT1": ("valets", True), "CASH": ("cashiers", True), "DOOR": ("bell", False)}
"""Job codes with their family and whether they are productive."""


class AnalysisWorld(PnlWorld):
    """`PnlWorld` with the job codes of `CODES`."""

    def know_codes(self) -> None:
        """Enter families and codes."""
        self._insert(
            job_families,
            [
                {"job_family_id": family, "title": title, "vehicle_scope": scope, "source": "manual"}
                for family, (title, scope) in FAMILIES.items()
            ],
            std=True,
            run=False,
        )
        self._insert(
            job_codes,
            [
                {
                    "job_code_id": code,
                    "title": code,
                    "job_family_id": family,
                    "is_productive": productive,
                    "first_seen_at": self.clock.now(),
                }
                for code, (family, productive) in CODES.items()
            ],
            std=True,
            run=False,
        )

    def use_codes(self, *site_ids: str, salary: str | None = None) -> None:
        """Use all codes at each site; with `salary` the last one is salaried."""
        rows = [
            {
                "site_id": site,
                "job_code_id": code,
                "is_salaried": salary is not None and code == "DOOR",
                "allocated_annual_salary": Decimal(salary) if salary is not None and code == "DOOR" else None,
            }
            for site in site_ids
            for code in CODES
        ]
        self._insert(site_job_codes, rows, std=True, run=False)

    def traffic(self, site_id: str, days: Iterable[date], **figures: str | int) -> None:
        """The same recorded figures on each of `days`."""
        values = {name: Decimal(value) for name, value in figures.items()}
        self._insert(actual_statistic_days, [{"site_id": site_id, "stat_date": day} | values for day in days])

    def work(
        self, site_id: str, code: str, days: Iterable[date], hours: str, dollars: str, overtime: str = "0"
    ) -> None:
        """The same paid hours and dollars on each of `days`."""
        figures = {
            "hours_all": Decimal(hours),
            "hours_ex_premium": Decimal(hours),
            "overtime_hours": Decimal(overtime),
            "dollars_all": Decimal(dollars),
            "dollars_ex_premium": Decimal(dollars),
            "row_count": 1,
        }
        rows = [{"site_id": site_id, "work_date": day, "job_code_id": code} | figures for day in days]
        self._insert(actual_payroll_days, rows)

    def shifts(self, site_id: str, code: str, days: Iterable[date], minutes: int) -> None:
        """The same planned minutes on each of `days`."""
        figures = {"regular_minutes": minutes, "overtime_minutes": 0, "double_overtime_minutes": 0}
        rows = [{"site_id": site_id, "work_date": day, "job_code_id": code} | figures for day in days]
        self._insert(schedule_payroll_days, rows)

    def budget_hours(self, site_id: str, code: str, hours: str, months: Iterable[str]) -> None:
        """The same budgeted hours in each of `months`."""
        rows = [
            {"site_id": site_id, "period": month, "job_code_id": code, "hours": Decimal(hours), "dollars": Decimal(0)}
            for month in months
        ]
        self._insert(budget_payroll_job_months, rows)

    def save_days(self, site_id: str, month: str, days: dict[date, dict[str, str]]) -> None:
        """Saved values of single days of the statistics of a month."""
        self._insert(
            site_statistics,
            [{"site_id": site_id, "period": month, "last_updated": self.clock.now(), "is_active": True}],
            std=True,
            run=False,
        )
        [(head,)] = [
            row[:1]
            for row in self.rows(site_statistics, "site_statistics_id", "site_id", "period")
            if row[1:] == (site_id, month)
        ]
        names = sorted({name for values in days.values() for name in values})
        rows: list[dict[str, Any]] = [
            {"site_statistics_id": head, "stat_date": day}
            | {name: Decimal(values[name]) if name in values else None for name in names}
            for day, values in days.items()
        ]
        self._insert(site_statistic_days, rows, run=False)

    def save_hours(self, site_id: str, month: str, code: str, days: Iterable[date], hours: str) -> None:
        """Saved regular hours of a code on each of `days`."""
        self._insert(
            payroll_forecasts,
            [{"site_id": site_id, "period": month, "level": "job_code"}],
            std=True,
            run=False,
        )
        rows = [
            {
                "site_id": site_id,
                "period": month,
                "work_date": day,
                "job_code_id": code,
                "regular_hours": Decimal(hours),
            }
            for day in days
        ]
        self._insert(payroll_forecast_days, rows, run=False)
