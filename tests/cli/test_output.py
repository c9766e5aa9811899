"""What a terminal gets: texts of sources as they are, nothing that it would obey."""

from pathlib import Path

import pytest

from cli import output

HOSTILE = "Inn [/bold] :smile: \x1b[2J\x9b31m\x07"
SHOWN = r"Inn [/bold] :smile: \x1b[2J\x9b31m\x07"


def test_a_table_shows_names_of_sources_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(f"Site {HOSTILE}", ("Name",), [(HOSTILE,)])
    title, heading, row, *_ = capsys.readouterr().out.splitlines()
    assert (title, heading.strip(), row.strip()) == (f"Site {SHOWN}", "Name", SHOWN)


def test_a_complaint_shows_what_it_is_about_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    output.complain(f"There is no site {HOSTILE}", "[x]")
    assert capsys.readouterr().err == f"[x]: There is no site {SHOWN}\n"


def test_lines_and_tabs_stay_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.out.print("one\n  two")
    assert capsys.readouterr().out == "one\n  two\n"


def test_commands_are_named_as_they_can_be_called_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "townepark").touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(folder / "townepark")])
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    assert output.program() == ".venv/bin/townepark"
    monkeypatch.chdir(folder / "..")
    assert output.program() == "bin/townepark"
    monkeypatch.chdir("/")
    assert output.program().endswith("/.venv/bin/townepark")
    monkeypatch.setenv("PATH", str(folder))
    assert output.program() == "townepark"
