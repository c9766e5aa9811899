"""What the product says to callers about themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.pnl_world import PnlWorld


@pytest.fixture
def company(tmp_path: Path) -> Iterator[PnlWorld]:
    """Business date 16 July 2025."""
    world = PnlWorld(tmp_path, warning_thresholds={"COMPS_HIGH": "30"}, variance_high_percent="9")
    world.add_districts(alpha="east", beta="west")
    world.add_sites("TP001", "TP002", district_code="alpha", region_code="east")
    world.add_sites("TP003", district_code="beta", region_code="west")
    world.add_sites("TP004")
    yield world
    world.close()


@pytest.fixture
def api(company: PnlWorld) -> Iterator[Api]:
    with served(create_app(lambda: company.runtime)) as api:
        yield api


def me(api: Api) -> dict[str, Any]:
    answer = api.get(f"{BASE}/me")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()["data"]
    return found


def test_an_account_manager_with_one_site_starts_there(api: Api) -> None:
    manager = api.signed_in(
        "am1@example.com", "account_manager", sites=["TP001"], scopes=["forecasting:read"], name="Ann Manager"
    )
    own = me(manager)
    shown = ("userId", "displayName", "roles", "scopes", "siteCount", "defaultSiteId", "districts", "regions")
    assert {name: own[name] for name in shown} == {
        "userId": "am1@example.com", "displayName": "Ann Manager", "roles": ["account_manager"],
        "scopes": ["forecasting:read"], "siteCount": 1, "defaultSiteId": "TP001", "districts": ["Alpha"],
        "regions": ["East"],
    }  # fmt: skip
    assert own["businessDate"] == "2025-07-16"


def test_several_sites_have_no_default(api: Api) -> None:
    own = me(api.signed_in("dm1@example.com", "district_manager", sites=["TP001", "TP003", "ZZ999"]))
    assert (own["siteCount"], own["defaultSiteId"]) == (2, None)
    assert (own["districts"], own["regions"]) == (["Alpha", "Beta"], ["East", "West"])
    assert "pl-view:district" in own["scopes"]


def test_an_administrator_has_all_sites(api: Api) -> None:
    own = me(api)
    assert (own["siteCount"], own["districts"]) == (4, ["Alpha", "Beta"])
    assert {"forecasting:admin", "payroll:write", "pl-view:company"} <= set(own["scopes"])


@pytest.mark.parametrize(
    ("role", "scopes"),
    [("billing_admin", ["job-groups:admin", "unit-accounts:admin"]), ("service", ["dataflow:read", "rates:calculate"])],
)
def test_roles_without_forecasts_are_told_about_themselves(role: str, scopes: list[str], api: Api) -> None:
    own = me(api.signed_in("user1@example.com", role))
    assert (own["roles"], own["scopes"]) == ([role], scopes)


def test_a_billing_administrator_has_no_site(api: Api) -> None:
    own = me(api.signed_in("billing1@example.com", "billing_admin"))
    assert (own["siteCount"], own["defaultSiteId"], own["districts"], own["regions"]) == (0, None, [], [])


def test_thresholds_and_switches_are_those_in_force(api: Api) -> None:
    own = me(api.signed_in("viewer1@example.com", "corporate_viewer"))
    assert own["features"] == {"workflow": False}
    assert own["settings"] == {
        "varianceMediumPercent": 5.0, "varianceHighPercent": 9.0, "flcReviewAmount": 5000.0, "flcReviewPercent": 25.0,
        "trendStablePercent": 2.0, "benchmarkMinSites": 3, "benchmarkInLinePercent": 5.0,
        "warningThresholds": {
            "RATE_DEVIATION": 10, "PAYROLL_VARIANCE": 10, "REVENUE_ABOVE_PRIOR_YEAR": 150, "REVENUE_ABOVE_HISTORY": 25,
            "EXPENSE_ABOVE_BUDGET": 20, "INTERNAL_REVENUE_SWING": 20, "COMPS_HIGH": 30, "FULL_OCCUPANCY": 3,
        },
        "strictPrecondition": False, "regionalVpMayEdit": False, "unitAccountsMayForce": False,
        "internalRevenueAdjustRoles": ["district_manager", "forecasting_admin"],
        "businessTimeZone": "America/New_York",
    }  # fmt: skip


def test_without_a_name_in_the_token_the_user_is_shown(api: Api) -> None:
    own = me(api.signed_in("viewer1@example.com", "corporate_viewer", name=None))
    assert own["displayName"] == own["userId"] == "viewer1@example.com"


def test_somebody_without_a_counting_role_is_told_nothing(api: Api) -> None:
    answer = api.with_token(sub="nobody@example.com", roles=["corporate_viewer"]).get(f"{BASE}/me")
    assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "no_role"})


def test_other_verbs_are_not_offered(api: Api) -> None:
    assert told(api.put(f"{BASE}/me", {})) == (405, "METHOD_NOT_ALLOWED", None)
