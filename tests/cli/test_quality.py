"""`townepark quality`: the report for people and for programs, and a validation by hand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli import arguments, output
from cli.commands import quality as command
from cli.main import app
from shared_code.errors import NotFoundError
from shared_code.services.quality.terms import feeds_in_use
from shared_code.services.quality.validation import PARTS
from shared_code.storage.tables.facts import actual_account_months
from tests.support.quality_world import QualityWorld


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QualityWorld]:
    """Every feed was read an hour ago; one balance is of a site that nobody knows."""
    world = QualityWorld(tmp_path)
    for feed in feeds_in_use(world.runtime.settings):
        world.ran(feed, rows_read=1000)
    world.put(actual_account_months, site_id="9999", period="2025-05")
    monkeypatch.setattr(arguments, "runtime", lambda: world.runtime)
    yield world
    world.close()


def _told(*options: str) -> str:
    done = CliRunner().invoke(app, ["quality", *options], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def _document(*options: str) -> Any:
    return json.loads(_told("--json", *options))


@pytest.mark.usefixtures("world")
def test_a_validation_by_hand_is_printed_as_the_api_prints_it() -> None:
    shown = _document("--run")
    assert list(shown) == ["runId", "startedAt", "finishedAt", "overall", "sources"]
    [ledger] = [source for source in shown["sources"] if source["source"] == "ledger"]
    assert list(ledger) == [
        "source", "rows", "completeness", "threshold", "outOfRange", "newestAt", "ageHours", "fresh", "status",
        "issues",
    ]  # fmt: skip
    assert (shown["overall"], ledger["rows"], ledger["status"]) == ("warn", 1000, "warn")
    assert {"siteId": "9999", "period": "2025-05", "field": "site_id", "rule": "UNKNOWN_SITE", "count": 1} in ledger[
        "issues"
    ]


@pytest.mark.usefixtures("world")
def test_without_run_the_last_validation_is_shown_again() -> None:
    first = _document("--run")
    assert _document() == first


def test_before_the_first_validation_the_command_says_so(world: QualityWorld) -> None:
    with pytest.raises(NotFoundError, match=r"have not been validated yet"):
        _told()


def test_people_see_a_line_a_source_and_the_findings_below(
    world: QualityWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "out", Console(highlight=False, width=160))
    command.quality(run_now=True)
    text = capsys.readouterr().out
    assert text.startswith("Data quality on 2025-06-10 12:00 UTC: warn")
    used = {*feeds_in_use(world.runtime.settings), "pnl_results"}
    for name in (name for part in PARTS for name in part if name in used):
        assert f"\n{name} " in text
    [line] = [line for line in text.splitlines() if "UNKNOWN_SITE" in line]
    assert line.split() == ["ledger", "UNKNOWN_SITE", "9999", "2025-05", "site_id", "1"]
    assert "more are in the document" not in text


def test_many_findings_are_cut_and_counted(
    world: QualityWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "out", Console(highlight=False, width=160))
    for number in range(command.FINDINGS_SHOWN):
        world.put(actual_account_months, site_id=f"X{number:03d}")
    command.quality(run_now=True)
    text = capsys.readouterr().out
    shown = sum(line.startswith(("ledger", "budget")) for line in text.split("Findings")[-1].splitlines())
    assert shown == command.FINDINGS_SHOWN
    assert "more are in the document that --json prints." in text
