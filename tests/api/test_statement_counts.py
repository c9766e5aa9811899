"""The work of a request on the database does not grow with what it is about: one statement reads or writes a set.

Every read and every write of a small company is asked of a large one too, and a month is held against a year.

Source: Architecture, "Rules".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from shared_code.api.app import create_app
from tests.api.permission_table import OWN, TABLE, Call
from tests.api.served_operations import SERVED
from tests.api.serving import BASE, Api, served
from tests.support.alike_world import AlikeWorld
from tests.support.t_sql_rules import judged_statements

READS: Final = [call for call in TABLE if call.method == "GET" and call.roles and call.operation in SERVED]
OF_MONTHS: Final = ("summary", "notes", "submissions")
"""Resources of a month alone."""
OF_A_PERIOD: Final = [
    call
    for call in READS
    if "{siteId}/{period}" in call.path and not call.path.startswith(tuple(f"{BASE}/{name}/" for name in OF_MONTHS))
]
PRICED: Final = tuple(f"{side}{kind}" for side in ("valet", "self") for kind in ("Daily", "Overnight", "Monthly"))

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Company:
    """A company, and the API in the name of an administrator."""

    world: AlikeWorld
    api: Api

    def statements(self, method: str, url: str, body: Body | None = None) -> int:
        """How many statements an answer takes whose figures are all to be computed anew."""
        self.world.leave_all_behind()
        with self.world.statements() as seen, judged_statements(self.world.runtime.database) as breaches:
            answer = self.api.client.request(method, url, json=body)
        assert answer.status_code < 500, answer.text
        assert breaches == {}, "SQL Server would refuse it"
        assert method == "GET" or answer.is_success, answer.text
        return len(seen.texts)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """3 sites."""
    yield from _served(tmp_path_factory.mktemp("small"), 3)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """30 sites."""
    yield from _served(tmp_path_factory.mktemp("large"), 30)


def _served(folder: Path, site_count: int) -> Iterator[Company]:
    world = AlikeWorld(folder, site_count)
    with served(create_app(lambda: world.runtime)) as api:
        # What is stored for the first time takes statements that no later answer takes, whichever test comes first.
        for year in (2024, 2025, 2026):
            api.get(f"{BASE}/pl-view/rollup/company/all?period={year}")
        yield Company(world, api)
    world.close()


@pytest.mark.parametrize("call", READS, ids=str)
def test_a_read_takes_as_many_statements_in_a_company_of_30_sites_as_in_one_of_3(
    call: Call, small: Company, large: Company
) -> None:
    of_small, of_large = (company.statements("GET", call.url("own")) for company in (small, large))
    assert of_large == of_small


@pytest.mark.parametrize("call", OF_A_PERIOD, ids=str)
def test_a_year_is_read_with_as_many_statements_as_a_month(call: Call, small: Company) -> None:
    places = {"siteId": OWN, "module": "statistics"} | dict(call.places)
    urls = [call.path.format(**places, period=period) + call.query for period in ("2025-06", "2025")]
    month, year = (small.statements("GET", url) for url in urls)
    assert (small.api.get(urls[1]).status_code, year) == (200, month)


WRITES: Final[Mapping[str, tuple[Body, Body]]] = {
    "statistics/TP001/{}": (
        {"days": [{"date": "{}-01", "valetDaily": 5}]},
        {"days": [{"date": f"{{}}-{day:02d}", "valetDaily": 5, "occupancy": 0.5} for day in range(1, 31)]},
    ),
    "payroll/TP001/{}": (
        {"entries": [{"date": "{}-01", "jobGroupId": "valet", "hours": 8}]},
        {"entries": [{"date": f"{{}}-{day:02d}", "jobGroupId": "valet", "hours": 8} for day in range(1, 31)]},
    ),
    "parking-rates/TP001/{}": (
        {"rates": [{"category": "valetDaily", "rate": 21}]},
        {"rates": [{"category": category, "rate": 21} for category in PRICED]},
    ),
    "revenue/external/TP001/{}": (
        {"adjustmentPercent": -0.05},
        {"adjustmentPercent": -0.05, "override": {"amount": 21000, "reason": "agreed so"}},
    ),
    "revenue/internal/TP001/{}": (
        {"adjustments": [{"category": "general", "amount": 5, "reason": "agreed so"}]},
        {"adjustments": [{"category": one, "amount": 5, "reason": "agreed so"} for one in ("general", "revenueShare")]},
    ),
    "revenue/other/TP001/{}": ({"miscellaneous": 5}, {"miscellaneous": 5, "billableExpense": 5, "gpoFees": -5}),
    "forecast/TP001/{}": (
        {"otherRevenue": {"revenueValidation": 5}, "statistics": {"days": [{"date": "{}-02", "valetComps": 5}]}},
        {
            "otherRevenue": {"revenueValidation": 5, "clientPaidExpense": -5},
            "statistics": {"days": [{"date": f"{{}}-{day:02d}", "valetComps": 5} for day in range(1, 31)]},
        },
    ),
    "other-expenses/TP001/{}": ({"uniforms": 5}, {"uniforms": 5, "signage": 5, "officeSupplies": 5}),
}
"""A small and a large write of a month, `{}` being the month."""


def written(body: Any, month: str) -> Any:
    """`body` with the month put in."""
    if isinstance(body, dict):
        return {name: written(value, month) for name, value in body.items()}
    if isinstance(body, list):
        return [written(value, month) for value in body]
    return body.format(month) if isinstance(body, str) else body


@pytest.mark.parametrize("path", WRITES)
def test_a_write_takes_as_many_statements_for_many_cells_of_many_sites_as_for_one(
    path: str, small: Company, large: Company
) -> None:
    counts = []
    for company in (small, large):
        for month, body in zip(("2025-06", "2025-09"), WRITES[path], strict=True):
            url = f"{BASE}/{path.format(month)}"
            counts.append(company.statements("PUT", url, written(body, month)))
    assert len(set(counts)) == 1, counts


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("parking-rates", {"category": "selfDaily", "rate": 5}),
        ("revenue/other", {"miscellaneous": 7}),
        ("other-expenses", {"uniforms": 7}),
    ],
)
def test_a_year_is_written_with_as_many_statements_as_one_of_its_months(
    path: str, fields: Body, small: Company
) -> None:
    rows = "rates" if path == "parking-rates" else "months"
    one, nine = (
        small.statements(
            "PUT",
            f"{BASE}/{path}/TP002/2025",
            {rows: [{"month": f"2025-{month:02d}", **fields} for month in months]},
        )
        for months in ([12], range(4, 12))
    )
    assert nine == one


def test_a_snapshot_of_30_sites_takes_as_many_statements_as_one_of_3(small: Company, large: Company) -> None:
    body = {"name": "May", "period": "2025-05", "all": True}
    counts = {company.statements("POST", f"{BASE}/snapshots", body) for company in (small, large)}
    assert len(counts) == 1, counts
