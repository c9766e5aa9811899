"""Who is told of an alert, when, in which words, and what becomes of a webhook that fails."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.errors import ConfigurationError
from shared_code.settings import load_settings
from tests.sources.scripted_server import unused_address
from tests.support.alert_world import AlertWorld, WebhookServer, webhook_server

FIVE, HOUR = timedelta(minutes=5), timedelta(minutes=60)


@pytest.fixture
def webhook() -> Iterator[WebhookServer]:
    with webhook_server() as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, webhook: WebhookServer) -> Iterator[AlertWorld]:
    world = AlertWorld(tmp_path, webhook.address)
    yield world
    world.close()


def alert_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.getMessage().startswith("ALERT")]


def test_a_notice_names_environment_subject_effect_and_next_step(
    world: AlertWorld, webhook: WebhookServer, caplog: pytest.LogCaptureFixture
) -> None:
    world.ran("budget", "failed", error_code="SOURCE_TIMEOUT", error_text="SECRET1 at the source")
    world.evaluate()
    [notice] = webhook.told
    assert notice == {
        "text": notice["text"], "state": "raised", "environment": "test", "rule": "feed_failed", "severity": "medium",
        "subjects": ["budget"], "count": 1, "since": "2025-06-10T12:00:00.000Z", "endedAt": None,
        "effect": "Users see what was published before; it grows old, and is marked stale when it is too old.",
        "nextStep": notice["nextStep"],
    }  # fmt: skip
    assert notice["text"].startswith("[test] medium: Feed failed or aborted: budget (since 2025-06-10 12:00 UTC).")
    assert notice["effect"] in notice["text"]
    assert notice["nextStep"] in notice["text"]
    assert notice["text"].endswith("React within 4 hours of working time.")
    assert alert_lines(caplog) == [f"ALERT {notice['text']}"]
    assert "SECRET1" not in caplog.text


def test_without_targets_the_log_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = AlertWorld(tmp_path)
    world.wrote(16)
    assert world.evaluate()["outbox outbox"].last_notified_at == world.clock.now()
    assert len(alert_lines(caplog)) == 1
    world.close()


def test_equal_alerts_are_one_notice_and_others_another(world: AlertWorld, webhook: WebhookServer) -> None:
    for feed in ("ledger", "budget"):
        world.ran(feed, "failed", error_code="SOURCE_TIMEOUT")
    world.ran("sites", "failed", hours_ago=2, error_code="SOURCE_TIMEOUT")
    world.ran("sites", "failed", error_code="SOURCE_TIMEOUT")
    world.evaluate()
    assert sorted(webhook.subjects()) == [
        ("feed_failed", "high", ["sites"]),
        ("feed_failed", "medium", ["budget", "ledger"]),
    ]


def test_of_many_subjects_some_are_named_and_the_others_counted(world: AlertWorld, webhook: WebhookServer) -> None:
    for number in range(25):
        world.flc(f"{number:04}", "2025-06", "50000", "100000")
        world.entered("flc_variance", f"{number:04} 2025-06", {})
    world.evaluate()
    [notice] = webhook.told
    assert (len(notice["subjects"]), notice["count"]) == (20, 25)
    assert "0019 2025-06 and 5 more" in notice["text"]


def test_an_alert_that_stays_is_told_once_unless_it_is_high(world: AlertWorld, webhook: WebhookServer) -> None:
    world.queued(16)
    world.wrote(16)
    world.evaluate()
    assert sorted(webhook.subjects()) == [
        ("outbox", "high", ["outbox"]),
        ("queue_age", "medium", ["forecasting.jobs"]),
    ]
    world.evaluate(HOUR - FIVE)
    assert len(webhook.told) == 2
    world.evaluate(FIVE)
    assert webhook.subjects()[2:] == [("outbox", "high", ["outbox"])]


def test_an_alert_that_comes_back_within_the_hour_is_told_when_the_hour_is_over(
    world: AlertWorld, webhook: WebhookServer
) -> None:
    world.queued(16)
    world.evaluate()
    world.sends()
    world.evaluate(FIVE)
    world.queued(16)
    assert "queue_age forecasting.jobs" in world.evaluate(FIVE)
    assert webhook.states() == ["raised", "cleared"]
    world.evaluate(HOUR - 2 * FIVE)
    assert webhook.states() == ["raised", "cleared", "raised"]


def test_an_alert_that_has_gone_before_the_hour_is_over_is_told_once(world: AlertWorld, webhook: WebhookServer) -> None:
    world.queued(16)
    world.evaluate()
    world.sends()
    world.evaluate(HOUR)
    world.queued(16)
    world.evaluate(FIVE)
    assert webhook.states() == ["raised", "cleared", "raised"]


def test_the_end_of_an_alert_is_told_with_how_long_it_was_raised(
    world: AlertWorld, webhook: WebhookServer, caplog: pytest.LogCaptureFixture
) -> None:
    world.queued(16)
    world.wrote(16)
    world.evaluate()
    world.sends()
    world.evaluate(FIVE)
    [ended] = [notice for notice in webhook.told if notice["state"] == "cleared" and notice["rule"] == "queue_age"]
    assert (ended["since"], ended["endedAt"]) == ("2025-06-10T12:00:00.000Z", "2025-06-10T12:05:00.000Z")
    assert ended["text"] == (
        "[test] ended: Queue age: forecasting.jobs (since 2025-06-10 12:00 UTC, until 2025-06-10 12:05 UTC)."
    )
    assert ended["text"] in caplog.text
    assert len(alert_lines(caplog)) == 2, "nobody who looks for alerts is called by their end"
    world.evaluate(HOUR)
    assert webhook.states().count("cleared") == 2


def test_the_end_of_an_alert_that_nobody_was_told_of_is_not_told(world: AlertWorld, webhook: WebhookServer) -> None:
    world.queued(16)
    world.evaluate()
    world.sends()
    world.evaluate(FIVE)
    world.queued(16)
    world.evaluate(FIVE)
    world.sends()
    world.evaluate(FIVE)
    assert webhook.states() == ["raised", "cleared"]


def test_an_end_that_a_webhook_did_not_take_is_told_when_it_does(world: AlertWorld, webhook: WebhookServer) -> None:
    world.queued(16)
    world.evaluate()
    world.sends()
    webhook.status = 503
    world.evaluate(FIVE)
    world.evaluate(2 * HOUR)
    assert webhook.states() == ["raised"]
    webhook.status = 200
    world.evaluate(FIVE)
    world.evaluate(FIVE)
    assert webhook.states() == ["raised", "cleared"]
    assert webhook.told[1]["endedAt"] == "2025-06-10T12:05:00.000Z"
    assert world.states()["queue_age forecasting.jobs"].details == {"severity": "medium"}


def test_an_alert_that_comes_back_while_its_end_is_untold_is_told_to_everybody(tmp_path: Path) -> None:
    with webhook_server() as good, webhook_server() as bad:
        world = AlertWorld(tmp_path, good.address, bad.address)
        world.queued(16)
        world.evaluate()
        bad.status = 500
        world.sends()
        world.evaluate(HOUR)
        bad.status = 200
        world.queued(16)
        world.evaluate(FIVE)
        assert (good.states(), bad.states()) == (["raised", "cleared", "raised"], ["raised", "raised"])
        world.close()


def test_a_clock_that_was_put_back_hides_no_alert(world: AlertWorld, webhook: WebhookServer) -> None:
    world.queued(16)
    world.evaluate(2 * HOUR)
    world.sends()
    world.evaluate(FIVE)
    world.clock.moment -= 2 * HOUR
    world.queued(16)
    world.evaluate()
    assert webhook.states() == ["raised", "cleared", "raised"]


def test_an_alert_that_gets_worse_is_told_at_once(world: AlertWorld, webhook: WebhookServer) -> None:
    world.ran("budget", "failed", error_code="SOURCE_TIMEOUT")
    world.evaluate()
    world.clock.moment += FIVE
    world.ran("budget", "failed", hours_ago=0, minutes=0, error_code="SOURCE_TIMEOUT")
    world.evaluate()
    assert webhook.subjects() == [("feed_failed", "medium", ["budget"]), ("feed_failed", "high", ["budget"])]


def test_a_webhook_that_fails_is_told_at_the_next_evaluation_and_the_log_once(
    world: AlertWorld, webhook: WebhookServer, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = 503
    world.wrote(16)
    world.evaluate()
    assert world.states()["outbox outbox"].last_notified_at is None
    webhook.status = 204
    world.evaluate(FIVE)
    assert webhook.subjects() == [("outbox", "high", ["outbox"])]
    assert world.states()["outbox outbox"].last_notified_at == world.clock.now()
    world.evaluate(FIVE)
    assert len(webhook.told) == 1
    assert len(alert_lines(caplog)) == 1


def test_a_webhook_that_took_a_notice_does_not_get_it_again_because_another_failed(tmp_path: Path) -> None:
    with webhook_server() as good, webhook_server() as bad:
        world = AlertWorld(tmp_path, good.address, bad.address)
        bad.status = 500
        world.wrote(16)
        world.evaluate()
        world.evaluate(FIVE)
        bad.status = 200
        world.evaluate(FIVE)
        assert (len(good.told), len(bad.told)) == (1, 1)
        assert world.states()["outbox outbox"].details.keys() == {"messages", "oldest", "severity"}
        world.close()


def test_an_address_is_a_secret_that_no_log_and_no_state_holds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = AlertWorld(tmp_path, f"{unused_address()}/hook?sig=SECRET1")
    world.wrote(16)
    world.evaluate()
    assert "was not told of alert outbox (ConnectError)" in caplog.text
    assert "SECRET1" not in caplog.text
    assert "SECRET1" not in str(world.states())
    assert "SECRET1" not in repr(world.runtime.settings)
    world.close()


def test_a_webhook_that_failed_is_not_asked_again_in_the_same_evaluation(
    world: AlertWorld, webhook: WebhookServer, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = 500
    world.wrote(16)
    world.queued(16)
    world.evaluate()
    assert caplog.text.count("is tried again") == 1


def test_a_webhook_that_answers_byte_by_byte_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("shared_code.services.alerting.notice._WHOLE_S", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as opened:

        def trickle() -> None:
            peer = opened.enter_context(listener.accept()[0])
            with suppress(OSError):
                for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200:
                    peer.sendall(bytes([byte]))
                    time.sleep(0.05)

        slow = threading.Thread(target=trickle)
        slow.start()
        world = AlertWorld(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}/hook")
        world.wrote(16)
        started = time.monotonic()
        world.evaluate()
        assert time.monotonic() - started < 5
        slow.join(20)
    assert "was not told of alert outbox (TimeoutError)" in caplog.text
    assert world.states()["outbox outbox"].last_notified_at is None
    world.close()


def test_a_webhook_that_does_not_take_alerts_for_ten_minutes_is_one_itself(tmp_path: Path) -> None:
    with webhook_server() as good, webhook_server() as bad:
        world = AlertWorld(tmp_path, good.address, bad.address)
        bad.status = 500
        world.wrote(16)
        for _ in range(3):
            assert not [name for name in world.evaluate(FIVE) if name.startswith("alert_targets")]
        [name] = [name for name in world.evaluate(FIVE) if name.startswith("alert_targets")]
        assert good.subjects()[-1] == ("alert_targets", "high", [name.removeprefix("alert_targets ")])
        world.sends()
        assert name in world.evaluate(FIVE), "it has not taken this one either"
        bad.status = 200
        world.evaluate(FIVE)
        assert bad.told[-1]["rule"] == "alert_targets"
        assert name not in world.evaluate(FIVE)
        world.close()


def test_a_webhook_that_sends_elsewhere_is_not_followed(world: AlertWorld, webhook: WebhookServer) -> None:
    webhook.status = 307
    world.wrote(16)
    world.evaluate()
    assert world.states()["outbox outbox"].last_notified_at is None


def test_targets_are_addresses_or_action_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    group = "/subscriptions/0/resourceGroups/r/providers/Microsoft.Insights/actionGroups/Ops"
    monkeypatch.setenv("ALERT_TARGETS", f" https://hooks.example/A?sig=aB , {group},ops")
    settings = load_settings()
    assert settings.alert_webhooks == ("https://hooks.example/A?sig=aB",)
    assert len(settings.alert_targets) == 3


@pytest.mark.parametrize("target", ["http://hooks.example/SECRET1", "https:///SECRET1"])
def test_an_address_that_anybody_could_listen_at_stops_the_start(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_TARGETS", f"https://good.example, {target}")
    with pytest.raises(ConfigurationError, match="ALERT_TARGETS: Value error, target 2 is an address without") as error:
        load_settings()
    assert "SECRET1" not in error.value.message
