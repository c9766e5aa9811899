"""Retention: what is due is deleted in batches, and nothing else."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, select

from shared_code.messaging.events import job_slice
from shared_code.messaging.message import JOBS
from shared_code.messaging.received import ReceivedMessage
from shared_code.services import scheduled_jobs
from shared_code.services.held_lease import held
from shared_code.services.messages import handle_with
from shared_code.services.reap import reap
from shared_code.services.retention import delete_due
from shared_code.storage import retention
from shared_code.storage.tables import metadata
from shared_code.storage.tables.idempotency import idempotency_keys
from shared_code.storage.tables.messages import job_slots, outbox_messages, poison_messages, processed_messages
from shared_code.storage.tables.runs import sync_rejects, sync_runs
from shared_code.storage.tables.staging import stg_budget, stg_ledger
from shared_code.storage.tables.trends import trend_results
from tests.support.aged_rows import AgedRuntime, aged_runtime
from tests.support.operational import t_sql
from tests.support.t_sql_rules import breaches

NIGHT = datetime(2026, 2, 3, 1, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[AgedRuntime]:
    with aged_runtime(tmp_path, NIGHT) as app:
        yield app


def retain(app: AgedRuntime) -> bool:
    with held(app.database, "job:retention", 300) as lease:
        assert lease is not None
        return delete_due(app, lease)


def ago(**much: float) -> datetime:
    return NIGHT - timedelta(**much)


def run_id(number: int) -> str:
    return f"0196aaaa-0000-7000-8000-0000000000{number:02}"


def test_sent_messages_go_after_14_days_and_unsent_ones_never(app: AgedRuntime) -> None:
    rows: dict[str, datetime | None] = {"old": ago(days=14, seconds=1), "young": ago(days=14), "unsent": None}
    for number, (name, sent_at) in enumerate(rows.items()):
        app.put(
            outbox_messages,
            {"message_id": run_id(number), "dedup_id": name, "sent_at": sent_at, "created_at": ago(days=99)},
        )

    assert retain(app)

    assert app.values(outbox_messages, "dedup_id") == ["unsent", "young"]


@pytest.mark.parametrize(
    ("table", "key", "moment", "kept_for"),
    [
        (processed_messages, "message_id", "processed_at", timedelta(days=14)),
        (poison_messages, "message_id", "stored_at", timedelta(days=90)),
        (idempotency_keys, "idempotency_key", "expires_at", timedelta()),
    ],
    ids=["inbox", "poison", "idempotency"],
)
def test_a_row_goes_when_its_time_is_over(
    app: AgedRuntime, table: Table, key: str, moment: str, kept_for: timedelta
) -> None:
    outlived = NIGHT - kept_for - timedelta(seconds=1)
    app.put(table, {key: "old", moment: outlived}, {key: "young", moment: outlived + timedelta(seconds=1)})

    assert retain(app)

    assert app.values(table, key) == ["young"]


def test_trends_are_kept_for_the_36_months_that_can_be_asked_for(app: AgedRuntime) -> None:
    app.put(trend_results, {"as_of": date(2023, 1, 31)}, {"as_of": date(2023, 2, 1)})

    assert retain(app)

    assert app.values(trend_results, "as_of") == [date(2023, 2, 1)]


def test_the_last_slot_of_a_job_stays_so_that_nobody_proposes_it_again(app: AgedRuntime) -> None:
    second, before = datetime(2026, 1, 2, 1, 30, tzinfo=UTC), datetime(2025, 12, 2, 1, 30, tzinfo=UTC)
    for slot in (before, second):
        app.put(job_slots, {"job": "archive", "slot": slot, "state": "done", "proposed_at": slot})

    assert retain(app)
    assert app.values(job_slots, "slot") == [second]
    app.clock.moment = datetime(2026, 2, 1, tzinfo=UTC)
    reap(app)

    with app.database.reading() as connection:
        of_archive = select(job_slots.c.slot).where(job_slots.c.job == "archive")
        assert connection.execute(of_archive).scalars().all() == [second]


def test_staged_rows_of_the_last_three_good_runs_stay_for_14_days(app: AgedRuntime) -> None:
    runs = [
        (1, "budget", "succeeded", ago(days=13)),
        (2, "budget", "unchanged", ago(days=12)),
        (3, "budget", "succeeded", ago(days=11)),
        (4, "budget", "succeeded", ago(days=10)),
        (5, "budget", "failed", ago(days=29)),
        (6, "budget", "aborted", ago(days=31)),
        (7, "ledger", "succeeded", ago(days=13)),
        (8, "ledger", "succeeded", ago(days=15)),
    ]
    for number, feed, state, started_at in runs:
        app.put(sync_runs, {"sync_run_id": run_id(number), "feed": feed, "state": state, "started_at": started_at})
        app.put(stg_budget if feed == "budget" else stg_ledger, {"sync_run_id": run_id(number)})

    assert retain(app)

    assert app.values(stg_budget, "sync_run_id") == [run_id(number) for number in (2, 3, 4, 5)]
    assert app.values(stg_ledger, "sync_run_id") == [run_id(7)]


def test_rejects_go_with_the_age_of_their_run(app: AgedRuntime) -> None:
    for number, days in ((1, 401), (2, 399)):
        app.put(sync_runs, {"sync_run_id": run_id(number), "started_at": ago(days=days)})
        app.put(sync_rejects, {"sync_run_id": run_id(number)})

    assert retain(app)

    assert app.values(sync_rejects, "sync_run_id") == [run_id(2)]
    assert len(app.values(sync_runs, "sync_run_id")) == 2, "runs go to the archive, not away"


def test_batch_after_batch_goes_and_a_second_night_finds_nothing(
    app: AgedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 10)
    rows = [{"message_id": f"m{number:02}", "processed_at": ago(days=15 if number else 1)} for number in range(32)]
    app.put(processed_messages, *rows)

    assert retain(app)

    assert app.values(processed_messages, "message_id") == ["m00"]
    assert retain(app)


AGREED = [
    "contract_additional_payroll", "contract_billable_accounts", "contract_billable_terms", "contract_escalators",
    "contract_fees", "contract_labor_jobs", "contract_management", "contract_non_gl_items", "contract_room_terms",
    "contract_share_categories", "contract_share_tiers", "contract_shares", "contract_types", "contracts",
    "job_profile_mappings", "site_job_code_rates",
]  # fmt: skip
"""The tables of what is agreed with a site."""


@pytest.mark.parametrize(
    ("site", "goes"),
    [
        ({"is_active": False, "close_date": date(2019, 1, 31)}, True),
        ({"is_active": False, "close_date": date(2019, 2, 1)}, False),
        ({"is_active": True, "close_date": date(2010, 1, 1)}, False),
        ({"is_active": False, "close_date": None}, False),
    ],
    ids=["ended seven years ago", "ended later", "still listed", "nobody knows when"],
)
def test_what_was_agreed_with_a_site_goes_seven_years_after_its_end(
    site: dict[str, object], goes: bool, app: AgedRuntime
) -> None:
    for table in metadata.sorted_tables:
        app.put(table, site if table.name == "sites" else {})
    agreed = {table.name: (table, app.count(table)) for table in metadata.sorted_tables if table.name in AGREED}

    assert retain(app)

    assert [name for name in AGREED if app.count(agreed[name][0]) < agreed[name][1]] == (AGREED if goes else [])


def test_a_fresh_database_with_a_row_in_every_table_loses_nothing_that_is_young(app: AgedRuntime) -> None:
    for table in metadata.sorted_tables:
        app.put(table, {})
    app.clock.moment = datetime(2025, 1, 31, 13, tzinfo=UTC)

    def counts() -> dict[str, int]:
        return {table.name: app.count(table) for table in metadata.sorted_tables}

    before = counts()
    assert retain(app)
    lost = {name for name, number in counts().items() if number < before[name]}

    assert lost == {"idempotency_keys", "archived_pnl_site_years"}, "the example of a year is the year 1"


def test_every_statement_is_a_bounded_delete_on_sql_server() -> None:
    for rule in retention.RULES:
        statement = retention.deletion(rule.table, rule.due(NIGHT), "mssql")
        text = t_sql(statement)
        assert breaches(statement) == []
        assert text.startswith(f"DELETE TOP (10000) FROM {rule.table.schema}.{rule.table.name} WHERE")


@pytest.mark.parametrize("job", ["retention", "archive"])
def test_a_job_that_has_nothing_left_is_done_after_one_slice(app: AgedRuntime, job: str) -> None:
    assert scheduled_jobs.propose(app, job, NIGHT)
    first = job_slice(job, NIGHT, 1)
    received = ReceivedMessage(first.dedup_id, job, "JobSlice", json.dumps(first.payload).encode(), 1, NIGHT, None, {})

    handle_with(app, JOBS, received)

    assert app.values(job_slots, "state") == ["done"]
    assert len(app.values(outbox_messages, "dedup_id")) == 1
