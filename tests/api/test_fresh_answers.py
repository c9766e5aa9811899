"""After any write every read shows what is so now, although answers and figures are kept.

Each read is answered before the write, so that its answer is kept; after it; and after it by a process that has kept
nothing and computes every figure anew. The last two are the same.

Source: REST API, "Caching and freshness".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.results import pnl_components, pnl_results, pnl_site_years
from tests.api.serving import BASE, Api, data_of, served
from tests.support.alike_world import AlikeWorld

MAY: Final = "TP001/2025-05"
READS: Final = [
    *(
        f"{resource}/TP001/2025"
        for resource in (
            "statistics", "payroll", "parking-rates", "revenue/external", "revenue/internal", "revenue/other",
            "other-expenses", "pl-view", "flc",
        )
    ),
    f"statistics/{MAY}", f"payroll/{MAY}", f"summary/{MAY}", f"submissions/{MAY}", f"notes/{MAY}",
    "pl-view/TP001/variance/budget?period=2025-05", "pl-view/rollup/district/ALPHA", "pl-view/rollup/company/all",
    "statistics/TP001/productivity?period=2025-05", "statistics/TP001/benchmarks?period=2025-05",
    "payroll/TP001/job-codes", "payroll/job-families", "job-groups", "job-codes", "job-groups/site-assignments",
]  # fmt: skip

VALET: Final = {"date": "2025-05-05", "jobGroupId": "valet"}
WRITES: Final[Mapping[str, tuple[str, str, Mapping[str, Any]]]] = {
    "days and rates": (
        "PUT",
        f"forecast/{MAY}",
        {
            "statistics": {"days": [{"date": "2025-05-05", "valetDaily": 99, "occupancy": 0.4}]},
            "parkingRates": {"rates": [{"category": "valetDaily", "rate": 25}]},
        },
    ),
    "hours": ("PUT", f"payroll/{MAY}", {"entries": [VALET | {"hours": 40}]}),
    "an adjustment": ("PUT", f"revenue/external/{MAY}", {"adjustmentPercent": -0.1}),
    "internal revenue": (
        "PUT",
        f"revenue/internal/{MAY}",
        {"adjustments": [{"category": "general", "amount": 500, "reason": "agreed so"}]},
    ),
    "other revenue": ("PUT", f"revenue/other/{MAY}", {"miscellaneous": -40}),
    "other expenses": ("PUT", f"other-expenses/{MAY}", {"uniforms": 350, "rentsParking": 70}),
    "copied days": ("POST", f"statistics/{MAY}/copy", {"from": "budget", "dates": ["2025-05-12"]}),
    "an hourly rate": (
        "PUT",
        "jobcodes/VLT1/rates",
        {"site_id": "TP001", "hourly_rate": 18.5, "effective_date": "2025-05-01", "calculation_method": "fixed",
         "reason": "new scale"},
    ),
    "an unproductive code": ("PATCH", "job-codes/VLT1", {"isProductive": False}),
    "another group": ("POST", "job-codes/assign", {"jobCodes": ["VLT2"], "jobGroupId": "doormen"}),
    "a note": ("POST", f"notes/{MAY}", {"text": "Roof closed", "module": "statistics"}),
    "a submission": ("POST", f"submissions/{MAY}", {"action": "submit"}),
}  # fmt: skip


@dataclass(slots=True)
class Keeper:
    """A process that keeps its answers, and those that it gave last."""

    world: AlikeWorld
    api: Api
    kept: dict[str, Any]


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    world = AlikeWorld(tmp_path_factory.mktemp("fresh"), 3)
    world.add_group("doormen", "Doormen")
    with served(create_app(lambda: world.runtime)) as api:
        yield Keeper(world, api, answers(api))
    world.close()


def answers(api: Api) -> dict[str, Any]:
    return {path: data_of(api.get(f"{BASE}/{path}")) for path in READS}


def computed_anew(world: AlikeWorld) -> dict[str, Any]:
    """The answers of a process that has just begun, on a database without a stored figure."""
    for table in (pnl_components, pnl_results, pnl_site_years):
        world.forget(table)
    runtime = world.with_settings()
    with served(create_app(lambda: runtime)) as api:
        found = answers(api)
    runtime.close()
    return found


@pytest.mark.parametrize("write", WRITES)
def test_no_answer_is_older_than_the_last_write(write: str, keeper: Keeper) -> None:
    method, path, body = WRITES[write]
    written = keeper.api.client.request(method, f"{BASE}/{path}", json=body)
    assert written.is_success, written.text
    before, keeper.kept = keeper.kept, answers(keeper.api)
    anew = computed_anew(keeper.world)
    assert {path: shown for path, shown in keeper.kept.items() if shown != anew[path]} == {}
    assert keeper.kept != before
