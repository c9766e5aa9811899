"""Golden cases: every calculator against the figures that finance expects, one test per case.

The cases of the project always run; those of the folders in `TOWNEPARK_CASES` run where the folder is there.
"""

import importlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.golden.case_files import OWN_FOLDER, SHARED_FOLDERS, GoldenCase, load_cases
from tests.golden.comparison import differences

OWN_CASES = load_cases(OWN_FOLDER)
SHARED_CASES = [case for folder in SHARED_FOLDERS if folder.is_dir() for case in load_cases(folder)]


def check(case: GoldenCase) -> None:
    """Fails with every deviation of the calculator from the case; also when the calculator has no adapter."""
    name = f"tests.golden.calculators.{case.calculator}"
    try:
        adapter = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        pytest.fail(f"{case.file.name} asks for calculator {case.calculator!r}, which has no adapter {name}.")
    answer: dict[str, Any] = adapter.answer(case.given)
    found = differences(case.expect, answer)
    assert not found, f"{case.id} {case.title}\n" + "\n".join(found)


@pytest.mark.parametrize("case", OWN_CASES, ids=str)
def test_the_calculator_gives_what_the_case_of_the_project_expects(case: GoldenCase) -> None:
    check(case)


@pytest.mark.parametrize("case", SHARED_CASES, ids=str)
def test_the_calculator_gives_what_the_shared_case_expects(case: GoldenCase) -> None:
    check(case)


@pytest.mark.parametrize("folder", SHARED_FOLDERS, ids=str)
def test_the_folder_of_shared_cases_has_cases(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"There is no folder {folder}; set TOWNEPARK_CASES to where the shared cases are.")
    assert load_cases(folder)


def test_no_two_cases_have_the_same_id() -> None:
    counted = Counter(case.id for case in OWN_CASES + SHARED_CASES)
    assert [case_id for case_id, times in counted.items() if times > 1] == []


def test_each_case_names_the_calculator_of_its_file() -> None:
    misplaced = [case.id for case in OWN_CASES + SHARED_CASES if case.calculator != case.file.stem]
    assert misplaced == []
