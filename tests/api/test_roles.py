"""What callers reach over HTTP: by their roles, their sites, and what their token narrows them to."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.services.runtime import Runtime
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.assignment import assign, change_user, withdraw_role
from tests.support.issuer import READ_SCOPES
from tests.support.pnl_world import PnlWorld

VIEW = f"{BASE}/pl-view"
RATES = "/api/jobcodes/{}/rates"
ENTRY = {
    "hourly_rate": 18.5,
    "effective_date": "2025-08-01",
    "calculation_method": "fixed",
    "reason": "new scale",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    """TP001 and TP002 in Alpha (East), TP003 in Beta (West); Gamma (East) and Delta (West) have no site."""
    world = PnlWorld(tmp_path)
    world.add_districts(ALPHA="EAST", BETA="WEST", GAMMA="EAST", DELTA="WEST")
    for site, district, region in (("TP001", "ALPHA", "EAST"), ("TP002", "ALPHA", "EAST"), ("TP003", "BETA", "WEST")):
        world.add_sites(site, district_code=district, region_code=region)
        world.belongs(site, district, region)
        world.employ(site, "VLT1")
    yield world
    world.close()


@pytest.fixture
def api(world: PnlWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


@pytest.fixture
def runtime(world: PnlWorld) -> Runtime:
    return world.runtime


def denied(answer: httpx.Response) -> dict[str, Any]:
    """The details of a 403."""
    assert told(answer) == (403, "INSUFFICIENT_PERMISSIONS", None)
    details: dict[str, Any] = first_error(answer)["details"]
    return details


def body_of(answer: httpx.Response) -> dict[str, Any]:
    """What is the same in two answers to the same question."""
    return {name: value for name, value in answer.json().items() if name not in {"timestamp", "requestId"}}


def reached(api: Api, sites: Sequence[str] = ("TP001", "TP002", "TP003")) -> list[str]:
    return [site for site in sites if api.get(f"{VIEW}/{site}/2025-06").status_code == 200]


def test_each_role_reaches_its_sites(api: Api) -> None:
    assert reached(api.signed_in("am1", "account_manager", sites=["TP001"])) == ["TP001"]
    assert reached(api.signed_in("dm1", "district_manager", districts=["Alpha"])) == ["TP001", "TP002"]
    assert reached(api.signed_in("vp1", "regional_vp", regions=["WEST"])) == ["TP003"]
    assert reached(api.signed_in("cv1", "corporate_viewer")) == ["TP001", "TP002", "TP003"]
    assert reached(api.signed_in("admin1", "forecasting_admin")) == ["TP001", "TP002", "TP003"]


@pytest.mark.parametrize("role", ["billing_admin", "service"])
def test_billing_and_services_see_no_forecast(role: str, api: Api) -> None:
    somebody = api.signed_in("somebody", role, scopes=list(READ_SCOPES))
    for path in (f"{VIEW}/TP001/2025-06", RATES.format("TP001"), f"{BASE}/sites", f"{VIEW}/rollup/company/all"):
        assert denied(somebody.get(path)) == {"reason": "role"}
    assert somebody.get(f"{BASE}/me").json()["data"]["roles"] == [role]


def test_a_service_is_one_that_the_company_has_registered(api: Api) -> None:
    status = f"{BASE}/dataflow/status"
    assert api.signed_in("rates-service", "service").get(status).status_code == 200
    assert denied(api.with_token(sub="other-service", roles=["service"]).get(status)) == {"reason": "no_role"}


@pytest.mark.parametrize("site", ["TP003", "ZZ999"])
def test_a_site_of_others_and_one_that_does_not_exist_cannot_be_told_apart(site: str, api: Api) -> None:
    manager = api.signed_in("am1", "account_manager", sites=["TP001"])
    for path in (f"{VIEW}/{{}}/2025", f"{VIEW}/{{}}/1999-13", RATES, f"{BASE}/flc/{{}}/2025"):
        answer, reference = manager.get(path.format(site)), manager.get(path.format("TP002"))
        assert denied(answer) == {"reason": "site_scope"}
        assert body_of(answer) == body_of(reference)
        assert site not in answer.text
    entry = manager.put(f"{BASE}/other-expenses/{site}/2025-08", {"uniforms": 1})
    assert denied(entry) == {"reason": "site_scope"}


def test_who_has_all_sites_is_told_that_one_does_not_exist(api: Api) -> None:
    for user, role in (("admin1", "forecasting_admin"), ("cv1", "corporate_viewer")):
        answer = api.signed_in(user, role).get(f"{VIEW}/ZZ999/2025")
        assert told(answer) == (404, "SITE_NOT_FOUND", "siteId")
    narrowed = api.signed_in("admin2", "forecasting_admin", siteAccess=["TP001", "ZZ999"])
    assert denied(narrowed.get(f"{VIEW}/ZZ999/2025")) == {"reason": "site_scope"}


@pytest.mark.parametrize(
    ("entries", "sites"),
    [
        (["TP001"], ["TP001"]), (["tp002"], ["TP002"]), (["district:alpha"], ["TP001", "TP002"]),
        (["region:West"], []), (["TP003"], []), (["*"], ["TP001", "TP002"]), ([], ["TP001", "TP002"]),
        (None, ["TP001", "TP002"]), (["TP001", "region:West"], ["TP001"]), (["nonsense"], []),
    ],
)  # fmt: skip
def test_a_token_narrows_sites_and_never_widens_them(entries: list[str] | None, sites: list[str], api: Api) -> None:
    manager = api.signed_in("dm1", "district_manager", districts=["ALPHA"], siteAccess=entries)
    assert reached(manager) == sites


def test_the_rights_of_one_role_never_apply_to_the_sites_of_another(api: Api, runtime: Runtime) -> None:
    assign(runtime, "both", "account_manager", [("site", "TP001")])
    assign(runtime, "both", "regional_vp", [("region", "WEST")])
    carried = ["forecasting:read", "forecasting:write", "payroll:read", "payroll:write"]
    both = api.with_token(sub="both", roles=["account_manager", "regional_vp"], scopes=carried)
    assert reached(both) == ["TP001", "TP003"]
    expenses = f"{BASE}/other-expenses/{{}}/2025-08"
    assert both.put(expenses.format("TP001"), {"uniforms": 1}).status_code == 200
    assert denied(both.put(expenses.format("TP003"), {"uniforms": 1})) == {"reason": "site_scope"}
    assert both.get(expenses.format("TP003")).json()["data"]["lockReason"] == "role"
    only_one = api.with_token(sub="both", roles=["regional_vp"], scopes=carried)
    assert denied(only_one.put(expenses.format("TP001"), {"uniforms": 1})) == {"reason": "role"}


def test_a_token_may_carry_less_than_the_role_grants_and_the_missing_scope_is_named(api: Api) -> None:
    reader = api.signed_in("am1", "account_manager", sites=["TP001"], scopes=["payroll:read"])
    assert reader.get(RATES.format("TP001")).status_code == 200
    assert denied(reader.get(f"{VIEW}/TP001/2025")) == {"reason": "scope", "requiredScope": "forecasting:read"}
    assert denied(reader.get(f"{VIEW}/TP003/2025")) == {"reason": "scope", "requiredScope": "forecasting:read"}


def test_a_token_cannot_carry_more_than_the_role_grants(api: Api) -> None:
    scopes = ["forecasting:admin", "pl-view:admin", "job-groups:admin"]
    manager = api.signed_in("am1", "account_manager", sites=["TP001"], scopes=scopes)
    assert reached(manager) == ["TP001"]
    assert denied(manager.get(f"{VIEW}/rollup/company/all")) == {"reason": "role"}
    assert denied(manager.get(f"{BASE}/job-groups")) == {"reason": "role"}
    claimed = api.with_token(sub="am1", roles=["forecasting_admin", "account_manager"], scopes=scopes)
    assert reached(claimed) == ["TP001"]


def test_a_role_that_is_not_named_for_the_call_is_the_reason(api: Api) -> None:
    manager = api.signed_in("am1", "account_manager", sites=["TP001"])
    rate = ENTRY | {"site_id": "TP001"}
    assert denied(manager.put("/api/jobcodes/VLT1/rates", rate)) == {"reason": "role"}
    assert api.signed_in("dm1", "district_manager", sites=["TP001"]).put("/api/jobcodes/VLT1/rates", rate).is_success


def test_a_regional_vice_president_edits_only_by_the_setting(api: Api, world: PnlWorld) -> None:
    path, body = f"{BASE}/other-expenses/TP003/2025-08", {"uniforms": 1}
    scopes = ["forecasting:read", "forecasting:write"]
    vice_president = api.signed_in("vp1", "regional_vp", regions=["WEST"], scopes=scopes)
    assert denied(vice_president.put(path, body)) == {"reason": "role"}
    permitted = world.with_settings(regional_vp_may_edit=True)
    with served(create_app(lambda: permitted)) as other:
        assert other.signed_in("vp1", "regional_vp", regions=["WEST"], scopes=scopes).put(path, body).is_success


ROLLUPS = ("district/ALPHA", "district/BETA", "district/GAMMA", "region/EAST", "region/WEST", "company/all")


@pytest.mark.parametrize(
    ("role", "covered", "answers"),
    [
        ("account_manager", {"sites": ["TP001"]}, ["role"] * 6),
        ("district_manager", {"districts": ["ALPHA", "GAMMA"]}, [200, "organization_scope", 404, *["role"] * 3]),
        ("district_manager", {"sites": ["TP001", "TP002"]}, [200, *["organization_scope"] * 2, *["role"] * 3]),
        ("district_manager", {"sites": ["TP001"]}, [*["organization_scope"] * 3, *["role"] * 3]),
        ("regional_vp", {"regions": ["EAST"]}, [200, "organization_scope", 404, 200, "organization_scope", "role"]),
        ("corporate_viewer", {}, [200, 200, 404, 200, 200, 200]),
        ("forecasting_admin", {}, [200, 200, 404, 200, 200, 200]),
    ],
)  # fmt: skip
def test_organisations_are_seen_by_those_whose_they_are(
    role: str, covered: dict[str, list[str]], answers: list[int | str], api: Api
) -> None:
    somebody = api.signed_in("somebody", role, **covered)
    found = [somebody.get(f"{VIEW}/rollup/{path}") for path in ROLLUPS]
    assert [denied(one)["reason"] if one.status_code == 403 else one.status_code for one in found] == answers
    assert somebody.get(f"{VIEW}/rollup/portfolio/me").status_code == 200


def test_an_organisation_of_others_and_one_that_does_not_exist_cannot_be_told_apart(api: Api) -> None:
    manager = api.signed_in("dm1", "district_manager", districts=["ALPHA"])
    others, none = (manager.get(f"{VIEW}/rollup/district/{name}") for name in ("BETA", "NOWHERE"))
    assert denied(others) == denied(none) == {"reason": "organization_scope"}
    assert body_of(others) == body_of(none)
    assert denied(manager.get(f"{VIEW}/rollup/portfolio/you")) == {"reason": "organization_scope"}
    assert told(api.get(f"{VIEW}/rollup/district/NOWHERE")) == (404, "NOT_FOUND", "organizationId")
    assert told(manager.get(f"{VIEW}/rollup/planet/ALPHA")) == (400, "INVALID_DATA_TYPE", "organizationLevel")


def test_views_of_organisations_also_need_the_scope_to_read_forecasts(api: Api) -> None:
    viewer = api.signed_in("cv1", "corporate_viewer", scopes=["payroll:read"])
    for path in ROLLUPS:
        assert denied(viewer.get(f"{VIEW}/rollup/{path}")) == {"reason": "scope", "requiredScope": "forecasting:read"}


def test_a_change_of_rights_takes_effect_at_the_next_request(api: Api, runtime: Runtime) -> None:
    manager = api.signed_in("am1", "account_manager", sites=["TP001"])
    assert reached(manager) == ["TP001"]
    assign(runtime, "am1", "account_manager", [("site", "TP002"), ("site", "TP003")])
    assert reached(manager) == ["TP002", "TP003"]
    change_user(runtime, "am1", is_active=False)
    assert denied(manager.get(f"{VIEW}/TP002/2025")) == {"reason": "no_role"}
    change_user(runtime, "am1", is_active=True)
    assert reached(manager) == ["TP002", "TP003"]
    withdraw_role(runtime, "am1", "account_manager")
    assert denied(manager.get(f"{BASE}/me")) == {"reason": "no_role"}


def test_changes_are_written_down_under_the_principal_name(api: Api) -> None:
    manager = api.signed_in("Dm1@Example.com", "district_manager", districts=["ALPHA"], sub="DM1@EXAMPLE.COM")
    entered = manager.put("/api/jobcodes/VLT1/rates", ENTRY | {"site_id": "TP001"})
    assert entered.json()["data"]["updated_by"] == "Dm1@Example.com"
    shown = manager.get(f"{BASE}/me").json()["data"]
    assert (shown["userId"], shown["displayName"], shown["districts"]) == (
        "Dm1@Example.com",
        "Dm1@Example.com",
        ["Alpha"],
    )
    named = api.with_token(sub="dm1@example.com", roles=["district_manager"], name="Dana", scopes=[])
    assert named.get(f"{BASE}/me").json()["data"]["displayName"] == "Dana"
