"""Golden cases: YAML files of inputs and the figures that finance expects, one file per calculator."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
OWN_FOLDER = Path(__file__).resolve().parent / "cases"
SHARED_FOLDERS = [
    (REPOSITORY / folder).resolve()
    for folder in os.environ.get("TOWNEPARK_CASES", "../shared/cases").split(os.pathsep)
    if folder
]
"""Folders of cases that live outside the project; relative ones count from its root."""

SCENARIO_PREFIX = "scenario_"
"""Files that begin like this describe whole sites over a year; they have a layout of their own."""


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """One case: what a calculator is given and what has to come out."""

    id: str
    calculator: str
    title: str
    given: dict[str, Any]
    expect: dict[str, Any]
    file: Path

    def __str__(self) -> str:
        return f"{self.calculator}-{self.id}"


def case_files(folder: Path) -> list[Path]:
    """The files of cases in `folder`, without scenarios."""
    return [file for file in sorted(folder.glob("*.yaml")) if not file.name.startswith(SCENARIO_PREFIX)]


def scenario_files(folder: Path) -> list[Path]:
    """The scenarios in `folder`."""
    return sorted(folder.glob(f"{SCENARIO_PREFIX}*.yaml"))


def load_cases(folder: Path) -> list[GoldenCase]:
    """All cases of `folder`, file by file."""
    return [
        GoldenCase(entry["id"], entry["calculator"], entry["title"], entry["given"], entry["expect"], file)
        for file in case_files(folder)
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))
    ]
