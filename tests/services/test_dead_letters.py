"""Dead letters: filtered, replayed once, purged with a trace, kept before they are too old, and counted."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from shared_code.errors import ConflictError, InvalidInputError, NotFoundError
from shared_code.messaging.message import ALERTS, FORECASTING_EVENTS, JOBS, PL_REFRESH, TREND
from shared_code.services import dead_letters
from shared_code.services.dead_letter_monitor import monitor_dead_letters
from shared_code.services.dead_letter_stores import PoisonStore
from shared_code.services.dead_letters import DeadLetterFilter
from shared_code.services.held_lease import held
from shared_code.services.outbox_relay import relay_outbox, unsent
from shared_code.services.runtime import Runtime
from shared_code.storage import alerts
from shared_code.storage.tables.messages import audit_events, outbox_messages, poison_messages, queue_messages
from tests.support.aged_rows import AgedRuntime, aged_runtime
from tests.support.operational import NOON

BODY = '{"eventType":"RefreshRequested","siteId":"TP001","period":"2025","requestId":"req_1","flc":12.30}'


@pytest.fixture
def app(tmp_path: Path) -> Iterator[AgedRuntime]:
    with aged_runtime(tmp_path, NOON) as app:
        yield app


def set_aside(app: AgedRuntime, message_id: str = "m1", body: str = BODY, **others: Any) -> None:
    row = {"destination": PL_REFRESH, "message_id": message_id, "subject": None, "body": body, "stored_at": NOON}
    row |= {"reason_code": "UNKNOWN_SITE", "detail": "There is no site", "replayed_at": None, "replayed_by": None}
    app.put(poison_messages, {**row, **others})


def bury(app: AgedRuntime, message_id: str = "d1", **others: Any) -> None:
    row = {"destination": PL_REFRESH, "message_id": message_id, "subject": "E", "body": BODY, "enqueued_at": NOON}
    row |= {"is_dead_letter": True, "dead_letter_reason": "SOURCE_UNAVAILABLE: away", "session_id": "TP001"}
    app.put(queue_messages, {**row, "properties": '{"siteId":"TP001","attempt":4}', **others})


def ids(app: AgedRuntime, **wanted: Any) -> list[str]:
    return [one.dead_letter_id for one in dead_letters.every_letter(app, DeadLetterFilter(**wanted))]


def sent(app: AgedRuntime) -> list[tuple[str, str, str, str, str]]:
    columns = [outbox_messages.c[name] for name in ("destination", "subject", "session_id", "payload", "properties")]
    with app.database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*columns))]


def test_both_kinds_are_listed_together_and_filtered(app: AgedRuntime) -> None:
    bury(app)
    set_aside(app)
    set_aside(app, "m2", '{"siteId":"TP002"}', destination=JOBS)
    set_aside(app, "m3", reason_code="INVALID_BODY", body="no JSON")

    assert ids(app) == ["pl.refresh:1", "poison:1", "poison:2", "poison:3"]
    assert ids(app, queue=PL_REFRESH, reason="unknown_site") == ["poison:1"]
    assert ids(app, queue="jobs") == ["poison:2"]
    assert ids(app, site_id="TP001") == ["pl.refresh:1", "poison:1"]
    assert ids(app, before=NOON) == []
    letter = dead_letters.find_letter(app, "pl.refresh:1")
    assert (letter.reason, letter.detail, letter.period, letter.request_id) == (
        "SOURCE_UNAVAILABLE",
        "away",
        "2025",
        "req_1",
    )


def test_a_list_comes_in_pages(app: AgedRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "PAGE", 2)
    for number in range(5):
        set_aside(app, f"m{number}")
    shown, has_more = dead_letters.list_letters(app, DeadLetterFilter(), offset=1, limit=3)
    assert ([one.message_id for one in shown], has_more) == (["m1", "m2", "m3"], True)
    assert dead_letters.list_letters(app, DeadLetterFilter(), offset=4, limit=3)[1] is False


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_of_impossible_size_is_refused(app: AgedRuntime, limit: int) -> None:
    with pytest.raises(InvalidInputError, match="1 to 1000"):
        dead_letters.list_letters(app, DeadLetterFilter(), limit=limit)


def test_a_queue_that_there_is_not_is_refused_with_those_there_are(app: AgedRuntime) -> None:
    with pytest.raises(InvalidInputError, match=r"'pl'; .* pl\.refresh, .* alerts, trend"):
        ids(app, queue="pl")


@pytest.mark.parametrize(
    "text", ["", "12", "poison", "poison:", "poison:-1", "poison:x", "sales:1", "poison:1; DROP", "١:1"]
)
def test_what_is_no_id_is_refused_with_the_form_of_one(app: AgedRuntime, text: str) -> None:
    for use in (dead_letters.find_letter, lambda a, i: dead_letters.replay(a, [i], "op")):
        with pytest.raises(InvalidInputError, match="for instance poison:12"):
            use(app, text)


def test_an_id_of_nothing_is_not_found(app: AgedRuntime) -> None:
    with pytest.raises(NotFoundError, match=r"no dead letter poison:9; list them with: townepark dlq list"):
        dead_letters.find_letter(app, "poison:9")


def test_a_poison_message_stays_and_is_marked_when_it_is_replayed(app: AgedRuntime) -> None:
    set_aside(app)

    report = dead_letters.replay(app, ["poison:1", "poison:1"], "operator")

    assert [one.dead_letter_id for one in report.replayed] == ["poison:1"]
    [(destination, subject, session_id, payload, properties)] = sent(app)
    assert (destination, subject, session_id) == (PL_REFRESH, "RefreshRequested", "TP001")
    assert payload == BODY, "figures keep their digits"
    assert properties == '{"attempt":1,"siteId":"TP001","period":"2025","requestId":"req_1"}'
    assert ids(app) == []
    assert ids(app, with_replayed=True) == ["poison:1"]
    again = dead_letters.replay(app, ["poison:1"], "operator")
    assert again.refused == {
        "poison:1": "A copy of it was sent on 2025-06-10 at 12:00 UTC; a dead letter is replayed once"
    }


def test_a_copy_is_a_first_attempt(app: AgedRuntime) -> None:
    bury(app)
    dead_letters.replay(app, ["pl.refresh:1"], "operator")
    assert json.loads(sent(app)[0][4])["attempt"] == 1


def test_a_replayed_alert_passes_the_filter_of_its_subscription(app: AgedRuntime) -> None:
    set_aside(app, destination=ALERTS.source, subject="PLViewRefreshed")
    dead_letters.replay(app, ["poison:1"], "operator")
    assert sent(app)[0][0] == FORECASTING_EVENTS
    relay_outbox(app)
    assert app.values(queue_messages, "destination") == [ALERTS.source]


@pytest.mark.parametrize("body", ["no JSON", "[1]", '{"flc":NaN}', "", "[" * 5000])
def test_a_body_that_would_fail_again_is_refused_and_the_others_are_sent(app: AgedRuntime, body: str) -> None:
    set_aside(app, "bad", body)
    set_aside(app, "good")

    report = dead_letters.replay(app, ids(app), "operator")

    assert [one.dead_letter_id for one in report.replayed] == ["poison:2"]
    assert list(report.refused) == ["poison:1"]
    assert "not a JSON object" in report.refused["poison:1"]


def test_all_of_a_reason_are_replayed_in_batches(app: AgedRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "PAGE", 2)
    for number in range(5):
        bury(app, f"d{number}")
        set_aside(app, f"m{number}")
    away = dead_letters.every_letter(app, DeadLetterFilter(reason="SOURCE_UNAVAILABLE"))

    report = dead_letters.replay(app, (one.dead_letter_id for one in away), "operator")

    assert len(report.replayed) == len(sent(app)) == 5
    assert ids(app) == [f"poison:{number}" for number in range(1, 6)]


def test_replays_and_purges_are_in_the_audit_trail(app: AgedRuntime) -> None:
    bury(app)
    set_aside(app, body='{"siteId":"a site id that is far too long for one","period":"never"}')

    dead_letters.replay(app, ["pl.refresh:1"], "operator")
    dead_letters.purge(app, ["poison:1"], "operator")

    names = ("user_id", "module", "item_key", "field", "old_value", "site_id", "period", "reason", "source")
    with app.database.reading() as connection:
        rows = connection.execute(select(*[audit_events.c[name] for name in names])).all()
    assert [tuple(row) for row in rows] == [
        ("operator", "dead-letters", "pl.refresh:1", "replay", "d1", "TP001", "2025", "SOURCE_UNAVAILABLE", "system"),
        ("operator", "dead-letters", "poison:1", "purge", "m1", None, None, "UNKNOWN_SITE", "system"),
    ]


def test_who_comes_second_changes_nothing(app: AgedRuntime) -> None:
    set_aside(app)
    store = PoisonStore(app.database)
    with store.holding("poison", [1]) as held:
        dead_letters.purge(app, ["poison:1"], "first")
        with pytest.raises(ConflictError, match="list them anew"), app.database.writing() as connection:
            store.replayed(connection, held, NOON, "second")


def test_purging_the_old_leaves_the_young(app: AgedRuntime) -> None:
    bury(app, enqueued_at=NOON - timedelta(days=31))
    set_aside(app, stored_at=NOON - timedelta(days=31), replayed_at=NOON - timedelta(days=30))
    set_aside(app, stored_at=NOON - timedelta(days=29))

    report = dead_letters.purge_old(app, timedelta(days=30), "operator")

    assert report.purged == ("pl.refresh:1", "poison:1")
    assert ids(app, with_replayed=True) == ["poison:2"]


def test_the_monitor_keeps_what_has_lain_for_two_weeks(app: AgedRuntime) -> None:
    bury(app, "old", enqueued_at=NOON - timedelta(days=14, seconds=1))
    bury(app, "young", enqueued_at=NOON - timedelta(days=14))

    monitor_dead_letters(app)
    monitor_dead_letters(app)

    assert ids(app) == ["pl.refresh:2", "poison:1"]
    kept = dead_letters.find_letter(app, "poison:1")
    assert (kept.message_id, kept.reason, kept.body) == ("old", "SOURCE_UNAVAILABLE", BODY)


def test_the_monitor_ends_after_two_minutes_and_the_next_goes_on(
    app: AgedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "PAGE", 1)
    for number in range(4):
        bury(app, f"old-{number}", enqueued_at=NOON - timedelta(days=15))

    def slow_batches(runtime: Runtime, ids: Iterable[str]) -> Iterator[Any]:
        for batch in batches(runtime, ids):
            yield batch
            app.clock.moment += timedelta(seconds=50)

    batches = dead_letters._batches
    monkeypatch.setattr(dead_letters, "_batches", slow_batches)
    monitor_dead_letters(app)
    assert [name for name in ids(app) if name.startswith("pl.refresh")] == ["pl.refresh:4"]
    monitor_dead_letters(app)
    assert ids(app) == [f"poison:{number}" for number in range(1, 5)]


def test_the_monitor_leaves_it_to_the_process_that_is_at_it(app: AgedRuntime) -> None:
    bury(app, "old", enqueued_at=NOON - timedelta(days=15))
    with held(app.database, "job:dead_letter_monitor", 300) as lease:
        assert lease is not None
        monitor_dead_letters(app)
    assert ids(app) == ["pl.refresh:1"]


def test_what_nobody_looked_after_is_counted_by_queue(app: AgedRuntime) -> None:
    bury(app)
    set_aside(app)
    set_aside(app, replayed_at=NOON)
    set_aside(app, destination=TREND.source)
    with app.database.reading() as connection:
        assert dead_letters.count_by_queue(app, connection) == {PL_REFRESH: 2, TREND.source: 1}


def test_an_alert_is_raised_after_15_minutes_and_cleared_when_the_letter_is_gone(app: AgedRuntime) -> None:
    def raised() -> list[tuple[str, str]]:
        with app.database.reading() as connection:
            return [
                (state.subject, state.state) for state in alerts.states(connection, "dead_letters") if state.is_raised
            ]

    set_aside(app)
    monitor_dead_letters(app)
    assert raised() == []
    app.clock.moment += timedelta(minutes=15)
    monitor_dead_letters(app)
    assert raised() == [(PL_REFRESH, "raised")]
    dead_letters.purge(app, ["poison:1"], "operator")
    monitor_dead_letters(app)
    assert raised() == []


def test_the_outbox_tells_what_waits_by_destination(app: AgedRuntime) -> None:
    rows: list[dict[str, Any]] = [
        {"dedup_id": "a", "created_at": NOON - timedelta(hours=2), "attempts": 3, "last_error": "ConnectionError"},
        {"dedup_id": "b", "created_at": NOON - timedelta(hours=1), "attempts": 1, "last_error": None},
        {"dedup_id": "c", "destination": JOBS, "created_at": NOON, "attempts": 0, "last_error": None},
        {"dedup_id": "d", "destination": JOBS, "sent_at": NOON},
    ]
    for number, row in enumerate(rows):
        key = f"0196aaaa-0000-7000-8000-00000000000{number}"
        app.put(outbox_messages, {"message_id": key, "destination": PL_REFRESH, "sent_at": None, **row})

    jobs, refresh = unsent(app)

    assert (jobs.messages, jobs.errors) == (1, ())
    assert (refresh.messages, refresh.attempts, refresh.errors) == (2, 3, ("ConnectionError",))
    assert refresh.oldest_at == NOON - timedelta(hours=2)
