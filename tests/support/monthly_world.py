"""A company with budgets, contracts and recorded parking, for tests of what is entered month by month.

The business date is 15 April 2025; the ledger is closed through March.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import Contract, ContractType, RevenueShareStructure
from shared_code.domain.tiers import Tier
from shared_code.messaging.message import FORECASTING_EVENTS
from shared_code.storage.tables.facts import actual_parking_months
from shared_code.storage.tables.forecasts import (
    forecast_versions,
    other_expenses,
    other_revenues,
    parking_rates,
    payroll_forecast_days,
    site_statistic_days,
    site_statistics,
)
from shared_code.storage.tables.job_codes import job_codes, job_groups
from shared_code.storage.tables.messages import audit_events, outbox_messages
from tests.support.pnl_world import PnlWorld

MID_APRIL = datetime(2025, 4, 15, 16, tzinfo=UTC)

MORE_ACCOUNTS = {
    "7100": ("Loss and damage claims", "claims"),
    "7220": ("Uniforms", "other_expense"),
    "9411": ("Revenue valet daily", "statistic"),
    "9412": ("Revenue valet overnight", "statistic"),
    "9520": ("Vehicles valet overnight", "statistic"),
}


class MonthlyWorld(PnlWorld):
    """The database, with sentences for what a test sets up and what it looks at."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, MID_APRIL, **settings)
        self.add_accounts(MORE_ACCOUNTS)

    def parked(self, site_id: str, month: str, category: str, revenue: str, vehicles: str) -> None:
        """Recorded revenue and vehicles of a category."""
        row = {"site_id": site_id, "period": month, "category": category}
        self._insert(actual_parking_months, [row | {"revenue": Decimal(revenue), "vehicles": Decimal(vehicles)}])

    def share(self, site_id: str, percent: str) -> None:
        """A contract that shares external revenue, in one unlimited tier, month by month."""
        tier = Tier(Decimal(0), Decimal(percent))
        contract = Contract(
            contract_types=frozenset({ContractType.REVENUE_SHARE}),
            contract_start=date(2024, 1, 1),
            revenue_shares=(RevenueShareStructure(Accumulation.MONTHLY, (tier,)),),
        )
        self.agree(site_id, contract)

    def valet_days(self, site_id: str, month: str, vehicles: Mapping[int, str]) -> None:
        """Saved daily valet vehicles by day of the month."""
        head = {"site_id": site_id, "period": month, "last_updated": self.clock.now(), "is_active": True}
        self._insert(site_statistics, [head], std=True, run=False)
        number = max(row[0] for row in self.rows(site_statistics, "site_statistics_id"))
        self._insert(
            site_statistic_days,
            [
                {
                    "site_statistics_id": number,
                    "stat_date": date.fromisoformat(f"{month}-{day:02d}"),
                    "valet_daily": Decimal(count),
                }
                for day, count in vehicles.items()
            ],
            run=False,
        )

    def employ_group(self, site_id: str, group_id: str, job_code: str) -> None:
        """Use a job code of a group at a site."""
        group = {"job_group_id": group_id, "title": group_id.title(), "is_active": True}
        self._insert(job_groups, [group], std=True, run=False)
        code = {"job_code_id": job_code, "title": job_code, "job_group_id": group_id, "is_active": True}
        code |= {"is_productive": True, "default_hourly_rate": Decimal(15), "first_seen_at": self.clock.now()}
        self._insert(job_codes, [code], std=True, run=False)
        self.employ(site_id, job_code)

    def saved(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that a write leaves, by table."""
        values = (site_statistic_days, parking_rates, payroll_forecast_days, other_revenues, other_expenses)
        return {table.name: self.rows(table) for table in (*values, forecast_versions, outbox_messages)} | {
            audit_events.name: [row for row in self.rows(audit_events, "module", "item_key") if row[0] != "security"]
        }

    def events(self) -> list[dict[str, Any]]:
        """The events that others are told of, in order of their month and type."""
        rows = self.rows(outbox_messages, "destination", "payload")
        told = [json.loads(body) for destination, body in rows if destination == FORECASTING_EVENTS]
        return sorted(told, key=lambda body: (body["period"], body["eventType"]))
