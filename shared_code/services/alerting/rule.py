"""What a rule of an alert is, and what it finds.

Source: Operations, "Monitoring and alerts".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from shared_code.services.alerting.sight import Sight


class Severity(StrEnum):
    """How soon somebody has to look: `high` at any hour, `medium` in working time, `low` on the next working day."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """A higher one is worse."""
        return (Severity.LOW, Severity.MEDIUM, Severity.HIGH).index(self)


REACTION: Final[Mapping[Severity, str]] = {
    Severity.HIGH: "within 15 minutes, at any hour",
    Severity.MEDIUM: "within 4 hours of working time",
    Severity.LOW: "on the next working day",
}
"""When somebody has to look."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The rule's condition holds for `subject`: a feed, a queue, a site's month. `details` are counts and codes.

    `is_worse`: it holds to the degree at which the rule's severity rises.
    """

    subject: str
    details: Mapping[str, Any] = field(default_factory=dict)
    is_worse: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that somebody has to know of.

    The alert is raised once `find` has found a subject for `holds_for`; at once where it is worse and `worse` names the
    severity of that. `effect` says what users notice, `next_step` what to do first.
    """

    name: str
    title: str
    severity: Severity
    find: Callable[[Sight], Iterable[Finding]]
    effect: str
    next_step: str
    holds_for: timedelta = timedelta(0)
    worse: Severity | None = None

    def severity_of(self, finding: Finding) -> Severity:
        """How bad the finding is."""
        return self.worse if finding.is_worse and self.worse is not None else self.severity

    def is_raised_after(self, finding: Finding, held_for: timedelta) -> bool:
        """Whether a finding that has been made for so long is an alert."""
        return held_for >= self.holds_for or (finding.is_worse and self.worse is not None)
