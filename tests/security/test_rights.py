"""What roles and scopes come to: judged role by role, token and assignment together."""

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.security.errors import AccessDeniedError
from shared_code.security.rights import Access, Rights, RoleReach
from shared_code.security.roles import SCOPES, STRENGTH, Role, carried_by, effective, granted_by, with_included
from shared_code.storage.tables.access import ROLES

READS = {"forecasting:read", "statistics:read", "payroll:read", "revenue:read"}
WRITES = {"forecasting:write", "payroll:write", "revenue:write"}
OPERATIONS = {"job-groups:admin", "unit-accounts:admin", "rates:calculate", "dataflow:read"}
VIEWS = {"pl-view:district", "pl-view:regional", "pl-view:company", "pl-view:admin"}


def reach(role: Role, *sites: str, districts: tuple[str, ...] = (), regions: tuple[str, ...] = ()) -> RoleReach:
    """A role on these sites; without any, on all."""
    scope = SiteScope.of(sites) if sites else SiteScope.all_sites()
    return RoleReach(role, granted_by(role), scope, frozenset(districts), frozenset(regions))


def rights(*reaches: RoleReach, scopes: tuple[str, ...] = SCOPES, narrowed_to: frozenset[str] | None = None) -> Rights:
    return Rights(reaches, carried_by(scopes), narrowed_to)


def reason(rights: Rights, access: Access) -> dict[str, str]:
    with pytest.raises(AccessDeniedError) as denied:
        rights.reach(access)
    assert (denied.value.code, denied.value.status) == ("INSUFFICIENT_PERMISSIONS", 403)
    details: dict[str, str] = denied.value.details
    return details


def test_every_role_that_may_be_assigned_is_known_and_has_its_strength() -> None:
    assert [role.value for role in Role] == list(ROLES)
    assert set(STRENGTH) == set(Role)


@pytest.mark.parametrize(
    ("role", "granted"),
    [
        (Role.ACCOUNT_MANAGER, READS | WRITES),
        (Role.DISTRICT_MANAGER, READS | WRITES | {"pl-view:district"}),
        (Role.REGIONAL_VP, READS | {"pl-view:regional", "pl-view:district"}),
        (Role.CORPORATE_VIEWER, READS | {"pl-view:company", "pl-view:regional", "pl-view:district"}),
        (Role.FORECASTING_ADMIN, {*SCOPES, *VIEWS, *OPERATIONS}),
        (Role.BILLING_ADMIN, {"job-groups:admin", "unit-accounts:admin"}),
        (Role.SERVICE, {"rates:calculate", "dataflow:read"}),
    ],
)
def test_a_role_grants_what_the_contract_says_and_nothing_else(role: Role, granted: set[str]) -> None:
    assert granted_by(role) == granted


def test_a_regional_vice_president_writes_only_when_the_setting_says_so() -> None:
    assert granted_by(Role.REGIONAL_VP).isdisjoint(WRITES)
    assert granted_by(Role.REGIONAL_VP, regional_vp_may_edit=True) >= WRITES
    assert granted_by(Role.CORPORATE_VIEWER, regional_vp_may_edit=True).isdisjoint(WRITES)


def test_an_admin_scope_includes_reading_and_writing_and_the_one_of_forecasting_every_scope() -> None:
    assert with_included(["payroll:admin"]) == {"payroll:admin", "payroll:read", "payroll:write"}
    assert with_included(["statistics:admin"]) == {"statistics:admin", "statistics:read"}
    assert with_included(["forecasting:admin"]) == set(SCOPES)
    assert with_included(["payroll:write"]) == {"payroll:write"}


@pytest.mark.parametrize(
    "scope", ["pl-view:admin", "job-groups:admin", "rates:calculate", "dataflow:read", "*", "admin"]
)
def test_what_is_no_scope_is_not_carried_by_a_token(scope: str) -> None:
    assert carried_by([scope]) == frozenset()


def test_a_scope_counts_when_the_role_grants_it_and_the_token_carries_it() -> None:
    manager = granted_by(Role.ACCOUNT_MANAGER)
    assert effective(manager, carried_by(["payroll:admin"])) == {"payroll:read", "payroll:write"}
    assert effective(granted_by(Role.FORECASTING_ADMIN), carried_by(["payroll:read"])) == {"payroll:read", *OPERATIONS}
    assert effective(manager, carried_by([])) == frozenset()


def test_views_of_organisations_come_from_the_role_but_need_the_scope_to_read_forecasts() -> None:
    viewer = granted_by(Role.REGIONAL_VP)
    assert effective(viewer, carried_by(["forecasting:read"])) >= {"pl-view:regional", "pl-view:district"}
    assert effective(viewer, carried_by(["payroll:read"])) == {"payroll:read"}


