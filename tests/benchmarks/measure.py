"""What a measurement says: its figure, the baseline's, their ratio and the limit that it has to keep."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the report. `ratio` is judged: at least `at_least`, at most `at_most` (None: no such limit)."""

    what: str
    ours: str
    baseline: str
    ratio: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the ratio keeps its limit."""
        return (self.at_least is None or self.ratio >= self.at_least) and (
            self.at_most is None or self.ratio <= self.at_most
        )

    @property
    def demanded(self) -> str:
        """The limit in words; a dash for a figure that is only shown."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else "–"


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """The seconds that `work` takes, and what it returns."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def best_of(times: int, work: Callable[[], object]) -> float:
    """The least of the seconds that `work` takes: what the machine can do when nothing disturbs it."""
    return min(timed(work)[0] for _ in range(times))


def say(text: str) -> None:
    """Tell on standard error what is being measured."""
    sys.stderr.write(f"  {text} …\n")
