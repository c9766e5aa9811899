"""What a caller reaches: sites of others, pay, and calls that are not theirs."""

import pytest

from tests.api.serving import BASE, Api, contents, first_error, told
from tests.support.rate_world import RateWorld

ENTRY = {
    "site_id": "TP001",
    "hourly_rate": 18.5,
    "effective_date": "2025-07-01",
    "calculation_method": "fixed",
    "reason": "new scale",
}


@pytest.fixture
def manager(api: Api) -> Api:
    """A district manager of one site, without the right to read pay."""
    return api.signed_in("dm1@example.com", "district_manager", sites=["TP001"])


@pytest.fixture
def calculator(api: Api) -> Api:
    """A service whose token is narrowed to one site."""
    return api.signed_in("rates-service", "service", siteAccess=["TP001"])


@pytest.mark.parametrize(
    "path", ["/api/jobcodes/{}/rates", f"{BASE}/pl-view/{{}}/2025", f"{BASE}/pl-view/{{}}/2025-13"]
)
def test_a_site_out_of_reach_and_one_that_does_not_exist_look_the_same(path: str, manager: Api) -> None:
    bodies = []
    for site in ("TP002", "ZZ999"):
        answer = manager.get(path.format(site))
        assert answer.status_code == 403
        assert first_error(answer)["details"] == {"reason": "site_scope"}
        assert site not in answer.text
        bodies.append({k: v for k, v in answer.json().items() if k not in {"timestamp", "requestId"}})
    assert bodies[0] == bodies[1]


def test_a_malformed_site_is_named_before_access_is_judged(manager: Api) -> None:
    assert told(manager.get("/api/jobcodes/T@/rates")) == (400, "INVALID_SITE_ID", "site_id")


@pytest.mark.parametrize("site", ["TP002", "ZZ999"])
def test_a_site_of_a_body_out_of_reach_is_refused(site: str, manager: Api, calculator: Api, world: RateWorld) -> None:
    for answer in (
        manager.put("/api/jobcodes/VLT1/rates", ENTRY | {"site_id": site}),
        calculator.post("/api/jobcodes/rates/calculate", {"site_ids": ["TP001", site]}),
    ):
        assert told(answer) == (403, "INSUFFICIENT_PERMISSIONS", None)
    assert world.history("TP002") == []


def test_only_a_service_may_say_that_a_run_was_scheduled(api: Api, calculator: Api) -> None:
    assert calculator.post("/api/jobcodes/rates/calculate", {"site_id": "TP001", "trigger": "scheduled"}).is_success
    answer = api.post("/api/jobcodes/rates/calculate", {"site_id": "TP001", "trigger": "scheduled"})
    assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "role"})


def test_all_sites_are_those_within_reach(calculator: Api, world: RateWorld) -> None:
    world.add_pair("TP002", "VLT1")
    answer = calculator.post("/api/jobcodes/rates/calculate", {"all": True, "dry_run": True})
    assert {row["site_id"] for row in answer.json()["data"]["results"]} == {"TP001"}


def test_the_pay_of_salaried_codes_is_masked(manager: Api, calculator: Api, world: RateWorld) -> None:
    world.add_code("MGR")
    world.add_pair("TP001", "MGR", is_salaried=True, allocated_annual_salary=73000)
    world.add_rate("TP001", "MGR", "35.10", "fixed", "2025-01-01")
    answer = manager.get("/api/jobcodes/TP001/rates")
    shown = {row["job_code"]: (row["hourly_rate"], row["masked"]) for row in answer.json()["data"]}
    assert shown == {"MGR": (None, True), "VLT1": (15.0, False)}
    assert "35.1" not in contents(answer)
    entered = manager.put("/api/jobcodes/MGR/rates", ENTRY)
    assert (entered.json()["data"]["hourly_rate"], entered.json()["data"]["previous"]["hourly_rate"]) == (None, None)
    dry = calculator.post("/api/jobcodes/rates/calculate", {"site_id": "TP001", "dry_run": True})
    assert "35.1" not in contents(dry)
    assert "18.5" not in contents(dry)


def test_an_administrator_sees_pay(api: Api, world: RateWorld) -> None:
    world.add_code("MGR")
    world.add_pair("TP001", "MGR", is_salaried=True, allocated_annual_salary=73000)
    world.add_rate("TP001", "MGR", "35.10", "fixed", "2025-01-01")
    row = api.get("/api/jobcodes/TP001/rates?job_code=MGR").json()["data"][0]
    assert (row["hourly_rate"], row["masked"]) == (35.1, False)


def test_a_change_is_written_down_under_the_callers_name(manager: Api) -> None:
    assert manager.put("/api/jobcodes/VLT1/rates", ENTRY).json()["data"]["updated_by"] == "dm1@example.com"
