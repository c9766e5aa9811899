"""Rows of a CSV: commas, a header that names the columns, a blank field is no value.

Source: Data model, "Reference data that no feed brings".
"""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from shared_code.services.reference_data.file_text import check_rows
from shared_code.services.reference_data.report import Finding, shown

PlacedRow = tuple[str, dict[str, Any]]
"""Where a row stands, and its values by column."""


def csv_rows(text: str) -> tuple[list[PlacedRow], list[Finding]]:
    """The rows of `text` with the line each begins on, and what of it is no row.

    Raises `InvalidInputError` when there are too many.
    """
    findings: list[Finding] = []
    lines = _lines(text, findings)
    header: list[str] | None = None
    rows: list[PlacedRow] = []
    for count, (number, fields) in enumerate(lines):
        check_rows(count)
        place = f"line {number}"
        if header is None:
            header = [name.strip().lower() for name in fields]
            findings += _check_header(place, header)
        elif len(fields) != len(header):
            problem = f"has {len(fields)} fields, the header names {len(header)}"
            findings.append(Finding(place, None, None, problem, "one field a column"))
        else:
            values = [field.strip() or None for field in fields]
            rows.append((place, dict(zip(header, values, strict=True))))
    if header is None and not findings:
        findings.append(Finding("line 1", None, None, "is missing", "a line that names the columns"))
    return rows, findings


def _lines(text: str, findings: list[Finding]) -> Iterator[tuple[int, list[str]]]:
    """The records with the number of their first line; reading ends at the first that is no CSV."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    number = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield number, fields
            number = reader.line_num + 1
    except csv.Error as error:
        findings.append(Finding(f"line {number}", None, None, f"is not CSV: {error}", "fields divided by commas"))


def _check_header(place: str, header: list[str]) -> Iterator[Finding]:
    for position, name in enumerate(header):
        if not name:
            yield Finding(place, None, None, f"names no column {position + 1}", "a name for each column")
        elif name in header[:position]:
            yield Finding(place, shown(name), None, "is named twice", "each column once")
