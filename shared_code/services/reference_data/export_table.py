"""Export of a table of reference data, in the shape in which it is imported, with the version of every row.

Source: Data model, "Reference data that no feed brings".
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import yaml

from shared_code.services.reference_data.catalogue import table_named
from shared_code.services.reference_data.file_rows import CSV, format_of
from shared_code.services.reference_data.reference_table import VERSION
from shared_code.services.runtime import Runtime
from shared_code.services.whole_file import whole_file

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True, slots=True)
class Export:
    """A table on its way out: columns of a CSV, the format where none is named, and rows, read as they are taken."""

    table: str
    columns: tuple[str, ...]
    default_format: str
    rows: Iterator[Mapping[str, Any]]


@contextmanager
def export_table(runtime: Runtime, table_name: str) -> Iterator[Export]:
    """The rows of the table, to be taken while the block runs; raises `InvalidInputError` for an unknown table."""
    table = table_named(table_name)
    with runtime.database.reading() as connection:
        yield Export(table.name, (*table.columns, VERSION), table.formats[0], table.export(connection))


def export_file(runtime: Runtime, table_name: str, file: Path) -> int:
    """Write the table to `file`, CSV or YAML by its ending, and return the number of rows.

    The file appears, or becomes another one, when it is complete. Raises `InvalidInputError` for an unknown table, an
    ending that is not accepted, and a file that cannot be written.
    """
    format_ = format_of(file, table_named(table_name).formats)
    with whole_file(file) as stream, export_table(runtime, table_name) as export:
        return write_rows(export, format_, stream)


def write_rows(export: Export, format_: str, stream: TextIO) -> int:
    """Write the rows of `export` as `csv` or `yaml` and return their number."""
    return _write_csv(export, stream) if format_ == CSV else _write_yaml(export.rows, stream)


def _write_csv(export: Export, stream: TextIO) -> int:
    writer = csv.DictWriter(stream, export.columns, lineterminator="\n")
    writer.writeheader()
    count = 0
    for row in export.rows:
        writer.writerow(row)
        count += 1
    return count


def _write_yaml(rows: Iterable[Mapping[str, Any]], stream: TextIO) -> int:
    """One document a row; texts that look like numbers are quoted."""
    count = 0
    for row in rows:
        yaml.dump(
            {name: value for name, value in row.items() if value != ""},
            stream,
            Dumper=_DUMPER,
            explicit_start=True,
            sort_keys=False,
            allow_unicode=True,
            width=120,
        )
        count += 1
    return count
