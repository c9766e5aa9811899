"""Stretches of time of which no two may overlap.

Source: Data model, "Contract terms" and "Integration and staging".
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` to `last` (None: open), both included: days or months as ISO texts.

    `group` is what may have only one at a time, `place` where the span stands in a file (None: it is stored).
    """

    group: Hashable
    first: str
    last: str | None
    place: str | None = None


def overlaps(spans: Iterable[Span]) -> Iterator[tuple[Span, Span]]:
    """Every span that begins before an earlier one of its group has ended, with that earlier one."""
    by_group: dict[Hashable, list[Span]] = {}
    for span in spans:
        by_group.setdefault(span.group, []).append(span)
    for group in by_group.values():
        for earlier, later in pairwise(sorted(group, key=_start)):
            if earlier.last is None or later.first <= earlier.last:
                yield earlier, later


def _start(span: Span) -> Any:
    return span.first
