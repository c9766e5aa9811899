"""Who is told of an alert, when, in which words, and what becomes of a webhook that fails."""

from collections.abc import Iterator
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
        "text": notice["text"], "environment": "test", "rule": "feed_failed", "severity": "medium",
        "subjects": ["budget"], "count": 1, "since": "2025-06-10T12:00:00.000Z",
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
    assert len(webhook.told) == 1
    world.evaluate(HOUR - 2 * FIVE)
    assert len(webhook.told) == 2


def test_an_alert_that_has_gone_before_the_hour_is_over_is_told_once(world: AlertWorld, webhook: WebhookServer) -> None:
    world.queued(16)
    world.evaluate()
    world.sends()
    world.evaluate(HOUR)
    world.queued(16)
    world.evaluate(FIVE)
    assert len(webhook.told) == 2


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
