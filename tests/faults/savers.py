"""Clients that save forecasts without a pause, and remember what they were told.

Each client owns its cells: whatever stands there in the end came from it. The values of a cell only grow, so that the
order of what was stored can be told. A save whose answer was lost may be stored or not; the next one has another value.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import httpx

Token = Callable[[str], str]
"""Gives a fresh token of a user."""

EXPENSES = ("uniforms", "signage", "officeSupplies", "fuelVehicles")
CATEGORIES = ("valetDaily", "selfDaily", "valetOvernight", "selfOvernight")
MODULES = ("statistics", "parkingRates", "otherExpenses", "all")


@dataclass(frozen=True, slots=True)
class Cell:
    """A place of one value; `module`, `key` and `item` (field) as the audit trail names them."""

    site_id: str
    period: str
    module: str
    key: str
    item: str


@dataclass(slots=True)
class History:
    """The values that were sent to a cell: `acknowledged` ones were answered with 200, `refused` ones with an error."""

    sent: list[int] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Saver:
    """One client with the cells of `number` on `site_id` in the months `periods` (`YYYY-MM`)."""

    number: int
    user: str
    site_id: str
    periods: tuple[str, ...]
    url: str
    token: Token
    chance: random.Random
    cells: dict[Cell, History] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    """Request ids of acknowledged saves, with the number of modules that each changed."""
    answers: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    _value: int = 0

    def run(self, ended: threading.Event) -> None:
        """Save until `ended`."""
        token = self.token(self.user)
        with httpx.Client(timeout=60) as client:
            while not ended.is_set():
                try:
                    if self._turn(client, token) == httpx.codes.UNAUTHORIZED:
                        token = self.token(self.user)
                except httpx.TransportError:
                    self.answers["lost"] += 1
                    ended.wait(0.02)

    def _turn(self, client: httpx.Client, token: str) -> int:
        module, period = self.chance.choice(MODULES), self.chance.choice(self.periods)
        self._value += 1
        path, body, cells = self._save(module, period)
        headers = {"Authorization": f"Bearer {token}", "X-Request-Id": f"req_{self.number}_{self._value}"}
        if module != "all" and self.chance.random() < 0.3:
            read = client.get(self.url + path, headers=headers)
            if read.status_code != httpx.codes.OK:
                return self._note(read)
            headers["If-Match"] = read.headers["ETag"]
        histories = [self.cells.setdefault(cell, History()) for cell in cells]
        for history in histories:
            history.sent.append(self._value)
        answer = client.put(self.url + path, headers=headers, json=body)
        for history in histories:
            (history.acknowledged if answer.status_code == httpx.codes.OK else history.refused).append(self._value)
        if answer.status_code == httpx.codes.OK:
            self.requests[headers["X-Request-Id"]] = len(cells)
        return self._note(answer)

    def _note(self, answer: httpx.Response) -> int:
        self.answers[str(answer.status_code)] += 1
        expected = {httpx.codes.OK, httpx.codes.PRECONDITION_FAILED, httpx.codes.UNAUTHORIZED}
        if answer.status_code not in expected and answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            self.surprises.append(f"{answer.request.method} {answer.request.url.path}: {answer.text[:400]}")
        return answer.status_code

    def _save(self, module: str, period: str) -> tuple[str, Mapping[str, Any], list[Cell]]:
        """The path, the body and the cells of one save."""
        day = f"{period}-{1 + self.number:02d}"
        expense, category = EXPENSES[self.number // 4], CATEGORIES[self.number // 4]
        statistics = {"days": [{"date": day, "valetDaily": self._value}]}
        expenses = {expense: self._value}
        of_statistics = Cell(self.site_id, period, "statistics", day, "valetDaily")
        of_expenses = Cell(self.site_id, period, "other-expenses", period, expense)
        if module == "statistics":
            return f"/statistics/{self.site_id}/{period}", statistics, [of_statistics]
        if module == "otherExpenses":
            return f"/other-expenses/{self.site_id}/{period}", expenses, [of_expenses]
        if module == "parkingRates":
            rates = {"rates": [{"category": category, "rate": self._value / 100}]}
            cell = Cell(self.site_id, period, "parking-rates", period, category)
            return f"/parking-rates/{self.site_id}/{period}", rates, [cell]
        both = {"statistics": statistics, "otherExpenses": expenses}
        return f"/forecast/{self.site_id}/{period}", both, [of_statistics, of_expenses]


class Savers:
    """All clients, each in a thread of its own while the block runs."""

    def __init__(self, savers: Sequence[Saver]) -> None:
        self.all = savers
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=saver.run, args=(self._ended,), daemon=True) for saver in savers]

    @property
    def answers(self) -> Counter[str]:
        """How often each status was answered; `lost` = no answer came."""
        return sum((saver.answers for saver in self.all), Counter[str]())

    def __enter__(self) -> "Savers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(60)
