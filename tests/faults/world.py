"""What a fault run starts from: a sample warehouse, a database that was extracted from it, and users with sites."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shared_code.clock import Clock, SystemClock, business_date
from shared_code.domain.months import add_months, period_of
from shared_code.security.development import DevelopmentIssuer
from shared_code.security.roles import SCOPES, Role, granted_by
from shared_code.services.development_access import development_token
from shared_code.services.extraction.extract import extract
from shared_code.services.extraction.feed import SliceRequest
from shared_code.services.runtime import Runtime
from shared_code.services.scheduled_jobs import propose
from shared_code.settings import Settings
from shared_code.sql.transient import retry_use_case
from tests.faults.hosts import ROOT, KillableHost
from tests.faults.savers import Saver, Savers

SITES, CLIENTS = 4, 16
ROLE = Role.ACCOUNT_MANAGER
FEEDS = ("daily_revenue", "paid_hours", "budget_payroll")
RECENT = "DATE >= date('now', '-4 days')"
CHANGES = (
    "UPDATE BUDGET_DATATAB_PR SET BALANCE = BALANCE + 10000 WHERE rowid % {every} = 0",
    "UPDATE REVENUE_DAILY_DETAIL SET NETEXTERNALREVENUE = NETEXTERNALREVENUE + 10000 "
    f"WHERE rowid % {{every}} = 0 AND {RECENT}",
    f"UPDATE vwPAYROLL_SUMMARY SET TOTAL_HOURS = TOTAL_HOURS + 10000 WHERE rowid % {{every}} = 0 AND {RECENT}",
)


@dataclass(frozen=True, slots=True)
class FaultWorld:
    """Databases in `folder`; `site_ids` in order, `periods` (`YYYY-MM`) that clients forecast."""

    folder: Path
    site_ids: tuple[str, ...]
    periods: tuple[str, ...]

    @property
    def database(self) -> Path:
        """The operational database, which hosts are killed on."""
        return self.folder / "forecasting.db"

    @property
    def warehouse(self) -> Path:
        """The sample warehouse."""
        return self.folder / "warehouse.db"

    @property
    def untouched(self) -> Path:
        """The operational database as it was before the first kill."""
        return self.folder / "before" / "forecasting.db"

    def settings(self, **others: Any) -> Settings:
        """The embedded default on these files."""
        return settings_on(self.database, self.warehouse, **others)

    def token(self, user: str, now: datetime) -> str:
        """A token of `user`, good for an hour from `now`."""
        issuer = DevelopmentIssuer.of(self.settings())
        granted = granted_by(ROLE, regional_vp_may_edit=False)
        scopes = [scope for scope in SCOPES if scope in granted]
        return issuer.token(user, now, roles=[ROLE], scopes=scopes, lifetime=timedelta(hours=1))

    def ask_for_refreshes(self, clock: Clock) -> None:
        """Propose a slot of the job that asks for every P&L that is behind."""
        runtime = Runtime(self.settings(), clock)
        slot = clock.now().replace(microsecond=0)
        retry_use_case(lambda: propose(runtime, "refresh_pnl_all", slot))
        runtime.close()

    def change_warehouse(self, chance: random.Random) -> None:
        """Give some rows of a table that a feed reads other numbers, in one transaction."""
        with closing(sqlite3.connect(self.warehouse, timeout=60)) as connection, connection:
            connection.execute(chance.choice(CHANGES).format(every=chance.randint(2, 9)))


def settings_on(database: Path, warehouse: Path, **others: Any) -> Settings:
    """The embedded default on a database and a warehouse."""
    return Settings(
        environment_name="local", db_primary_connection=f"sqlite:///{database}", edw_sample_path=warehouse, **others
    )


def user_of(number: int) -> str:
    """The user of client `number`."""
    return f"client-{number:02d}"


def make_world(folder: Path) -> FaultWorld:
    """The demo's database and warehouse, and a user for each client on one of the sites."""
    command = [sys.executable, "-m", "cli.main", "demo", "--sites", str(SITES), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    site_ids = _site_ids(folder)
    month = period_of(SystemClock().now().date())
    periods = tuple(add_months(month, ahead) for ahead in range(1, 5))
    world = FaultWorld(folder, site_ids, periods)
    runtime = Runtime(world.settings(), SystemClock())
    for number in range(CLIENTS):
        development_token(runtime, user_of(number), [ROLE], site_ids=[site_ids[number % SITES]], operator="townepark")
    runtime.close()
    world.untouched.parent.mkdir()
    shutil.copyfile(world.database, world.untouched)
    return world


def savers_of(world: FaultWorld, host: KillableHost, chance: random.Random) -> Savers:
    """A client for each user, on the site that is the user's."""

    def token(user: str) -> str:
        return world.token(user, host.now())

    return Savers(
        [
            Saver(
                number,
                user_of(number),
                world.site_ids[number % SITES],
                world.periods,
                host.url,
                token,
                random.Random(chance.random()),
            )
            for number in range(CLIENTS)
        ]
    )


def extract_everything(database: Path, warehouse: Path, clock: Clock) -> None:
    """Run the feeds that the changes of the warehouse reach, as their next slots would. Raises when one fails."""
    runtime = Runtime(settings_on(database, warehouse), clock)
    as_of = business_date(clock, runtime.settings.source_time_zone)
    report = extract(runtime, SliceRequest(as_of), feeds=FEEDS)
    runtime.close()
    assert report.is_good, report


def _site_ids(folder: Path) -> tuple[str, ...]:
    with closing(sqlite3.connect(folder / "forecasting.db")) as connection:
        return tuple(row[0] for row in connection.execute("SELECT site_id FROM sites WHERE is_active = 1 ORDER BY 1"))
