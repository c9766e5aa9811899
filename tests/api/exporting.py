"""Exports over HTTP, for tests: a company with saved values in every module, and its exports."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, served
from tests.support.export_world import Exported, read_csv
from tests.support.payroll_world import PayrollWorld

EXPORT = f"{BASE}/export"
NOTE = "@SUM(1+1)*cmd|' /C calc'!A0"
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
SAVED = (
    ("statistics/TP001/2025-05", {"days": [{"date": "2025-05-02", "occupancy": 0.8, "note": NOTE}]}),
    ("statistics/TP001/2025-06", {"days": [{"date": "2025-06-02", "valetDaily": 12.5}]}),
    ("payroll/TP001/2025-05", {"entries": [{"date": "2025-05-02", "jobGroupId": "valet", "hours": 33.33}]}),
    ("parking-rates/TP001/2025-05", {"rates": [{"category": "valetDaily", "rate": 25.5}]}),
    ("revenue/other/TP001/2025-05", {"billableExpense": 500, "gpoFees": -75.25}),
    ("other-expenses/TP001/2025-05", {"uniforms": 350.4}),
)


@contextmanager
def exporting(world: PayrollWorld) -> Iterator[Api]:
    """The API of `world`, after something was saved in every module of TP001."""
    with served(create_app(lambda: world.runtime)) as api:
        for path, body in SAVED:
            assert api.put(f"{BASE}/{path}", body).status_code == 200, path
        yield api


def export(api: Api, path: str, query: str = "", file_format: str = "csv") -> httpx.Response:
    return api.get(f"{EXPORT}/{path}?{query}&format={file_format}")


def exported(api: Api, path: str, query: str = "") -> Exported:
    """An export as CSV, read back."""
    answer = export(api, path, query)
    assert answer.status_code == 200, answer.text
    return read_csv(answer.content)
