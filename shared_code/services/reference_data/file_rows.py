"""The rows of a file, whatever its format: CSV or YAML, by its ending.

Source: Data model, "Reference data that no feed brings".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_code.errors import InvalidInputError
from shared_code.services.reference_data.csv_rows import csv_rows
from shared_code.services.reference_data.file_text import read_text
from shared_code.services.reference_data.report import Finding
from shared_code.services.reference_data.yaml_rows import yaml_rows

CSV, YAML = "csv", "yaml"
_FORMATS = {".csv": CSV, ".yaml": YAML, ".yml": YAML}


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row and where it stands; values are texts, None and, in YAML, booleans, lists and mappings."""

    place: str
    values: Mapping[str, Any]


def format_of(path: Path, accepted: Sequence[str]) -> str:
    """The format of a file by its ending; raises `InvalidInputError` for any other than those `accepted`."""
    found = _FORMATS.get(path.suffix.lower())
    if found is None or found not in accepted:
        endings = ", ".join(ending for ending, name in _FORMATS.items() if name in accepted)
        raise InvalidInputError(
            f"{path.name} ends in {path.suffix or 'nothing'!r}; for this table the name of a file ends in {endings}.",
            field="file",
        )
    return found


def file_rows(path: Path, accepted: Sequence[str]) -> tuple[list[FileRow], list[Finding]]:
    """The rows of the file, and what of it is no row at all."""
    read = csv_rows if format_of(path, accepted) == CSV else yaml_rows
    rows, findings = read(read_text(path))
    return [FileRow(place, values) for place, values in rows], findings
