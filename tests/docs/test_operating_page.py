"""The operator's page: a section for every alert and every reason, and commands that work as they are written."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from cli import main
from shared_code.api.app import create_app
from shared_code.dead_letter_reasons import PoisonReason, QueueReason
from shared_code.services.alerting.rule import Rule
from shared_code.services.alerting.rules import RULES
from shared_code.services.dead_letters import DeadLetterFilter, every_letter
from shared_code.services.reap import reap
from shared_code.storage.alerts import AlertState
from shared_code.storage.tables.runs import sync_runs
from tests.api.serving import hosted
from tests.support.message_world import rows_of
from tests.support.operated_world import Done, OperatedWorld, Operator
from tests.support.operating_page import PAGE, Section, codes, rows, sections, words

ALERTS, REASONS, MENDING = "Alerts by rule", "Dead letters by reason", {"How to mend", "What `make faults` proves"}
PAGE_SECTIONS = sections()


def chapter(name: str) -> list[Section]:
    return [section for section in PAGE_SECTIONS if section.chapter == name and section.title != name]


def opening(name: str) -> Section:
    return next(section for section in PAGE_SECTIONS if section.title == name)


@dataclass(frozen=True, slots=True)
class Followed:
    """What was raised before the page was followed, its lines, and what was left before its last part."""

    world: OperatedWorld
    raised_before: set[str]
    letters_before: list[str]
    done: list[Done]
    raised_after: set[str]
    runs_reaped: list[tuple[Any, ...]]

    def of(self, title: str, line: str) -> Done:
        """The first time that `line` was run in a section."""
        return next(one for one in self.done if one.section.title == title and one.line.startswith(line))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    """The whole page, from its first line to its last, on one installation."""
    folder = tmp_path_factory.mktemp("operated")
    world = OperatedWorld(folder)
    with pytest.MonkeyPatch.context() as patch, hosted(create_app(lambda: world.runtime)) as host:
        world.is_operated_on(patch, folder)
        world.goes_wrong()
        before, letters = rules_of(world.evaluate()), world.letters()
        operator = Operator(world, host.url)
        done = operator.follow([section for section in PAGE_SECTIONS if section.chapter not in MENDING])
        after = rules_of(world.evaluate())
        reap(world.runtime)
        runs = rows_of(world.runtime, sync_runs, "feed", "state", "error_code")
        done += operator.follow([section for section in PAGE_SECTIONS if section.chapter in MENDING])
        yield Followed(world, before, letters, done, after, runs)
    world.close()


def rules_of(raised: Mapping[str, AlertState]) -> set[str]:
    return {state.rule for state in raised.values()}


def test_every_alert_has_its_section_and_no_section_names_another() -> None:
    assert [section.code for section in chapter(ALERTS)] == [rule.name for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_section_of_an_alert_names_its_title_and_severities(rule: Rule) -> None:
    section = next(section for section in chapter(ALERTS) if section.code == rule.name)
    assert section.title == f"`{rule.name}`: {rule.title}"
    [severity] = re.findall(r"^- Severity: (.+)$", section.text, re.MULTILINE)
    named = re.findall(r"\b(low|medium|high)\b", severity)
    assert named == [rule.severity, *([rule.worse] if rule.worse else [])]
    assert "- Raised when" in section.text
    assert "- Users" in section.text
    assert section.commands


def test_every_reason_of_a_dead_letter_has_its_section_and_no_section_names_another() -> None:
    assert [section.code for section in chapter(REASONS)] == [*PoisonReason, *QueueReason]


def test_the_overview_tells_of_every_reason_whether_its_section_replays() -> None:
    useful = {code: use for named, use in rows(opening(REASONS).text) for code in codes(named)}
    assert sorted(useful) == sorted([*PoisonReason, *QueueReason])
    for section in chapter(REASONS):
        does = {words(line)[2] for line in section.commands if words(line)[1] == "dlq"}
        assert ("replay" in does) is (useful[str(section.code)] != "no"), section.code
        assert ("purge" in does) is (useful[str(section.code)] == "no"), section.code


def test_an_error_that_no_handler_is_known_to_raise_has_the_reason_internal_error() -> None:
    assert PoisonReason.of("UNKNOWN_SITE") is PoisonReason.UNKNOWN_SITE
    assert PoisonReason.of("CONFLICT") is PoisonReason.INTERNAL_ERROR


def test_every_command_of_the_page_ends_well(followed: Followed) -> None:
    assert len(followed.done) == sum(len(section.commands) for section in PAGE_SECTIONS) > 80
    failed = [(one.section.title, one.line, one.output[-500:]) for one in followed.done if one.exit_code != 0]
    assert failed == []


def test_words_in_capitals_are_those_that_the_page_explains() -> None:
    explained = {code for word, *_ in rows(opening("").text) for code in codes(word)}
    used = {word for section in PAGE_SECTIONS for line in section.commands if line.startswith("townepark")
            for word in words(line) if re.fullmatch(r"[A-Z]+", word)}  # fmt: skip
    assert explained == used


def test_every_alert_was_raised_and_what_a_command_can_mend_is_cleared(followed: Followed) -> None:
    assert followed.raised_before == {rule.name for rule in RULES}
    assert followed.raised_after == {"queue_age", "api_errors", "alert_targets"}


def test_no_dead_letter_is_left_and_those_worth_it_were_replayed(followed: Followed) -> None:
    assert len(followed.letters_before) == len(PoisonReason) + len(QueueReason) + 2
    assert followed.world.letters() == []
    replayed = every_letter(followed.world.runtime, DeadLetterFilter(with_replayed=True))
    sections_that_replay = {section.code for section in chapter(REASONS) if "dlq replay" in "".join(section.commands)}
    assert {letter.reason for letter in replayed} == sections_that_replay


def test_health_shows_the_parts_that_the_page_lists(followed: Followed) -> None:
    shown = json.loads(followed.of("Health", "curl -s $API/health/details").output)["data"]["components"]
    listed = [codes(part)[0] for part, *_ in rows(opening("Health").text)]
    assert listed == [part["name"] for part in shown]
    assert json.loads(followed.of("Health", "curl -s $API/health").output)["data"] == {"status": "ok"}


def test_what_was_sent_before_the_broker_was_lost_is_sent_again(followed: Followed) -> None:
    asked = followed.of("Service Bus lost", "townepark outbox resend --hours 24").output
    sent = followed.of("Service Bus lost", "townepark outbox send").output
    number = int(asked.removeprefix("To be sent again: "))
    assert number > 0
    assert int(sent.removeprefix("Sent: ")) >= number
    assert "Unsent messages: 0" in [one for one in followed.done if one.section.title == "Service Bus lost"][-1].output


def test_a_copy_of_the_database_is_whole(followed: Followed) -> None:
    assert followed.of("Data restored from a backup", 'python -c "import sqlite3; print').output == "ok\n"


def test_a_run_whose_process_died_is_closed_once_its_lease_has_ended(followed: Followed) -> None:
    assert ("ledger", "failed", "ABANDONED") in followed.runs_reaped
    assert "running" not in {state for _, state, _ in followed.runs_reaped}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_commands_in_the_next_step_of_an_alert_exist(rule: Rule) -> None:
    named = re.findall(r"townepark (\w+)", rule.next_step)
    commands = {one.name for one in main.app.registered_commands} | {one.name for one in main.app.registered_groups}
    assert set(named) <= commands


def test_links_and_targets_of_make_on_the_page_exist() -> None:
    text = PAGE.read_text(encoding="utf-8")
    anchors = {re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in text.splitlines()
               if line.startswith("#")}  # fmt: skip
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target[1:] in anchors if target.startswith("#") else (PAGE.parent / target).is_file(), target
    makefile = (PAGE.parents[1] / "Makefile").read_text(encoding="utf-8")
    for name in set(re.findall(r"`make (\w+)`", text)):
        assert f"\n{name}:" in makefile
