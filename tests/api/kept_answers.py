"""One company behind two servers: one keeps its answers, the other never does."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from shared_code.api.app import create_app
from shared_code.cache import MemoryCache
from shared_code.services.runtime import Runtime
from tests.api.serving import BASE, Api, served
from tests.benchmarks.api_host import Nothing

SITE: Final = "TP001"
MANAGER: Final = "dm1@example.com"
VIEWER: Final = "cv1@example.com"

_BY_PERIOD: Final = (
    "statistics", "payroll", "parking-rates", "revenue/external", "revenue/internal", "revenue/other",
    "other-expenses", "pl-view", "flc",
)  # fmt: skip
_PERIODS: Final = ("2025-05", "2025-Q2", "2025")

OF_A_SITE: Final = (
    *(f"{BASE}/{resource}/{SITE}/{period}" for resource in _BY_PERIOD for period in _PERIODS),
    f"{BASE}/statistics/{SITE}/2025-05-20",
    f"{BASE}/payroll/{SITE}/2025-05?months=2",
    f"{BASE}/pl-view/{SITE}/2025-05?view=budget",
    f"{BASE}/pl-view/{SITE}/2025?include=breakdown",
    f"{BASE}/pl-view/{SITE}/variance/budget?period=2025-05",
    f"{BASE}/summary/{SITE}/2025-05",
    f"{BASE}/statistics/{SITE}/productivity?period=2025-05",
    f"{BASE}/statistics/{SITE}/benchmarks?period=2025-05",
    f"{BASE}/statistics/{SITE}/trends/12m",
    f"{BASE}/payroll/{SITE}/job-codes",
    f"{BASE}/sites/{SITE}",
    f"/api/jobcodes/{SITE}/rates",
)
"""Answers about one site."""

OF_MANY: Final = (
    f"{BASE}/payroll/job-families",
    f"{BASE}/revenue/categories",
    f"{BASE}/sites",
    f"{BASE}/pl-view/rollup/district/ALPHA?period=2025-05",
    f"{BASE}/pl-view/rollup/region/EAST?period=2025-Q2&include=children",
    f"{BASE}/pl-view/rollup/company/all?period=2025",
    f"{BASE}/pl-view/rollup/portfolio/me?period=2025-05",
)
"""Answers about several sites, or none."""

READS: Final = (*OF_A_SITE, *OF_MANY)

CLOSE_TO_WRITES: Final = (
    *(f"{BASE}/{resource}/{SITE}/2025-05" for resource in ("summary", *_BY_PERIOD)),
    *(f"{BASE}/pl-view/{SITE}/{period}" for period in _PERIODS[1:]),
    f"{BASE}/payroll/{SITE}/job-codes",
    f"{BASE}/payroll/job-families",
    f"{BASE}/pl-view/rollup/district/ALPHA?period=2025-05",
    f"{BASE}/pl-view/rollup/portfolio/me?period=2025-05",
)
"""Answers of which each write changes some: of a month, its quarter and year, and of organisations."""


@dataclass
class Twins:
    """Two servers on one database; what was asked of one is asked of the other by the same user."""

    keeping: Api
    forgetting: Api
    users: dict[str, tuple[Api, Api]] = field(default_factory=dict)
    writes: int = 0

    def sign_in(self, user: str, role: str, **reach: Any) -> None:
        """Let `user` in at both servers."""
        self.users[user] = (self.keeping.signed_in(user, role, **reach), self.forgetting.signed_in(user, role, **reach))

    def read(self, urls: Iterable[str] = READS, user: str = VIEWER) -> None:
        """Read from the server that keeps answers."""
        for url in urls:
            self.users[user][0].get(url)

    def differing(self, urls: Iterable[str] = READS, user: str = VIEWER) -> list[str]:
        """The addresses at which the two answer differently."""
        keeping, forgetting = self.users[user]
        return [url for url in urls if _told(keeping.get(url)) != _told(forgetting.get(url))]

    def next_number(self) -> int:
        """A number that no write has had."""
        self.writes += 1
        return self.writes


@contextmanager
def twins(runtime: Runtime) -> Iterator[Twins]:
    """The two servers, with a viewer of the whole company; `runtime` keeps answers by its own clock."""
    clock = runtime.clock
    forgetting = Runtime(runtime.settings, clock)
    forgetting.__dict__["cache"] = Nothing()
    runtime.__dict__["cache"] = MemoryCache(timer=lambda: clock.now().timestamp())
    try:
        with served(create_app(lambda: runtime)) as keeping, served(create_app(lambda: forgetting)) as other:
            both = Twins(keeping, other)
            both.sign_in(VIEWER, "corporate_viewer")
            yield both
    finally:
        forgetting.close()


def _told(answer: httpx.Response) -> tuple[object, ...]:
    """What an answer says, but for the request that it was given to."""
    body = answer.json()
    content = [body[name] for name in ("data", "message", "errors")] + [body.get("meta")]
    return answer.status_code, answer.headers.get("ETag"), answer.headers["Cache-Control"], content


Write = Callable[[Twins, int], None]
"""A write by an administrator through the server that keeps nothing, told apart from others by a number."""


def saved(resource: str, body: Callable[[int], Mapping[str, Any]], period: str = "2025-05") -> Write:
    """A PUT of a module; the body depends on a number that no other write has."""
    return lambda both, number: _done(
        both.forgetting.put(f"{BASE}/{resource}/{SITE}/{period}", body(number), headers={"If-Match": "*"})
    )


def posted(path: str, body: Callable[[int], Mapping[str, Any]]) -> Write:
    """A POST."""
    return lambda both, number: _done(both.forgetting.post(path, body(number)))


def _done(answer: Any) -> None:
    assert answer.is_success, answer.text


def _submission(both: Twins, _: int) -> None:
    answer = both.forgetting.post(f"{BASE}/submissions/{SITE}/2025-05", {"action": "submit"})
    assert answer.status_code in {200, 201, 409}, answer.text


def _rate(both: Twins, number: int) -> None:
    body = {"site_id": SITE, "hourly_rate": 15 + number / 100, "effective_date": "2025-05-01"}
    body |= {"calculation_method": "fixed", "reason": "new scale"}
    _done(both.forgetting.put("/api/jobcodes/VLT1/rates", body))


def _title(both: Twins, number: int) -> None:
    _done(both.forgetting.client.patch(f"{BASE}/job-codes/VLT1", json={"title": f"Valet {number}"}))


def _switched(both: Twins, number: int) -> None:
    for is_active in (False, True):
        _done(both.forgetting.post(f"{BASE}/job-codes/status", {"jobCodes": ["GSA"], "isActive": is_active}))
        assert both.differing(CLOSE_TO_WRITES, MANAGER) == []


DAY: Final = "2025-05-20"
FROM_BUDGET: Final = {"from": "budget", "overwrite": True}

WRITES: Final[Mapping[str, Write]] = {
    "statistics": saved("statistics", lambda n: {"days": [{"date": "2025-05-20", "valetDaily": n}]}),
    "statistics of a day": saved("statistics", lambda n: {"days": [{"date": DAY, "selfDaily": n}]}, DAY),
    "copied statistics": posted(f"{BASE}/statistics/{SITE}/2025-06/copy", lambda _: FROM_BUDGET),
    "payroll": saved("payroll", lambda n: {"entries": [{"date": "2025-05-21", "jobGroupId": "valet", "hours": n}]}),
    "copied hours": posted(f"{BASE}/payroll/{SITE}/2025-06/copy-schedule", lambda _: FROM_BUDGET),
    "parking rates": saved("parking-rates", lambda n: {"rates": [{"category": "valetDaily", "rate": n}]}),
    "external revenue": saved("revenue/external", lambda n: {"adjustmentPercent": -n / 1000, "note": f"no. {n}"}),
    "internal revenue": saved("revenue/internal", lambda n: {"adjustments": [
        {"category": "general", "amount": n, "reason": "as agreed"}]}),
    "other revenue": saved("revenue/other", lambda n: {"miscellaneous": n}),
    "other expenses": saved("other-expenses", lambda n: {"signage": n}),
    "expenses of a year": saved("other-expenses", lambda n: {"months": [{"month": "2025-07", "uniforms": n}]}, "2025"),
    "several modules": saved("forecast", lambda n: {"otherExpenses": {"uniforms": n}, "otherRevenue": {"gpoFees": n}}),
    "a submission": _submission,
    "a snapshot": posted(f"{BASE}/snapshots", lambda n: {"name": f"May {n}", "period": "2025-05", "siteIds": [SITE]}),
    "a job group": posted(f"{BASE}/job-groups", lambda n: {"title": f"Door {n}"}),
    "a group of a job code": posted(f"{BASE}/job-codes/assign", lambda n: {"jobCodes": ["GSA"], "jobGroupId": "valet"}),
    "the title of a job code": _title,
    "a job code switched off and on": _switched,
    "an entered rate": _rate,
    "calculated rates": posted("/api/jobcodes/rates/calculate", lambda _: {"site_id": SITE, "method": "average"}),
}  # fmt: skip
"""Everything that changes what some answer shows."""
