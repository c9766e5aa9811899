"""An installation at noon on 10 June 2025 in which something is wrong, or nothing; and webhooks that are told."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from sqlalchemy import delete, insert, update

from shared_code.clock import FixedClock
from shared_code.messaging.events import job_slice
from shared_code.services.alerting.evaluate import evaluate_alerts
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import alerts, feed_versions, inbox, job_slots, outbox, runs
from shared_code.storage.alerts import AlertState
from shared_code.storage.publication import RunStamp
from shared_code.storage.runs import RunEnd, RunSource, RunStart
from shared_code.storage.tables.messages import outbox_messages, queue_messages
from shared_code.storage.tables.results import pnl_results
from tests.support.operational import NOON, empty_database, settings_of

GOOD = ("succeeded", "unchanged")
FLOWS = {
    "job_code_rates": "job-code-rates", "sites": "sites", "budget": "budget", "ledger": "actuals-ledger",
    "daily_revenue": "actuals-daily", "paid_hours": "payroll",
}  # fmt: skip


class AlertWorld:
    """A database in `folder`; nothing has happened yet. Hours are counted back from now."""

    def __init__(self, folder: Path, *webhooks: str, **settings: Any) -> None:
        path = folder / "forecasting.db"
        path.write_bytes(empty_database())
        self.clock = FixedClock(NOON)
        self.runtime = Runtime(settings_of(path, alert_targets=",".join(webhooks), **settings), self.clock)

    def ran(
        self,
        feed: str,
        state: str = "succeeded",
        *,
        hours_ago: float = 1,
        slice_: str = "full",
        minutes: float = 1,
        slowest_ms: int | None = None,
        through: date | None = None,
        **end: Any,
    ) -> None:
        """A run that took `minutes`, and what it published when it was a good one."""
        run_id, started = new_identifier(), self.clock.now() - timedelta(hours=hours_ago)
        ended = started + timedelta(minutes=minutes)
        with self.runtime.database.writing() as connection:
            start = RunStart(run_id, FLOWS[feed], feed, slice_, "timer", None, None, None, None, 1)
            runs.open_run(connection, start, started)
            if slowest_ms is not None:
                source = RunSource("E04", b"", "node-1", "dbo.T", {}, 1, slowest_ms, None)
                runs.add_source(connection, run_id, 1, source)
            if state != "running":
                runs.close_run(connection, run_id, RunEnd(state, **end), ended)
            if state in GOOD:
                feed_versions.record(
                    connection,
                    feed=feed,
                    slice_=slice_,
                    run=RunStamp(run_id, ended),
                    row_count=1,
                    content_through=through,
                    content_hash=b"",
                    watermark=None,
                    status="ok",
                )

    def was_due(self, job: str, hours_ago: float) -> None:
        """A slot of a job was proposed."""
        slot = self.clock.now() - timedelta(hours=hours_ago)
        with self.runtime.database.writing() as connection:
            job_slots.propose(connection, job, slot, slot)

    def queued(self, minutes_ago: float, *, dead: bool = False, queue: str = "forecasting.jobs") -> None:
        """A message that waits in a queue of the database, or lies dead in it."""
        moment = self.clock.now() - timedelta(minutes=minutes_ago)
        row = {
            "destination": queue, "session_id": "s", "message_id": new_identifier(), "subject": "JobSlice",
            "body": "{}", "properties": "{}", "enqueued_at": moment, "visible_at": moment, "delivery_count": 0,
            "is_dead_letter": dead,
        }  # fmt: skip
        with self.runtime.database.writing() as connection:
            connection.execute(insert(queue_messages).values(row))

    def poisoned(self, messages: int, queue: str = "forecasting.pl.refresh") -> None:
        """Messages that were set aside."""
        with self.runtime.database.writing() as connection:
            for _ in range(messages):
                inbox.record_poison(
                    connection,
                    destination=queue,
                    message_id=new_identifier(),
                    subject=None,
                    body="{}",
                    reason_code="INVALID_BODY",
                    detail="",
                    delivery_count=1,
                    now=self.clock.now(),
                )

    def wrote(self, minutes_ago: float) -> None:
        """A message that waits in the outbox."""
        moment = self.clock.now() - timedelta(minutes=minutes_ago)
        with self.runtime.database.writing() as connection:
            outbox.append(connection, [job_slice("sync_sites", moment, 1)], moment)

    def sends(self) -> None:
        """Everything in the outbox has gone out, everything in the queues has been worked off."""
        with self.runtime.database.writing() as connection:
            connection.execute(update(outbox_messages).values(sent_at=self.clock.now()))
            connection.execute(delete(queue_messages))

    def flc(self, site_id: str, period: str, trend: str | None, budget: str | None) -> None:
        """The stored FLC of a site's month."""
        shared = {"data_status": "ok", "inputs_hash": b"", "calculated_at": self.clock.now()}
        key = {"site_id": site_id, "period": period}
        amounts = {"trend": trend, "budget": budget}
        with self.runtime.database.writing() as connection:
            connection.execute(delete(pnl_results).filter_by(**key))
            for scenario, amount in amounts.items():
                value = None if amount is None else Decimal(amount)
                connection.execute(insert(pnl_results).values(**key, scenario=scenario, flc=value, **shared))

    def entered(self, rule: str, subject: str, details: Mapping[str, Any]) -> None:
        """An alert that somebody else than the evaluation has raised."""
        with self.runtime.database.writing() as connection:
            alerts.enter(connection, rule, subject, holds=True, details=details, now=self.clock.now())

    def evaluate(self, after: timedelta = timedelta(0)) -> dict[str, AlertState]:
        """The alerts that are raised once the rules were evaluated, `after` some time, by `rule subject`."""
        self.clock.moment += after
        evaluate_alerts(self.runtime)
        return {name: state for name, state in self.states().items() if state.is_raised}

    def states(self) -> dict[str, AlertState]:
        """Every state that is known, by `rule subject`."""
        with self.runtime.database.reading() as connection:
            return {f"{state.rule} {state.subject}": state for state in alerts.states(connection)}

    def close(self) -> None:
        self.runtime.close()


class WebhookServer(ThreadingHTTPServer):
    """Takes notices on 127.0.0.1 and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _WebhookHandler)
        self.status = 200
        self.told: list[dict[str, Any]] = []

    @property
    def address(self) -> str:
        """An address with a secret, as webhooks have."""
        return f"http://127.0.0.1:{self.server_port}/hook?sig=SECRET1"

    def states(self) -> list[str]:
        """Of every notice so far whether its alert was raised or cleared."""
        return [notice["state"] for notice in self.told]

    def subjects(self) -> list[tuple[str, str, list[str]]]:
        """Rule, severity and subjects of every notice so far."""
        return [(notice["rule"], notice["severity"], notice["subjects"]) for notice in self.told]


class _WebhookHandler(BaseHTTPRequestHandler):
    server: WebhookServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status < 400:
            self.server.told.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


@contextmanager
def webhook_server() -> Iterator[WebhookServer]:
    """A webhook that listens until the block ends."""
    server = WebhookServer()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def ago(**time: float) -> datetime:
    """A moment before noon of that day."""
    return NOON - timedelta(**time)
