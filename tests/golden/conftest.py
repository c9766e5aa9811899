"""Tells at the end of a run which golden cases it found."""

from pathlib import Path

import pytest

from tests.golden.case_files import OWN_FOLDER, SHARED_FOLDERS, load_cases, scenario_files


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the number of cases per folder, and the scenarios that this run leaves to the end-to-end tests."""
    terminalreporter.section("golden cases")
    for folder in [OWN_FOLDER, *SHARED_FOLDERS]:
        terminalreporter.write_line(_describe(folder))


def _describe(folder: Path) -> str:
    """What was found in `folder`, in one line."""
    if not folder.is_dir():
        return f"{folder}: no such folder, skipped"
    scenarios = ", ".join(file.name for file in scenario_files(folder))
    left_out = f"; left to the end-to-end tests: {scenarios}" if scenarios else ""
    return f"{folder}: {len(load_cases(folder))} cases{left_out}"
