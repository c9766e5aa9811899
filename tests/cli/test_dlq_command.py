"""`townepark dlq` and `townepark outbox` as a person and a program use them: an exit status, one JSON document."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from cli import main
from cli.commands import dlq
from cli.commands import outbox as outbox_command
from cli.output import age
from shared_code.clock import SystemClock
from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.messaging.message import PL_REFRESH, Message
from shared_code.services.runtime import Runtime
from shared_code.storage import outbox
from shared_code.storage.tables.messages import poison_messages
from tests.support.example_rows import example_row
from tests.support.operational import empty_database, settings_of

BODY = '{"eventType":"RefreshRequested","siteId":"TP001","period":"2025","requestId":"req_1","flc":12.30}'


class CommandLine:
    """The commands in this process, on one database."""

    def run(self, *arguments: str, answer: str = "") -> Result:
        return CliRunner().invoke(main.app, arguments, input=answer)

    def document(self, *arguments: str) -> Any:
        """The one JSON document that a command prints."""
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


@pytest.fixture
def townepark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """A database with two poison messages and a message that waits to be sent."""
    path = tmp_path / "forecasting.db"
    path.write_bytes(empty_database())
    app = Runtime(settings_of(path), SystemClock())
    now = app.clock.now()
    row = {**example_row(poison_messages), "destination": PL_REFRESH, "stored_at": now, "body": BODY}
    row |= {"replayed_at": None, "replayed_by": None}
    with app.database.writing() as connection:
        for reason in ("UNKNOWN_SITE", "UNKNOWN_TYPE"):
            connection.execute(insert(poison_messages), [{**row, "message_id": reason, "reason_code": reason}])
        outbox.append(connection, [Message(PL_REFRESH, "RefreshRequested", "TP001", "waits", {"siteId": "TP001"})], now)
    for command in (dlq, outbox_command):
        monkeypatch.setattr(command, "ready_runtime", lambda: app)
    yield CommandLine()
    app.close()


def test_dead_letters_are_listed_for_people_and_for_programs(townepark: CommandLine) -> None:
    listed = townepark.document("dlq", "list", "--reason", "UNKNOWN_SITE")
    assert listed["hasMore"] is False
    [letter] = listed["deadLetters"]
    assert (letter["deadLetterId"], letter["siteId"], letter["period"]) == ("poison:1", "TP001", "2025")
    assert letter["requestId"] == "req_1"
    assert "body" not in letter
    shown = townepark.run("dlq", "list").stdout
    assert "poison:2" in shown
    assert "UNKNOWN_TYPE" in shown


def test_one_dead_letter_is_shown_with_its_body(townepark: CommandLine) -> None:
    assert townepark.document("dlq", "show", "poison:1")["body"] == BODY
    assert BODY in townepark.run("dlq", "show", "poison:1").stdout
    missing = townepark.run("dlq", "show", "poison:7")
    assert isinstance(missing.exception, NotFoundError)


def test_a_second_replay_is_refused_with_an_explanation_and_ends_with_1(townepark: CommandLine) -> None:
    first = townepark.document("dlq", "replay", "poison:1")
    assert [one["deadLetterId"] for one in first["replayed"]] == ["poison:1"]
    second = townepark.run("dlq", "replay", "poison:1", "--json")
    assert second.exit_code == 1
    [refusal] = json.loads(second.stdout)["refused"]
    assert "replayed once" in refusal["reason"]


def test_a_replay_of_all_and_a_purge_ask_before_they_do_anything(townepark: CommandLine) -> None:
    assert townepark.run("dlq", "replay", "--all", "--reason", "UNKNOWN_SITE", answer="n\n").exit_code == 1
    assert townepark.run("dlq", "purge", "poison:2", answer="").exit_code == 1
    assert townepark.run("dlq", "purge", "--older-than", "1").exit_code == 1
    assert len(townepark.document("dlq", "list")["deadLetters"]) == 2

    replayed = townepark.document("dlq", "replay", "--all", "--reason", "UNKNOWN_SITE", "--yes")
    assert [one["deadLetterId"] for one in replayed["replayed"]] == ["poison:1"]
    assert townepark.run("dlq", "purge", "poison:2", answer="y\n").exit_code == 0
    assert townepark.document("dlq", "list", "--replayed")["deadLetters"][0]["deadLetterId"] == "poison:1"
    assert townepark.document("dlq", "purge", "--older-than", "1", "--yes") == {"purged": [], "refused": []}


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay",),
        ("replay", "poison:1", "--all"),
        ("replay", "poison:1", "--site", "TP001"),
        ("purge",),
        ("purge", "poison:1", "--older-than", "3"),
        ("purge", "--older-than", "0"),
    ],
    ids=["replay-nothing", "replay-both", "replay-filter", "purge-nothing", "purge-both", "purge-no-age"],
)
def test_what_is_not_clear_is_wrong_usage(townepark: CommandLine, arguments: tuple[str, ...]) -> None:
    assert townepark.run("dlq", *arguments).exit_code == 2


def test_an_export_is_a_json_document_a_line(townepark: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "letters.jsonl"
    assert townepark.document("dlq", "export", str(file)) == {"file": str(file), "deadLetters": 2}
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line["deadLetterId"] for line in lines] == ["poison:1", "poison:2"]
    assert lines[0]["body"] == BODY
    assert list(tmp_path.glob("*.partial")) == []


def test_an_export_to_where_nothing_can_be_written_is_refused(townepark: CommandLine, tmp_path: Path) -> None:
    refused = townepark.run("dlq", "export", str(tmp_path / "no such folder" / "letters.jsonl"))
    assert isinstance(refused.exception, InvalidInputError)
    assert "cannot be written" in refused.exception.message


def test_the_outbox_shows_what_waits_and_sends_it(townepark: CommandLine) -> None:
    waiting = townepark.document("outbox")
    assert waiting["unsent"] == 1
    [part] = waiting["destinations"]
    assert (part["destination"], part["messages"], part["attempts"], part["errors"]) == (PL_REFRESH, 1, 0, [])
    assert townepark.document("outbox", "send") == {"sent": 1}
    assert "Unsent messages: 0" in townepark.run("outbox").stdout


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90_061, "1 d 1 h")])
def test_ages_are_told_in_their_two_largest_units(seconds: int, text: str) -> None:
    assert age(seconds) == text
