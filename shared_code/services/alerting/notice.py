"""What is told of an alert, and to whom: the log always, webhooks where they are set.

Source: Operations, "Monitoring and alerts" and "Settings".
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared_code.json_text import json_bytes
from shared_code.services.alerting.rule import REACTION, Rule, Severity
from shared_code.storage.alerts import CLEARED, RAISED

MOST_NAMED: Final = 20
"""Subjects that a notice names; of the others it gives the number."""

_WHOLE_S = 5.0
"""Seconds for a webhook to be reached and to answer: a timer waits for it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """Equal alerts together: those of one rule and severity that are told at one time.

    `since` is when they were raised; `ended_at` is None while they are.
    """

    environment: str
    rule: Rule
    severity: Severity
    subjects: Sequence[str]
    since: datetime
    ended_at: datetime | None = None

    @property
    def text(self) -> str:
        """The notice in one line: environment, feed or other subject, effect on users and next step; or that it ended.

        The end does not begin like an alert, so that nobody who looks for those finds it.
        """
        named = ", ".join(self.subjects[:MOST_NAMED])
        more = len(self.subjects) - MOST_NAMED
        what = f"{self.rule.title}: {named}{f' and {more} more' if more > 0 else ''}"
        since = f"since {self.since:%Y-%m-%d %H:%M} UTC"
        if self.ended_at is not None:
            return f"[{self.environment}] ended: {what} ({since}, until {self.ended_at:%Y-%m-%d %H:%M} UTC)."
        return (
            f"[{self.environment}] {self.severity}: {what} ({since}). Effect on users: {self.rule.effect}"
            f" Next step: {self.rule.next_step} React {REACTION[self.severity]}."
        )

    @property
    def body(self) -> dict[str, Any]:
        """The notice for a program; `text` is what chat services show."""
        return {
            "text": self.text,
            "state": RAISED if self.ended_at is None else CLEARED,
            "environment": self.environment,
            "rule": self.rule.name,
            "severity": self.severity.value,
            "subjects": list(self.subjects[:MOST_NAMED]),
            "count": len(self.subjects),
            "since": self.since,
            "endedAt": self.ended_at,
            "effect": self.rule.effect,
            "nextStep": self.rule.next_step,
        }


class Webhooks:
    """The webhooks of one evaluation; one that fails is left alone until the next. Their addresses hold secrets."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = {name_of_target(address): address for address in addresses}
        self._failed: set[str] = set()

    @property
    def names(self) -> frozenset[str]:
        """What stands for the addresses where they must not be shown."""
        return frozenset(self._addresses)

    def tell(self, name: str, notice: Notice) -> bool:
        """Send `notice`; False when the webhook did not take it, or has failed before."""
        import httpx  # noqa: PLC0415 - only where a webhook is set and an alert raised

        if name in self._failed:
            return False
        try:
            status = asyncio.run(_status_of(self._addresses[name], json_bytes(notice.body)))
            if httpx.codes.is_success(status):
                return True
            reason = f"status {status}"
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            # The error's own text may hold the address.
            reason = type(error).__name__
        self._failed.add(name)
        _log.error("Webhook %s was not told of alert %s (%s); it is tried again", name, notice.rule.name, reason)
        return False


async def _status_of(address: str, content: bytes) -> int:
    """What a webhook answers to `content`. One limit covers every byte; what it says besides the status is not read."""
    import httpx  # noqa: PLC0415 - only where a webhook is set and an alert raised

    headers = {"Content-Type": "application/json"}
    async with (
        asyncio.timeout(_WHOLE_S),
        httpx.AsyncClient(timeout=_WHOLE_S, follow_redirects=False) as client,
        client.stream("POST", address, content=content, headers=headers) as answer,
    ):
        return answer.status_code


def name_of_target(address: str) -> str:
    """What stands for the address of a webhook, which holds a secret, in logs, states and alerts."""
    return hashlib.sha256(address.encode()).hexdigest()[:12]
