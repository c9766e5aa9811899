"""The time that a use case sees: always handed in, never asked for."""

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Gives the present moment."""

    def now(self) -> datetime:
        """Now, in UTC with its zone."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Now, in UTC with its zone."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is set: for tests and for runs as of an earlier day."""

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError(f"a moment needs its zone, got {moment!r}")
        self.moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """The moment that was set."""
        return self.moment


def business_date(clock: Clock, time_zone: str) -> date:
    """Today's date in `time_zone`: the day that decides locks, blends and windows.

    Source: Calculations, "Vocabulary".
    """
    return clock.now().astimezone(ZoneInfo(time_zone)).date()
