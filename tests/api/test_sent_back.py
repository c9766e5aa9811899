"""What an answer shows is a field of the contract: sent back, it is taken, or refused as one that is not entered."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, served
from tests.support.export_world import fresh_world

RATE = {
    "site_id": "TP001",
    "hourly_rate": 18.5,
    "effective_date": "2025-05-01",
    "calculation_method": "fixed",
    "reason": "new scale",
}
RESOURCES: list[tuple[str, str, str, dict[str, Any]]] = [
    (f"{BASE}/parking-rates/TP001/2025-05", "PUT", f"{BASE}/parking-rates/TP001/2025-05", {"rates": [{}]}),
    (f"{BASE}/revenue/other/TP001/2025-05", "PUT", f"{BASE}/revenue/other/TP001/2025-05", {}),
    (f"{BASE}/other-expenses/TP001/2025-05", "PUT", f"{BASE}/other-expenses/TP001/2025-05", {}),
    (f"{BASE}/revenue/external/TP001/2025-05", "PUT", f"{BASE}/revenue/external/TP001/2025-05", {}),
    (f"{BASE}/revenue/internal/TP001/2025-05", "PUT", f"{BASE}/revenue/internal/TP001/2025-05", {"adjustments": []}),
    (f"{BASE}/notes/TP001/2025-05", "POST", f"{BASE}/notes/TP001/2025-05", {"text": "x"}),
    (f"{BASE}/submissions/TP001/2025-05", "POST", f"{BASE}/submissions/TP001/2025-05", {"action": "submit"}),
    (f"{BASE}/snapshots", "POST", f"{BASE}/snapshots", {"name": "y", "period": "2025-05", "all": True}),
    (f"{BASE}/job-groups", "POST", f"{BASE}/job-groups", {"title": "Valet"}),
    (f"{BASE}/job-groups", "PATCH", f"{BASE}/job-groups/valet", {}),
    (f"{BASE}/job-codes", "PATCH", f"{BASE}/job-codes/VLT1", {}),
    ("/api/jobcodes/TP001/rates", "PUT", "/api/jobcodes/VLT1/rates", RATE),
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    world = fresh_world(tmp_path_factory.mktemp("sent"), feature_workflow=True)
    with served(create_app(lambda: world.runtime)) as api:
        assert api.post(f"{BASE}/notes/TP001/2025-05", {"text": "x"}).status_code == 201
        assert api.post(f"{BASE}/snapshots", {"name": "x", "period": "2025-05", "all": True}).status_code == 201
        yield api
    world.close()


@pytest.mark.parametrize(("shown", "method", "path", "body"), RESOURCES, ids=[one[1] + one[2] for one in RESOURCES])
def test_no_member_of_an_answer_is_unknown(shown: str, method: str, path: str, body: dict[str, Any], api: Api) -> None:
    data = api.get(shown).json()["data"]
    members = data[0] if isinstance(data, list) else data
    assert members
    for name, value in members.items():
        answer = api.client.request(method, path, json={**body, name: value})
        unknown = [error for error in answer.json()["errors"] if error["code"] == "UNKNOWN_FIELD"]
        assert not [error for error in unknown if error["field"] == name], name
    answer = api.client.request(method, path, json={**body, "nothingOfThis": 1})
    assert ("UNKNOWN_FIELD", "nothingOfThis") in [(error["code"], error["field"]) for error in answer.json()["errors"]]
