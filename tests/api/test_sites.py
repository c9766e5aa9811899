"""Lists of sites over HTTP."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from shared_code.domain.contract import Contract, ContractType
from shared_code.domain.site_scope import SiteScope
from shared_code.sql.types import new_identifier
from shared_code.storage.contract_writing import add_contracts
from shared_code.storage.contracts import StoredContract
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.pnl_world import PnlWorld

SITES = f"{BASE}/sites"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[PnlWorld]:
    """Three sites; the contract of TP002 per labor hour began in June 2025, that of TP003 begins in August."""
    world = PnlWorld(tmp_path)
    world.add_districts(alpha="east", beta="west")
    master: dict[str, Any] = {"district_code": "alpha", "region_code": "east", "legal_entity": "Towne North"}
    world.add_sites("TP001", **master, pl_category="Hotel", total_rooms=200, contract_type_text="Leased")
    world.add_sites("TP002", time_zone="America/Denver", **master, cog_segment="Valet", business_segment="Hospital")
    world.add_sites("TP003", district_code="beta", region_code="west", is_active=False, name="100% Garage")
    per_hour = Contract(frozenset({ContractType.PER_LABOR_HOUR, ContractType.FIXED_FEE}), date(2025, 6, 15))
    sharing = Contract(frozenset({ContractType.REVENUE_SHARE}), date(2025, 8, 1))
    with world.runtime.database.writing() as connection:
        stored = [
            StoredContract(new_identifier(), "TP002", per_hour),
            StoredContract(new_identifier(), "TP003", sharing),
        ]
        add_contracts(connection, SiteScope.all_sites(), stored, "test", world.clock.now())
    yield world
    world.close()


@pytest.fixture
def api(company: PnlWorld) -> Iterator[Api]:
    """The API as an administrator sees it."""
    with served(create_app(lambda: company.runtime)) as api:
        yield api


def codes(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"{SITES}?{query}")
    assert answer.status_code == 200
    return [site["siteId"] for site in answer.json()["data"]]


def test_a_site_is_described_by_its_master_and_the_contract_of_the_month(api: Api) -> None:
    body = api.get(f"{SITES}/tp002").json()
    assert body["data"] == {
        "siteId": "TP002", "siteName": "Site TP002", "district": "Alpha", "region": "East",
        "legalEntity": "Towne North", "plCategory": None, "cogSegment": "Valet", "businessSegment": "Hospital",
        "contractTypes": ["fixed_fee", "per_labor_hour"], "availableRooms": 0, "availableParking": None,
        "timeZone": "America/Denver", "isActive": True, "startDate": None, "closeDate": None, "payrollMode": "code",
        "access": "write",
    }  # fmt: skip
    assert body["meta"] == {"total": 1, "page": 1, "limit": 50, "hasMore": False}


def test_a_site_without_a_zone_or_contract_has_the_companys_zone_and_enters_payroll_by_group(api: Api) -> None:
    site = api.get(f"{SITES}/TP001").json()["data"]
    assert (site["timeZone"], site["contractTypes"], site["payrollMode"]) == ("America/New_York", [], "group")
    assert site["availableRooms"] == 200


def test_a_contract_counts_from_the_first_month_that_it_covers_whole(api: Api, company: PnlWorld) -> None:
    assert api.get(f"{SITES}/TP003").json()["data"]["contractTypes"] == []
    company.clock.moment = company.clock.moment.replace(month=8)
    assert api.get(f"{SITES}/TP003").json()["data"]["contractTypes"] == ["revenue_share"]


def test_the_list_stands_in_the_order_of_the_codes_page_by_page(api: Api) -> None:
    answer = api.get(f"{SITES}?page=2&limit=2").json()
    assert [site["siteId"] for site in answer["data"]] == ["TP003"]
    assert answer["meta"] == {"total": 3, "page": 2, "limit": 2, "hasMore": False}
    beyond = api.get(f"{SITES}?page=9&limit=2").json()
    assert (beyond["data"], beyond["meta"]["total"]) == ([], 3)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=tp00", ["TP001", "TP002", "TP003"]),
        ("search=GARAGE", ["TP003"]),
        ("search=%25", ["TP003"]),
        ("search=_", []),
        ("search=%20%20", ["TP001", "TP002", "TP003"]),
        ("district=ALPHA", ["TP001", "TP002"]),
        ("district=alpha&district=Beta", ["TP001", "TP002", "TP003"]),
        ("region=West", ["TP003"]),
        ("legalEntity=towne%20north", ["TP001", "TP002"]),
        ("plCategory=hotel", ["TP001"]),
        ("cogSegment=VALET", ["TP002"]),
        ("businessSegment=hospital", ["TP002"]),
        ("contractType=per_labor_hour", ["TP002"]),
        ("contractType=leased", ["TP001"]),
        ("contractType=revenue_share", []),
        ("active=true", ["TP001", "TP002"]),
        ("active=false", ["TP003"]),
        ("district=alpha&active=false", []),
        ("search=%27%3B--", []),
        ("unknown=1", ["TP001", "TP002", "TP003"]),
    ],
)  # fmt: skip
def test_each_filter_that_is_sent_must_hold(query: str, found: list[str], api: Api) -> None:
    assert codes(api, query) == found


@pytest.mark.parametrize(
    "query",
    [
        "legalEntity=Société d'Été", "legalEntity=SOCIÉTÉ D'ÉTÉ", "legalEntity=société d'été", "search=château",
        "search=CHÂTEAU", "contractType=à forfait",
    ],
)  # fmt: skip
def test_letters_outside_the_english_alphabet_are_found_in_any_case_too(
    query: str, api: Api, company: PnlWorld
) -> None:
    company.add_sites("TP004", name="Château", legal_entity="Société d'Été", contract_type_text="À forfait")
    assert codes(api, query) == ["TP004"]


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("page=0", "VALUE_OUT_OF_RANGE", "page"),
        ("limit=201", "VALUE_OUT_OF_RANGE", "limit"),
        ("limit=0", "VALUE_OUT_OF_RANGE", "limit"),
        ("page=one", "INVALID_DATA_TYPE", "page"),
        ("active=yes", "INVALID_DATA_TYPE", "active"),
        ("search=a&search=b", "DUPLICATE", "search"),
        ("search=a%00", "INVALID_DATA_TYPE", "search"),
        (f"search={'x' * 2001}", "VALUE_OUT_OF_RANGE", "search"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(query: str, code: str, field: str, api: Api) -> None:
    assert told(api.get(f"{SITES}?{query}")) == (400, code, field)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("ZZ999", 404, "SITE_NOT_FOUND"), ("T@1", 400, "INVALID_SITE_ID"), ("rollup", 400, "INVALID_SITE_ID")],
)
def test_a_site_that_there_is_not_is_refused(path: str, status: int, code: str, api: Api) -> None:
    assert told(api.get(f"{SITES}/{path}")) == (status, code, "siteId")


def test_only_the_callers_sites_are_listed(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    assert codes(manager) == ["TP001"]
    assert codes(manager, "region=west") == []
    for site in ("TP003", "ZZ999"):
        answer = manager.get(f"{SITES}/{site}")
        assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "site_scope"})


@pytest.mark.parametrize(("role", "access"), [("account_manager", "write"), ("regional_vp", "read")])
def test_access_says_whether_the_callers_role_may_write(role: str, access: str, api: Api) -> None:
    caller = api.signed_in("user1@example.com", role, sites=["TP001"])
    assert [site["access"] for site in caller.get(SITES).json()["data"]] == [access]


def test_a_token_without_the_scope_to_write_only_reads(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"], scopes=["forecasting:read"])
    assert manager.get(f"{SITES}/TP001").json()["data"]["access"] == "read"


@pytest.mark.parametrize("role", ["billing_admin", "service"])
def test_a_role_without_forecasts_has_no_sites(role: str, api: Api) -> None:
    answer = api.signed_in("user1@example.com", role).get(SITES)
    assert (answer.status_code, first_error(answer)["details"]["reason"]) == (403, "role")
