"""Rows of a YAML file: one document a row, or documents that are lists of rows.

Scalars stay texts, so that no number passes through a binary fraction and no code such as `NO` becomes a truth value;
only `true`, `false` and null have their meaning. Aliases, which can make a small file endless, and tags are refused.

Source: Data model, "Reference data that no feed brings"; Golden cases, "Golden cases" (conventions).
"""

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from shared_code.services.reference_data.file_text import check_rows
from shared_code.services.reference_data.report import Finding, shown

PlacedRow = tuple[str, dict[str, Any]]
"""Where a row stands, and its values by column."""

DEEPEST = 12
"""Levels of nesting; a contract has seven."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Written in C where the platform has it: ten times as fast."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class Block(dict[str, Any]):
    """A mapping of the file; `line` is the line that it begins on."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class _UnacceptedError(Exception):
    """The file cannot be read any further."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


def yaml_rows(text: str) -> tuple[list[PlacedRow], list[Finding]]:
    """The rows of `text` with document and line, and what of it is no row. An empty document is none.

    Raises `InvalidInputError` when there are too many.
    """
    reader = _Reader(text)
    rows: list[PlacedRow] = []
    try:
        for number, document in reader.documents():
            for item in document if isinstance(document, list) else [document]:
                check_rows(len(rows) + len(reader.findings))
                if isinstance(item, Block):
                    rows.append((f"document {number}, line {item.line}", item))
                elif item is not None:
                    reader.findings.append(
                        Finding(f"document {number}", None, shown(item), "is no row", "names with their values")
                    )
    except _UnacceptedError as error:
        reader.findings.append(error.finding)
    except yaml.YAMLError as error:
        reader.findings.append(_unreadable(error))
    return rows, reader.findings


class _Reader:
    """The values of a stream of YAML events."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Event] = yaml.parse(text, Loader=_LOADER)
        self.findings: list[Finding] = []

    def documents(self) -> Iterator[tuple[int, Any]]:
        """Every document with its number, from 1."""
        number = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                number += 1
                yield number, self._value(next(self._events), 1)

    def _value(self, event: Event, depth: int) -> Any:
        if depth > DEEPEST:
            raise _refused(event, "is nested too deeply", f"at most {DEEPEST} levels")
        if isinstance(event, ScalarEvent):
            return _scalar(event)
        if isinstance(event, AliasEvent):
            raise _refused(event, "is an alias", "the value itself")
        if getattr(event, "tag", None) is not None:
            raise _refused(event, "has a tag", "values without tags")
        if isinstance(event, SequenceStartEvent):
            return self._sequence(depth)
        return self._mapping(event, depth)

    def _sequence(self, depth: int) -> list[Any]:
        items = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, start: Event, depth: int) -> Block:
        assert isinstance(start, MappingStartEvent)
        block = Block(_line(start))
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise _refused(event, "is no name", "a plain name before each colon")
            name = str(event.value)
            value = self._value(next(self._events), depth + 1)
            if name in block:
                self.findings.append(
                    Finding(f"line {_line(event)}", shown(name), None, "is named twice", "each name once")
                )
            block[name] = value
        return block


def _scalar(event: ScalarEvent) -> str | bool | None:
    """A plain null or truth value with its meaning, everything else as text."""
    if event.tag is not None and event.tag != "!":
        raise _refused(event, "has a tag", "values without tags")
    text = str(event.value)
    if not event.implicit[0]:
        return text
    return None if text in _NULLS else _TRUTHS.get(text, text)


def _line(event: Event) -> int:
    return 0 if event.start_mark is None else event.start_mark.line + 1


def _refused(event: Event, problem: str, accepted: str) -> _UnacceptedError:
    return _UnacceptedError(Finding(f"line {_line(event)}", None, None, problem, accepted))


def _unreadable(error: yaml.YAMLError) -> Finding:
    mark = getattr(error, "problem_mark", None)
    place = "file" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"
    problem = getattr(error, "problem", None) or "has a character that YAML does not allow"
    return Finding(place, None, None, f"is not YAML: {problem}", "names and values divided by colons")
