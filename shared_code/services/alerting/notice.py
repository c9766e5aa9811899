"""What is told of an alert, and to whom: the log always, webhooks where they are set.

Source: Operations, "Monitoring and alerts" and "Settings".
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from shared_code.json_text import json_bytes
from shared_code.services.alerting.rule import REACTION, Rule, Severity

if TYPE_CHECKING:
    import httpx

MOST_NAMED: Final = 20
"""Subjects that a notice names; of the others it gives the number."""

_CONNECT_S, _ANSWER_S = 2.0, 5.0
"""Seconds for a webhook to be reached and to answer: a timer waits for it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """Equal alerts together: those of one rule and severity that are told at one time."""

    environment: str
    rule: Rule
    severity: Severity
    subjects: Sequence[str]
    since: datetime

    @property
    def text(self) -> str:
        """The notice in one line: environment, feed or other subject, effect on users and next step."""
        named = ", ".join(self.subjects[:MOST_NAMED])
        more = len(self.subjects) - MOST_NAMED
        return (
            f"[{self.environment}] {self.severity}: {self.rule.title}: {named}{f' and {more} more' if more > 0 else ''}"
            f" (since {self.since:%Y-%m-%d %H:%M} UTC). Effect on users: {self.rule.effect}"
            f" Next step: {self.rule.next_step} React {REACTION[self.severity]}."
        )

    @property
    def body(self) -> dict[str, Any]:
        """The notice for a program; `text` is what chat services show."""
        return {
            "text": self.text,
            "environment": self.environment,
            "rule": self.rule.name,
            "severity": self.severity.value,
            "subjects": list(self.subjects[:MOST_NAMED]),
            "count": len(self.subjects),
            "since": self.since,
            "effect": self.rule.effect,
            "nextStep": self.rule.next_step,
        }


class Webhooks:
    """The webhooks of one evaluation; one that fails is left alone until the next. Their addresses hold secrets."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = {hashlib.sha256(address.encode()).hexdigest()[:12]: address for address in addresses}
        self._failed: set[str] = set()
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._client is not None:
            self._client.close()

    @property
    def names(self) -> frozenset[str]:
        """What stands for the addresses where they must not be shown."""
        return frozenset(self._addresses)

    def tell(self, name: str, notice: Notice) -> bool:
        """Send `notice`; False when the webhook did not take it, or has failed before."""
        import httpx  # noqa: PLC0415 - only where a webhook is set and an alert raised

        if name in self._failed:
            return False
        if self._client is None:
            self._client = httpx.Client(timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S), follow_redirects=False)
        try:
            answer = self._client.post(
                self._addresses[name],
                content=json_bytes(notice.body),
                headers={"Content-Type": "application/json"},
            )
            if answer.is_success:
                return True
            reason = f"status {answer.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # The error's own text may hold the address.
            reason = type(error).__name__
        self._failed.add(name)
        _log.error("Webhook %s was not told of alert %s (%s); it is tried again", name, notice.rule.name, reason)
        return False
