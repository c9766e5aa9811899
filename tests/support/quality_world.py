"""A small operational database in which nothing breaks a rule of data quality, to be broken by tests."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from shared_code.clock import FixedClock
from shared_code.services.quality.terms import terms_of
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import feed_versions, runs
from shared_code.storage.publication import RunStamp
from shared_code.storage.quality.check import Check, Finding, findings
from shared_code.storage.runs import Reject, RunEnd, RunStart
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.facts import feed_versions as feed_version_rows
from shared_code.storage.tables.job_codes import job_codes
from shared_code.storage.tables.organisation import sites
from tests.support.example_rows import example_row
from tests.support.operational import NOON, empty_database, settings_of

SITE, ACCOUNT, CODE = "0001", "4790", "GSA"
NOWHERE = {"district_code": None, "region_code": None}


class QualityWorld:
    """It is noon of 10 June 2025; there is a site with 100 rooms, an account, a job code and a run."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        path = folder / "forecasting.db"
        path.write_bytes(empty_database())
        self.clock = FixedClock(NOON)
        self.runtime = Runtime(settings_of(path, edw_sample_path=folder / "none.db", **settings), self.clock)
        self.run_id = self.ran("sites")
        self.put(sites, site_id=SITE, total_rooms=100, **NOWHERE)
        self.put(accounts, main_account=ACCOUNT, pnl_line="internal_revenue")
        self.put(job_codes, job_code_id=CODE, title="Agent", job_family_id=None, job_group_id=None)

    def put(self, table: Table, **values: Any) -> None:
        """Add a row; what is not said is an example."""
        row = example_row(table) | self._usual(table) | values
        with self.runtime.database.writing() as connection:
            connection.execute(insert(table).values(row))

    def _usual(self, table: Table) -> dict[str, Any]:
        usual: dict[str, Any] = {
            "site_id": SITE,
            "period": "2025-05",
            "stat_date": date(2025, 5, 31),
            "work_date": date(2025, 5, 31),
            "main_account": ACCOUNT,
            "job_code_id": CODE,
            "sync_run_id": getattr(self, "run_id", None),
        }
        return {name: value for name, value in usual.items() if name in table.c and value is not None}

    def ran(
        self,
        feed: str,
        state: str = "succeeded",
        *,
        slice_: str = "full",
        hours_ago: float = 1,
        through: date | None = None,
        window: tuple[str, str] | None = None,
        rejects: Sequence[Reject] = (),
        **end: Any,
    ) -> str:
        """A run that has ended, and what it published when it was a good one."""
        run_id, moment = new_identifier(), self.clock.now() - timedelta(hours=hours_ago)
        first, last = window or (None, None)
        with self.runtime.database.writing() as connection:
            runs.open_run(connection, RunStart(run_id, "f", feed, slice_, "timer", None, first, last, None, 1), moment)
            runs.add_rejects(connection, run_id, rejects)
            if state != "running":
                runs.close_run(connection, run_id, RunEnd(state, **end), moment)
            if state in {"succeeded", "unchanged"}:
                feed_versions.record(
                    connection,
                    feed=feed,
                    slice_=slice_,
                    run=RunStamp(run_id, moment),
                    row_count=1,
                    content_through=through,
                    content_hash=b"",
                    watermark=None,
                    status="ok",
                )
        return run_id

    def publish(self, feed: str, through: date) -> None:
        """Say of a feed that it has brought days through `through`."""
        self.put(feed_version_rows, feed=feed, slice="full", content_through=through, published_at=self.clock.now())

    def found(self, check: Check, *feeds: str) -> list[Finding]:
        """What a check finds now; about the runs of `feeds`, where it looks at runs."""
        with self.runtime.database.reading() as connection:
            return findings(check, terms_of(self.runtime, feeds), connection)

    def close(self) -> None:
        self.runtime.close()


__all__ = ["ACCOUNT", "CODE", "SITE", "QualityWorld"]
