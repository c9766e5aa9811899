"""Timers on the local host: each fires at its next moment and never overlaps itself.

Source: Operations, "Schedules"; Azure Functions, "Timers".
"""

import logging
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from azure.functions.timer import TimerRequest

from cli.host.functions import RegisteredFunction
from cli.host.invocation import invoke
from cli.host.threads import join_all
from shared_code.clock import Clock
from shared_code.errors import ConfigurationError
from shared_code.ncrontab import Schedule

_LONGEST_NAP_S = 30.0
"""Seconds after which a waiting timer looks at the clock again: a machine may have slept, or its clock been set."""
_PAST_DUE = timedelta(minutes=1)
"""How much later than its moment a timer fires to count as past due."""

log = logging.getLogger(__name__)


class Timer:
    """One timer function and its schedule. Raises `ConfigurationError` when the schedule is not one."""

    def __init__(self, function: RegisteredFunction, clock: Clock) -> None:
        try:
            self.schedule = Schedule.parse(function.source)
        except ConfigurationError as error:
            raise ConfigurationError(f"Timer {function.name}: {error.message}") from None
        self.function = function
        self.next_run = self.schedule.next_after(clock.now())
        self._clock = clock

    def run(self, stopping: threading.Event) -> None:
        """Fires at every moment of the schedule until `stopping`; a moment that passes during a run is left out."""
        while not stopping.is_set():
            remaining = (self.next_run - self._clock.now()).total_seconds()
            if remaining > 0:
                stopping.wait(min(remaining, _LONGEST_NAP_S))
            else:
                self.fire()

    def fire(self) -> None:
        """Runs the function for the moment that has come, then sets the next. A failure is logged."""
        moment = self.next_run
        late = self._clock.now() - moment > _PAST_DUE
        try:
            invoke(self.function, TimerRequest(past_due=late, schedule_status={"Next": moment.isoformat()}))
        except BaseException:
            log.exception("Timer %s failed", self.function.name)
        self.next_run = self.schedule.next_after(max(moment, self._clock.now()))


class TimerPool:
    """The timers of an app, each in a thread of its own."""

    def __init__(self, functions: Iterable[RegisteredFunction], clock: Clock) -> None:
        self._timers = [Timer(function, clock) for function in functions if function.kind == "timer"]
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=timer.run, args=(self._stopping,), name=timer.function.name, daemon=True)
            for timer in self._timers
        ]

    def start(self) -> None:
        """Lets the timers run."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Starts no further run."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Gives the runs under way `timeout_s` seconds together to end."""
        join_all(self._threads, timeout_s)

    def next_runs(self) -> dict[str, datetime]:
        """The next moment (UTC) of each timer, by name of its function."""
        return {timer.function.name: timer.next_run for timer in self._timers}
