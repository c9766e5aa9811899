"""One run of a feed: whole or not at all, by one process at a time, written down however it ends."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Table, update

from shared_code.errors import InvalidInputError
from shared_code.messaging.message import FORECASTING_EVENTS, PL_REFRESH
from shared_code.services.extraction.extract import extract
from shared_code.services.extraction.feed import Publication, Published, Reading, Slice, SliceRequest
from shared_code.services.extraction.feeds.account_balances import LEDGER_FEED
from shared_code.services.runtime import Runtime
from shared_code.sources.warehouse.objects import account_summary
from shared_code.sql.types import new_identifier
from shared_code.storage import leases, runs
from shared_code.storage.runs import RunStart
from shared_code.storage.tables.facts import actual_account_months, feed_versions
from shared_code.storage.tables.messages import outbox_messages, resource_leases
from shared_code.storage.tables.runs import sync_run_sources, sync_runs
from shared_code.storage.tables.staging import stg_ledger
from tests.services.extraction.posted_balances import failing_ledger, post, published_balances, run_ledger
from tests.services.extraction.world import NOON, TUESDAY, World


@pytest.mark.parametrize("day", [date.min, date(1999, 12, 31), date(2100, 1, 1), date.max])
def test_a_day_that_no_calendar_of_the_product_has_is_refused_before_anything_is_read(
    company: World, day: date
) -> None:
    for request in (SliceRequest(day), SliceRequest(TUESDAY, day, day)):
        with pytest.raises(InvalidInputError, match=f"{day} lies outside 2000-01-01 to 2099-12-31"):
            extract(company.runtime, request)
    assert company.published(sync_runs, "feed", where=sync_runs.c.feed != "sites") == []


def test_a_run_writes_down_what_it_read_and_from_where(company: World) -> None:
    post(company, 3)
    outcome = run_ledger(company, LEDGER_FEED, trigger_kind="timer", requested_by="sync_ledger")

    names = ("flow", "feed", "slice", "trigger_kind", "state", "window_from", "window_to", "requested_by")
    of_run = sync_runs.c.sync_run_id == outcome.sync_run_id
    assert company.published(sync_runs, *names, where=of_run) == [
        ("actuals-ledger", "ledger", "recent-periods", "timer", "succeeded", "2025-04", "2025-06", "sync_ledger")
    ]
    ((started, finished, token),) = company.published(
        sync_runs, "started_at", "finished_at", "fencing_token", where=of_run
    )
    assert started <= finished
    assert token == 1
    sources = company.published(
        sync_run_sources,
        "query_id",
        "object_name",
        "row_count",
        where=sync_run_sources.c.sync_run_id == outcome.sync_run_id,
    )
    assert {(query_id, name) for query_id, name, _ in sources} == {("E04", "ACCOUNT_SUMMARY")}
    assert 3 in [count for _, _, count in sources]


def test_every_published_row_names_its_run(company: World) -> None:
    post(company, 2)
    outcome = company.run("ledger")

    assert set(company.published(actual_account_months, "sync_run_id")) == {outcome.sync_run_id}
    assert company.published(
        feed_versions, "sync_run_id", "row_count", "status", where=feed_versions.c.feed == "ledger"
    ) == [(outcome.sync_run_id, 2, "ok")]


def test_a_run_without_a_change_raises_no_version_and_tells_nobody(company: World) -> None:
    post(company, 5)
    first = company.run("ledger")
    told, versions = company.events(), company.inputs_versions()

    outcome = company.run("ledger")

    assert (outcome.end.state, outcome.end.rows_inserted, outcome.end.rows_updated) == ("unchanged", 0, 0)
    assert (company.events(), company.inputs_versions()) == (told, versions)
    assert set(company.published(actual_account_months, "sync_run_id")) == {first.sync_run_id}
    assert company.published(feed_versions, "sync_run_id", where=feed_versions.c.feed == "ledger") == [
        outcome.sync_run_id
    ]


def test_a_change_raises_the_version_of_its_site_year_and_leaves_event_and_wish(company: World) -> None:
    post(company, 1)
    post(company, 1, site="0002")
    company.run("ledger")
    company.execute(outbox_messages.delete())
    company.withdraw(account_summary, account_summary.c.COST_CENTER == "0002")
    post(company, 1, site="0002", balance="11")

    outcome = company.run("ledger")

    assert (outcome.end.state, outcome.end.rows_updated) == ("succeeded", 1)
    assert company.inputs_versions() == {"0001:2025": 1, "0002:2025": 2}
    assert company.events() == [
        (FORECASTING_EVENTS, "ActualsLoaded", "0002"),
        (PL_REFRESH, "ActualsLoaded", "0002"),
    ]
    payloads = [json.loads(text) for text in company.published(outbox_messages, "payload")]
    assert {payload.get("inputsVersion") for payload in payloads} == {None, 2}
    assert {payload["requestId"] for payload in payloads} == {outcome.sync_run_id}


def test_one_wish_a_site_year_and_one_event_a_month(company: World) -> None:
    months = [
        {"COST_CENTER": "0001", "PERIOD": 202500 + month, "MAIN_ACCOUNT": "4000", "BALANCE": Decimal(1), "ENTITY": "01"}
        for month in (4, 5, 6)
    ]
    company.deliver(account_summary, *months)
    company.run("ledger")

    assert [event[0] for event in company.events()] == [FORECASTING_EVENTS] * 3 + [PL_REFRESH]


def test_a_feed_that_is_running_elsewhere_is_skipped(company: World) -> None:
    post(company, 5)
    with company.runtime.database.writing() as connection:
        leases.acquire(connection, "feed:ledger", new_identifier(), company.clock.now(), 36_000)

    outcome = company.run("ledger")

    assert (outcome.end.state, outcome.end.error_code, outcome.is_good) == ("skipped", "LEASE_HELD", True)
    assert published_balances(company) == []
    assert company.published(sync_runs, "state", "fencing_token", where=sync_runs.c.feed == "ledger") == [
        ("skipped", 0)
    ]


def test_what_a_dead_process_left_open_is_closed_by_the_next_run(company: World) -> None:
    post(company, 5)
    dead = new_identifier()
    with company.runtime.database.writing() as connection:
        for feed, run_id in (("ledger", dead), ("budget", new_identifier())):
            start = RunStart(run_id, "f", feed, "full", "timer", None, None, None, None, 1)
            runs.open_run(connection, start, company.clock.now())

    outcome = company.run("ledger")

    assert outcome.end.state == "succeeded"
    closed = company.published(sync_runs, "state", "error_code", "error_text", where=sync_runs.c.sync_run_id == dead)
    assert closed == [("failed", "ABANDONED", "The process ended before the run did; published data stayed as it was.")]
    assert company.published(sync_runs, "feed", where=sync_runs.c.state == "running") == ["budget"]


def test_a_run_that_was_overtaken_while_it_read_publishes_nothing(company: World) -> None:
    post(company, 5)

    def overtaken(publication: Publication) -> Published:
        published = LEDGER_FEED.publish(publication)
        publication.connection.execute(
            update(resource_leases).values(fencing_token=resource_leases.c.fencing_token + 1)
        )
        return published

    outcome = run_ledger(company, replace(LEDGER_FEED, publish=overtaken))

    assert (outcome.end.state, outcome.end.error_code) == ("failed", "CONFLICT")
    assert "feed:ledger was taken over by another process" in str(outcome.end.error_text)
    assert published_balances(company) == []
    assert company.inputs_versions() == {}


def test_a_long_read_keeps_its_lease(make_world: Callable[..., World]) -> None:
    world = make_world(lease_ttl_s=300)
    world.know_sites("0001")
    post(world, 5)
    expiries: list[Any] = []

    @contextmanager
    def slow(runtime: Runtime, slice_: Slice) -> Iterator[Reading]:
        with LEDGER_FEED.open(runtime, slice_) as reading:
            world.clock.moment += timedelta(seconds=250)
            yield reading

    def publish(publication: Publication) -> Published:
        expiries.extend(publication.connection.execute(resource_leases.select()).all())
        return LEDGER_FEED.publish(publication)

    outcome = run_ledger(world, replace(LEDGER_FEED, open=slow, publish=publish))

    assert outcome.end.state == "succeeded"
    (lease,) = [row for row in expiries if row.resource_id == "feed:ledger"]
    assert lease.expires_at == world.clock.now() + timedelta(seconds=300)


def test_an_unknown_feed_is_refused_with_those_there_are(world: World) -> None:
    with pytest.raises(InvalidInputError, match=r"There is no feed 'ledgers'; there are .*ledger, .*managers"):
        world.run("ledgers")
    assert world.published(sync_runs, "feed") == []


@pytest.mark.parametrize(
    ("first", "last", "complaint"),
    [(date(2025, 2, 1), None, "both its first and its last day"), (date(2025, 2, 1), date(2025, 1, 1), "lies after")],
)
def test_a_stretch_that_cannot_be_meant_is_refused(
    world: World, first: date | None, last: date | None, complaint: str
) -> None:
    with pytest.raises(InvalidInputError, match=complaint):
        extract(world.runtime, SliceRequest(TUESDAY, first, last), feeds=["ledger"])


def test_a_stretch_is_a_slice_of_its_own(company: World) -> None:
    post(company, 100)
    company.run("ledger")
    company.deliver(
        account_summary,
        {"COST_CENTER": "0001", "PERIOD": 202401, "MAIN_ACCOUNT": "4000", "BALANCE": Decimal(1), "ENTITY": "01"},
    )

    (outcome,) = company.run_all("ledger", stretch=(date(2024, 1, 1), date(2024, 2, 29)))

    assert (outcome.slice, outcome.end.state, outcome.end.rows_inserted) == ("2024-01..2024-02", "succeeded", 1)
    assert len(published_balances(company)) == 101


def _staged_runs(world: World, table: Table = stg_ledger) -> list[str]:
    return sorted(set(world.published(table, "sync_run_id")))


def test_staging_keeps_the_last_three_good_runs_and_failed_ones_for_a_month(company: World) -> None:
    post(company, 2)
    failed = run_ledger(company, failing_ledger(lambda: KeyError("x"))).sync_run_id
    good = [company.run("ledger").sync_run_id for _ in range(5)]

    assert _staged_runs(company) == sorted([failed, *good[-3:]])
    company.clock.moment = NOON + timedelta(days=20)
    recent = company.run("ledger", TUESDAY).sync_run_id
    assert _staged_runs(company) == sorted([failed, recent]), "none older than two weeks"
    company.clock.moment = NOON + timedelta(days=40)
    newest = company.run("ledger", TUESDAY).sync_run_id
    assert _staged_runs(company) == [newest]
