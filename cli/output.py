"""What a command prints: tables for people, one JSON document for programs, errors in words.

Source: Architecture, "The command line".
"""

import dataclasses
import json
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from shared_code.sql.types import timestamp_text

NAME = "townepark"

NARROWEST = 128
"""Columns of the widest table: a narrower terminal wraps its lines rather than cut figures off."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal obeys rather than shows, but for tabs and ends of lines."""


class PlainConsole(Console):
    """A console that shows texts as they are: names and messages of sources are nobody's markup and no commands."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """`text` with its control characters as escapes."""
        return super().render_str(_CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text), **options)


out = PlainConsole()
"""Where results go."""
out.width = max(out.width, NARROWEST)

err = PlainConsole(stderr=True)
"""Where progress and errors go, so that results can be piped."""


def program() -> str:
    """How this program is called from here: by its name where the shell finds that, else by its path."""
    called = Path(sys.argv[0])
    if called.name != NAME or shutil.which(NAME) is not None:
        return NAME
    path, here = called.absolute(), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def complain(reason: str, of: str = NAME) -> None:
    """Say on standard error what is wrong, and with what."""
    err.print(f"{of}:", style="red", end=" ", soft_wrap=True)
    err.print(reason, soft_wrap=True)


def write_any_text() -> None:
    """Let every text be written, whatever the locale: files and pipes get UTF-8, which imports take.

    A terminal keeps its own encoding; what that lacks is written as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def print_json(document: Any) -> None:
    """Print one JSON document; decimals keep every digit."""
    sys.stdout.write(json.dumps(plain(document), indent=2, ensure_ascii=False) + "\n")


def plain(value: Any) -> Any:
    """`value` as JSON has it: field names in camelCase where a record is shown, dates and moments as ISO texts."""
    if isinstance(value, Decimal):
        return _Number(value)
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {camel(field.name): plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def in_snake_case(value: Any) -> Any:
    """A record as JSON with its field names as they are: the job-code rates speak snake_case."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: in_snake_case(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [in_snake_case(item) for item in value]
    return value


class _Number(float):
    """A decimal on its way into JSON: written with its own digits, never as a binary fraction."""

    def __new__(cls, value: Decimal) -> "_Number":
        number = super().__new__(cls, value)
        number.text = format(value, "f")
        return number

    text: str

    def __repr__(self) -> str:
        return self.text


def camel(name: str) -> str:
    """`rows_read` as `rowsRead`."""
    first, *others = name.split("_")
    return first + "".join(part.title() for part in others)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()) -> None:
    """Print rows under their columns; those named in `right` hold figures."""
    out.print(title, style="bold")
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        shown.add_column(column, justify="right" if column in right else "left", no_wrap=column in right)
    for row in rows:
        shown.add_row(*[_text(value) for value in row])
    out.print(shown)
    out.print()


def age(seconds: int) -> str:
    """A stretch of time in its two largest units: `3 d 4 h`, `12 min 5 s`."""
    parts: list[str] = []
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count or parts or unit == "s":
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Decimal):
        return f"{value:,}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


class Bars:
    """Progress bars by name; nothing is shown where nobody looks (no terminal)."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, name: str, done: int, total: int | None) -> None:
        """`done` of `total` (None: nobody knows) of the work called `name`."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total)
        self._progress.update(self._tasks[name], completed=done, total=total)


@contextmanager
def bars() -> Iterator[Bars]:
    """Progress bars for as long as the block runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield Bars(progress)