def test_the_rights_of_one_role_never_apply_to_the_sites_of_another() -> None:
    both = rights(reach(Role.ACCOUNT_MANAGER, "TP001"), reach(Role.CORPORATE_VIEWER))
    assert both.reach(Access("forecasting:read")) == SiteScope.all_sites()
    assert both.reach(Access("forecasting:write")) == SiteScope.of(["TP001"])
    assert both.reach(Access("pl-view:company")) == SiteScope.all_sites()
    district = rights(reach(Role.ACCOUNT_MANAGER, "TP001"), reach(Role.DISTRICT_MANAGER, "TP002", districts=("ALPHA",)))
    assert district.reach(Access("payroll:write")) == SiteScope.of(["TP001", "TP002"])
    assert district.reach(Access("payroll:write", roles=["district_manager"])) == SiteScope.of(["TP002"])
    assert district.reach(Access("pl-view:district")) == SiteScope.of(["TP002"])


def test_the_role_on_a_site_is_the_strongest_that_gives_the_access_there() -> None:
    both = rights(reach(Role.ACCOUNT_MANAGER, "TP001", "TP002"), reach(Role.DISTRICT_MANAGER, "TP002"))
    write = Access("payroll:write")
    assert [both.role_on(write, site) for site in ("TP001", "TP002", "TP003")] == [
        "account_manager",
        "district_manager",
        None,
    ]
    assert both.role_on(Access("payroll:admin"), "TP001") is None
    assert rights().role_on(write, "TP001") is None


def test_a_token_may_narrow_sites_and_never_widen_them() -> None:
    narrow = frozenset({"TP001", "TP009"})
    assert rights(reach(Role.ACCOUNT_MANAGER, "TP001", "TP002"), narrowed_to=narrow).reach(
        Access("payroll:read")
    ) == SiteScope.of(["TP001"])
    admin = rights(reach(Role.FORECASTING_ADMIN), narrowed_to=narrow)
    assert admin.reach(Access("payroll:read")) == SiteScope.of(narrow)
    assert admin.role_on(Access("payroll:read"), "TP002") is None


def test_whoever_has_no_role_has_no_access_whatever_the_call() -> None:
    for access in (Access(), Access("forecasting:read"), Access(roles=["service"]), Access("pl-view:district")):
        assert reason(rights(), access) == {"reason": "no_role"}


def test_a_scope_that_the_token_lacks_is_named() -> None:
    reader = rights(reach(Role.ACCOUNT_MANAGER, "TP001"), scopes=("forecasting:read",))
    assert reason(reader, Access("payroll:write")) == {"reason": "scope", "requiredScope": "payroll:write"}
    assert reason(reader, Access("forecasting:write", "revenue:write")) == {
        "reason": "scope",
        "requiredScope": "forecasting:write",
    }
    viewer = rights(reach(Role.CORPORATE_VIEWER), scopes=("payroll:read",))
    assert reason(viewer, Access("pl-view:company")) == {"reason": "scope", "requiredScope": "forecasting:read"}


def test_a_role_that_does_not_grant_the_call_is_the_reason() -> None:
    manager = rights(reach(Role.ACCOUNT_MANAGER, "TP001"))
    for access in (
        Access("payroll:write", roles=["district_manager"]),
        Access("payroll:admin"),
        Access("pl-view:district"),
        Access(roles=["forecasting_admin"]),
        Access("rates:calculate"),
    ):
        assert reason(manager, access) == {"reason": "role"}
    viewer = rights(reach(Role.CORPORATE_VIEWER))
    assert reason(viewer, Access("forecasting:write")) == {"reason": "role"}


def test_billing_works_for_the_whole_company_and_sees_no_forecast() -> None:
    billing = rights(reach(Role.BILLING_ADMIN, "NONE"))
    assert billing.reach(Access(roles=["forecasting_admin", "billing_admin"])) == SiteScope.all_sites()
    assert billing.reach(Access("job-groups:admin")) == SiteScope.all_sites()
    assert not billing.reach(Access()).covers("TP001")
    for scope in SCOPES:
        assert reason(billing, Access(scope)) == {"reason": "role"}


def test_an_organisation_is_overseen_by_the_roles_that_give_the_access_and_cover_it() -> None:
    vice_president = rights(reach(Role.REGIONAL_VP, "TP001", districts=("ALPHA",), regions=("EAST",)))
    assert vice_president.oversees(Access("pl-view:district"), "district", "ALPHA")
    assert not vice_president.oversees(Access("pl-view:district"), "district", "BETA")
    assert vice_president.oversees(Access("pl-view:regional"), "region", "EAST")
    assert not vice_president.oversees(Access("pl-view:regional"), "region", None)
    both = rights(reach(Role.ACCOUNT_MANAGER), reach(Role.DISTRICT_MANAGER, "TP001", districts=("ALPHA",)))
    assert not both.oversees(Access("pl-view:district"), "district", "BETA")
    viewer = rights(reach(Role.CORPORATE_VIEWER))
    assert viewer.oversees(Access("pl-view:district"), "district", None)


def test_all_that_counts_is_listed() -> None:
    both = rights(
        reach(Role.REGIONAL_VP, "TP001", districts=("BETA", "ALPHA"), regions=("EAST",)),
        reach(Role.ACCOUNT_MANAGER, "TP002"),
        scopes=("payroll:write",),
    )
    assert both.roles == (Role.ACCOUNT_MANAGER, Role.REGIONAL_VP)
    assert both.permissions == {"payroll:write"}
    assert (both.districts, both.regions) == (("ALPHA", "BETA"), ("EAST",))
