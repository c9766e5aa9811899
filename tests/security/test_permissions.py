"""From a token to rights: the user, the assignment, where sites belong now, and changes that count at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from shared_code.clock import FixedClock
from shared_code.domain.site_scope import SiteScope
from shared_code.security.claims import VerifiedToken
from shared_code.security.errors import AccessDeniedError
from shared_code.security.rights import Access
from shared_code.security.roles import SCOPES
from shared_code.services.permissions import PermissionCache, Permissions
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier
from shared_code.storage import feed_versions
from shared_code.storage.publication import RunStamp
from shared_code.storage.tables.organisation import sites
from tests.support.assignment import assign, change_user, withdraw_role
from tests.support.pnl_world import PnlWorld

READ, WRITE = Access("forecasting:read"), Access("forecasting:write")
EXPIRY = datetime(2025, 7, 16, 17, tzinfo=UTC)
OBJECT_ID = "3F2504E0-4F89-11D3-9A0C-0305E82C3301"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    """TP001 and TP002 in Alpha (East), TP003 in Beta (West), TP004 nowhere; Gamma (East) has no site."""
    world = PnlWorld(tmp_path)
    world.add_districts(ALPHA="EAST", BETA="WEST", GAMMA="EAST")
    world.add_sites("TP001", "TP002", district_code="ALPHA", region_code="EAST")
    world.add_sites("TP003", district_code="BETA", region_code="WEST")
    world.add_sites("TP004")
    yield world
    world.close()


@pytest.fixture
def runtime(world: PnlWorld) -> Runtime:
    return world.runtime


def token(subject: str = "am1", *roles: str, site_access: tuple[str, ...] = ()) -> VerifiedToken:
    carried = roles or ("account_manager", "district_manager", "regional_vp", "corporate_viewer", "forecasting_admin")
    return VerifiedToken("townepark-auth", subject, None, SCOPES, carried, site_access, EXPIRY)


def of(runtime: Runtime, *arguments: str, **options: Any) -> Permissions:
    return runtime.permissions.of(token(*arguments, **options))


def reached(runtime: Runtime, *arguments: str, **options: Any) -> SiteScope:
    return of(runtime, *arguments, **options).rights.reach(READ)


def has_no_role(runtime: Runtime, *arguments: str) -> bool:
    with pytest.raises(AccessDeniedError) as denied:
        reached(runtime, *arguments)
    return bool(denied.value.details == {"reason": "no_role"})


def test_a_role_counts_when_the_token_carries_it_and_the_assignment_confirms_it(runtime: Runtime) -> None:
    assign(runtime, "am1", "account_manager", [("site", "TP001")])
    assert reached(runtime) == SiteScope.of(["TP001"])
    assert of(runtime).rights.roles == ("account_manager",)
    assert has_no_role(runtime, "am1", "forecasting_admin")
    assert has_no_role(runtime, "am1", "superuser")
    assert has_no_role(runtime, "nobody", "account_manager")


def test_the_user_is_found_by_name_in_any_case_and_shown_as_stored(runtime: Runtime) -> None:
    assign(runtime, "Am1@Example.com", "account_manager", [("site", "TP001")])
    assert of(runtime, "AM1@example.COM").user_id == "Am1@Example.com"
    assert of(runtime, "am1@example.co").user_id == "am1@example.co"
    assert has_no_role(runtime, "am1@example.co")


def test_signs_that_only_look_alike_are_other_names(runtime: Runtime) -> None:
    assign(runtime, "kate", "forecasting_admin")
    assert has_no_role(runtime, "\u212aate")
    assert reached(runtime, "KATE") == SiteScope.all_sites()


def test_the_user_is_found_by_the_object_id_where_no_name_equals_it(runtime: Runtime) -> None:
    assign(runtime, "am1", "account_manager", [("site", "TP001")])
    change_user(runtime, "am1", entra_object_id=OBJECT_ID)
    for spelled in (OBJECT_ID, OBJECT_ID.lower()):
        assert of(runtime, spelled).user_id == "am1"
        assert reached(runtime, spelled) == SiteScope.of(["TP001"])
    assign(runtime, OBJECT_ID, "account_manager", [("site", "TP002")])
    fresh = PermissionCache(runtime.database, runtime.settings)
    assert fresh.of(token(OBJECT_ID.lower())).rights.reach(READ) == SiteScope.of(["TP002"])


def test_an_inactive_user_has_no_role(runtime: Runtime) -> None:
    assign(runtime, "am1", "account_manager", [("site", "TP001")])
    assert reached(runtime) == SiteScope.of(["TP001"])
    change_user(runtime, "am1", is_active=False)
    assert has_no_role(runtime)


def test_districts_and_regions_cover_the_sites_that_lie_in_them_now(runtime: Runtime) -> None:
    assign(runtime, "dm1", "district_manager", [("district", "ALPHA")])
    assign(runtime, "vp1", "regional_vp", [("region", "West")])
    assign(runtime, "am1", "account_manager", [("site", "tp004"), ("district", "beta")])
    assert reached(runtime, "dm1") == SiteScope.of(["TP001", "TP002"])
    assert reached(runtime, "vp1") == SiteScope.of(["TP003"])
    assert reached(runtime, "am1") == SiteScope.of(["TP003", "TP004"])


def test_roles_for_the_company_cover_every_site_and_others_none_by_themselves(runtime: Runtime) -> None:
    for role in ("corporate_viewer", "forecasting_admin"):
        assign(runtime, role, role)
        assert reached(runtime, role, role) == SiteScope.all_sites()
    assign(runtime, "am1", "account_manager")
    assert reached(runtime) == SiteScope.of(())
    assign(runtime, "dm1", "district_manager", [("all", "*")])
    assert reached(runtime, "dm1") == SiteScope.all_sites()


def test_a_site_that_does_not_exist_is_not_covered_even_when_it_is_assigned(runtime: Runtime) -> None:
    assign(runtime, "am1", "account_manager", [("site", "TP001"), ("site", "ZZ999"), ("district", "NOWHERE")])
    assert reached(runtime) == SiteScope.of(["TP001"])
    assert reached(runtime, site_access=("TP001", "ZZ999")) == SiteScope.of(["TP001"])


def test_scopes_belong_to_their_role(runtime: Runtime) -> None:
    assign(runtime, "am1", "account_manager", [("site", "TP001")])
    assign(runtime, "am1", "regional_vp", [("site", "TP003")])
    rights = of(runtime).rights
    assert rights.reach(READ) == SiteScope.of(["TP001", "TP003"])
    assert rights.reach(WRITE) == SiteScope.of(["TP001"])
    assert of(runtime, "am1", "regional_vp").rights.reach(READ) == SiteScope.of(["TP003"])


@pytest.mark.parametrize(
    ("entries", "sites"),
    [
        (("TP001",), {"TP001"}), (("tp001", "TP003"), {"TP001"}), (("district:Alpha",), {"TP001", "TP002"}),
        (("region:east",), {"TP001", "TP002"}), (("district:Beta",), set()), (("*",), {"TP001", "TP002"}),
        (("TP003", "*"), {"TP001", "TP002"}), ((), {"TP001", "TP002"}), (("ZZ999",), set()), (("company:all",), set()),
        (("",), set()), (("district:",), set()), (("all",), set()),
    ],
)  # fmt: skip
def test_a_token_narrows_the_assigned_sites(entries: tuple[str, ...], sites: set[str], runtime: Runtime) -> None:
    assign(runtime, "dm1", "district_manager", [("district", "ALPHA")])
    assert reached(runtime, "dm1", site_access=entries) == SiteScope.of(sites)


def test_a_narrowed_administrator_reaches_what_the_token_names(runtime: Runtime) -> None:
    assign(runtime, "admin1", "forecasting_admin")
    assert reached(runtime, "admin1", site_access=("district:alpha", "TP004")) == SiteScope.of(
        ["TP001", "TP002", "TP004"]
    )


def test_districts_are_theirs_by_name_by_region_or_site_by_site(runtime: Runtime) -> None:
    assign(runtime, "dm1", "district_manager", [("district", "alpha"), ("district", "GAMMA")])
    assign(runtime, "dm2", "district_manager", [("site", "TP001"), ("site", "TP002")])
    assign(runtime, "dm3", "district_manager", [("site", "TP001")])
    assign(runtime, "vp1", "regional_vp", [("region", "EAST")])
    assert of(runtime, "dm1").rights.districts == ("ALPHA", "GAMMA")
    assert of(runtime, "dm2").rights.districts == ("ALPHA",)
    assert of(runtime, "dm3").rights.districts == ()
    assert (of(runtime, "vp1").rights.districts, of(runtime, "vp1").rights.regions) == (("ALPHA", "GAMMA"), ("EAST",))


def test_a_change_of_the_assignment_counts_at_once(runtime: Runtime) -> None:
    assign(runtime, "am1", "account_manager", [("site", "TP001")])
    assert reached(runtime) == SiteScope.of(["TP001"])
    assign(runtime, "am1", "account_manager", [("site", "TP002")])
    assert reached(runtime) == SiteScope.of(["TP002"])
    withdraw_role(runtime, "am1", "account_manager")
    assert has_no_role(runtime)


def test_a_site_that_moves_counts_where_it_is_as_soon_as_the_site_master_is_published(
    world: PnlWorld, runtime: Runtime
) -> None:
    assign(runtime, "dm1", "district_manager", [("district", "ALPHA")])
    assert reached(runtime, "dm1") == SiteScope.of(["TP001", "TP002"])
    with runtime.database.writing() as connection:
        connection.execute(update(sites).where(sites.c.site_id == "TP002").values(district_code="BETA"))
        feed_versions.record(
            connection, feed="sites", slice_="all", run=RunStamp(new_identifier(), world.clock.now()), row_count=4,
            content_through=None, content_hash=b"x" * 32, watermark=None, status="ok",
        )  # fmt: skip
    assert reached(runtime, "dm1") == SiteScope.of(["TP001"])


def test_what_is_remembered_is_asked_for_by_one_statement_and_forgotten_after_half_an_hour(world: PnlWorld) -> None:
    assign(world.runtime, "am1", "account_manager", [("district", "ALPHA")])
    reached(world.runtime)
    with world.statements() as remembered:
        reached(world.runtime)
    assert sum(text.startswith("SELECT") for text in remembered.texts) == 1
    clock = world.clock
    assert isinstance(clock, FixedClock)
    clock.moment += timedelta(seconds=1799)
    with world.statements() as still:
        reached(world.runtime)
    assert len(still.texts) == len(remembered.texts)
    clock.moment += timedelta(seconds=2)
    with world.statements() as anew:
        reached(world.runtime)
    assert sum(text.startswith("SELECT") for text in anew.texts) == 5


def test_the_number_of_statements_does_not_grow_with_sites_and_scopes(world: PnlWorld) -> None:
    names = [f"S{number:04}" for number in range(400)]
    world.add_sites(*names, district_code="ALPHA", region_code="EAST")
    assign(world.runtime, "am1", "account_manager", [("site", name) for name in names])
    with world.statements() as executed:
        assert reached(world.runtime) == SiteScope.of(names)
    assert sum(text.startswith("SELECT") for text in executed.texts) == 5
