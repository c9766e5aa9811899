"""A company with rooms, a budget of statistics and recorded days, for tests of statistics.

The business date is 15 April 2025; daily actuals are loaded through 14 April where a test says so.
"""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared_code.messaging.message import FORECASTING_EVENTS
from shared_code.storage.tables.facts import actual_statistic_days
from shared_code.storage.tables.forecasts import (
    external_revenue_inputs,
    forecast_versions,
    parking_rates,
    site_statistic_days,
    site_statistics,
)
from shared_code.storage.tables.messages import audit_events, cache_versions, outbox_messages
from tests.support.pnl_world import PnlWorld

MID_APRIL = datetime(2025, 4, 15, 16, tzinfo=UTC)
MORE_ACCOUNTS = {
    **{str(number): (f"Revenue {number}", "statistic") for number in range(9411, 9417)},
    **{str(number): (f"Vehicles {number}", "statistic") for number in range(9520, 9590, 10)},
}
BUDGET_JUNE = {"9410": "12000", "9411": "6000", "9440": "4200", "9510": "300"}
"""4,200 rooms and 300 daily valet cars at 20 dollars in a month."""


class StatisticsWorld(PnlWorld):
    """The database, with sentences for what a test sets up and what it looks at."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, MID_APRIL, **settings)
        self.add_accounts(MORE_ACCOUNTS)

    def record(self, site_id: str, first: str, last: str, **values: str) -> None:
        """The same counts (and `total_net_revenue`) of every day from `first` to `last`."""
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        days = [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
        counted = {name: Decimal(value) for name, value in values.items()}
        self._insert(actual_statistic_days, [{"site_id": site_id, "stat_date": day} | counted for day in days])

    def rate(self, site_id: str, month: str, **rates: str) -> None:
        """Saved parking rates by category."""
        rows = [
            {"site_id": site_id, "period": month, "category": category, "rate": Decimal(rate)}
            for category, rate in rates.items()
        ]
        self._insert(parking_rates, rows, std=True, run=False)

    def adjust(self, site_id: str, month: str, percent: str | None = None, override: str | None = None) -> None:
        """A saved adjustment (a signed fraction) and override of external revenue."""
        row = {"site_id": site_id, "period": month, "adjustment_percent": percent and Decimal(percent)}
        row |= {"override_amount": override and Decimal(override), "override_reason": override and "agreed with client"}
        self._insert(external_revenue_inputs, [row], std=True, run=False)

    def left(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that a write of statistics leaves, by table."""
        trail = [row for row in self.rows(audit_events, "audit_id", "module", "item_key") if row[1] == "statistics"]
        tables = (site_statistics, site_statistic_days, forecast_versions, outbox_messages, cache_versions)
        return {table.name: self.rows(table) for table in tables} | {"trail": trail}

    def trail(self) -> list[tuple[Any, ...]]:
        """What the audit trail says of each cell of the statistics, in the order in which it was written."""
        columns = ("audit_id", "module", "item_key", "field", "old_value", "new_value", "version", "source")
        return [row[2:] for row in self.rows(audit_events, *columns) if row[1] == "statistics"]

    def events(self) -> list[dict[str, Any]]:
        """The events that others are told of, by month."""
        rows = self.rows(outbox_messages, "destination", "payload")
        told = [json.loads(body) for destination, body in rows if destination == FORECASTING_EVENTS]
        return sorted(told, key=lambda body: (body["period"], body["timestamp"]))

    def heads(self, *columns: str) -> list[tuple[Any, ...]]:
        """The heads of the saved months."""
        return self.rows(site_statistics, *columns)


def small_company(world: StatisticsWorld) -> StatisticsWorld:
    """TP001 with 200 rooms and TP003 with 300, and TP009 without any, in districts Alpha and Beta."""
    world.add_districts(alpha="east", beta="west")
    for site, rooms, district, region in (
        ("TP001", 200, "alpha", "east"),
        ("TP003", 300, "beta", "west"),
        ("TP009", 0, "alpha", "east"),
    ):
        world.add_sites(site, total_rooms=rooms, total_parking_spaces=150, district_code=district, region_code=region)
        world.belongs(site, district, region)
    return world
