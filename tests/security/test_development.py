"""The issuer of development tokens, and the command that uses it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest
from sqlalchemy import select

from shared_code.api.app import create_app
from shared_code.clock import FixedClock
from shared_code.errors import ConfigurationError, InvalidInputError
from shared_code.security.claims import TokenRules
from shared_code.security.development import DevelopmentIssuer, is_embedded_default, key_file
from shared_code.security.roles import Role
from shared_code.security.tokens import TokenVerifier
from shared_code.services.development_access import DevelopmentToken, development_token
from shared_code.settings import Settings
from shared_code.storage.tables.access import user_roles, user_scopes
from shared_code.storage.tables.messages import audit_events
from tests.api.serving import BASE, Api, served
from tests.support.command_line import townepark
from tests.support.operational import empty_database
from tests.support.pnl_world import PnlWorld

NOW = datetime(2025, 7, 16, 16, tzinfo=UTC)


def settings_in(folder: Path, **others: Any) -> Settings:
    return Settings(**{"db_primary_connection": f"sqlite:///{folder / 'forecasting.db'}", **others})


@pytest.mark.parametrize(
    "settings",
    [
        {"environment_name": "dev"}, {"environment_name": "production"},
        {"db_primary_connection": "mssql+pyodbc://server/forecasting"}, {"db_primary_connection": "sqlite://"},
        {"db_primary_connection": "sqlite:///:memory:"}, {"auth_jwks_url": "https://issuer.example/keys.json"},
    ],
)  # fmt: skip
def test_outside_the_embedded_default_there_is_no_issuer_and_no_key(settings: dict[str, str], tmp_path: Path) -> None:
    elsewhere = settings_in(tmp_path, **settings)
    assert not is_embedded_default(elsewhere)
    with pytest.raises(ConfigurationError, match="embedded default"):
        DevelopmentIssuer.of(elsewhere)
    assert list(tmp_path.iterdir()) == []


def test_the_key_is_made_once_and_its_owner_alone_may_read_it(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first, second = DevelopmentIssuer.of(settings), DevelopmentIssuer.of(settings)
    assert first.key_id == second.key_id
    assert S_IMODE(key_file(settings).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["forecasting.signing-key.pem"]
    verifier = TokenVerifier(second, TokenRules.of(settings), FixedClock(NOW))
    token = first.token("me", NOW, roles=["service"], scopes=[], lifetime=timedelta(minutes=1))
    assert verifier.verify(token).subject == "me"
    assert first.find("another") is None


def test_a_key_file_that_is_none_is_named(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    key_file(settings).write_text("nonsense")
    with pytest.raises(ConfigurationError, match=r"forecasting\.signing-key\.pem cannot be read"):
        DevelopmentIssuer.of(settings)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    world.add_districts(ALPHA="EAST", BETA="WEST")
    world.add_sites("TP001", "TP002", district_code="ALPHA", region_code="EAST")
    world.add_sites("TP003", district_code="BETA", region_code="WEST")
    yield world
    world.close()


def make(world: PnlWorld, user: str, *roles: Role, **options: Any) -> DevelopmentToken:
    return development_token(world.runtime, user, roles, operator="townepark", **options)


def scopes_of(world: PnlWorld) -> set[tuple[str, str, str]]:
    return set(world.rows(user_scopes, "role_code", "scope_type", "scope_value"))


def test_a_development_token_is_accepted_with_the_sites_that_it_was_made_for(world: PnlWorld) -> None:
    made = make(world, "am1", Role.ACCOUNT_MANAGER, site_ids=["tp001"])
    assert (made.sites, made.user_id, made.expires_at) == (("TP001",), "am1", NOW + timedelta(hours=1))
    with served(create_app(lambda: world.runtime)) as api:
        for part in ("key_set", "token_verifier"):
            world.runtime.__dict__.pop(part)
        answers = [view(api, made, site).status_code for site in ("TP001", "TP002", "ZZ999")]
    assert answers == [200, 403, 403]


def view(api: Api, made: DevelopmentToken, site: str) -> Any:
    return api.get(f"{BASE}/pl-view/{site}/2025-06", headers={"Authorization": f"{made.token_type} {made.token}"})


def test_what_is_asked_for_takes_the_place_of_what_was_assigned_before(world: PnlWorld) -> None:
    make(world, "am1", Role.ACCOUNT_MANAGER, site_ids=["TP001", "TP003"])
    make(world, "AM1", Role.ACCOUNT_MANAGER, district_names=["alpha"])
    assert scopes_of(world) == {("account_manager", "district", "ALPHA")}
    make(world, "am1", Role.REGIONAL_VP, region_names=["West"])
    both = make(world, "am1", Role.ACCOUNT_MANAGER, Role.REGIONAL_VP)
    assert scopes_of(world) == {("account_manager", "district", "ALPHA"), ("regional_vp", "region", "WEST")}
    assert both.roles == ("account_manager", "regional_vp")
    assert {source for (source,) in world.rows(user_roles, "source")} == {"manual"}


def test_the_same_request_again_changes_and_records_nothing(world: PnlWorld) -> None:
    for _ in range(3):
        make(world, "am1", Role.ACCOUNT_MANAGER, site_ids=["TP001"])
    with world.runtime.database.reading() as connection:
        entries = connection.execute(
            select(audit_events.c.user_id, audit_events.c.module, audit_events.c.item_key, audit_events.c.new_value)
        ).all()
    assert [tuple(entry) for entry in entries] == [("townepark", "security", "am1", "account_manager, site TP001")]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"site_ids": ["TP001", "ZZ999"]}, "ZZ999"), ({"district_names": ["Omega"]}, "Omega"),
        ({"region_names": ["South"]}, "South"), ({}, "name a site"),
        ({"site_ids": ["TP001"], "lifetime_s": 3601}, "3600"), ({"site_ids": ["TP001"], "lifetime_s": 0}, "3600"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named_and_nothing_is_assigned(options: dict[str, Any], named: str, world: PnlWorld) -> None:
    with pytest.raises(InvalidInputError, match=named):
        make(world, "am1", Role.ACCOUNT_MANAGER, **options)
    assert world.rows(user_roles, "role_code") == []


@pytest.mark.parametrize("user", ["", "a b", "a\nb", "a" * 257])
def test_a_user_needs_a_name(user: str, world: PnlWorld) -> None:
    with pytest.raises(InvalidInputError, match="no user"):
        make(world, user, Role.FORECASTING_ADMIN)


def test_a_role_for_the_company_needs_no_site_and_keeps_none(world: PnlWorld) -> None:
    make(world, "admin1", Role.FORECASTING_ADMIN, site_ids=["TP001"])
    assert scopes_of(world) == set()


def test_the_command_prints_the_token_alone_or_one_json_document(tmp_path: Path) -> None:
    (tmp_path / "forecasting.db").write_bytes(empty_database())
    arguments = ("token", "--user", "me", "--role", "forecasting_admin")
    plain = townepark(tmp_path, *arguments)
    assert (plain.returncode, plain.stdout.count("\n"), plain.stdout.count(".")) == (0, 1, 2)
    assert "me, forecasting_admin, until " in plain.stderr
    document = json.loads(townepark(tmp_path, *arguments, "--lifetime", "60", "--json").stdout)
    assert list(document) == [
        "token", "tokenType", "expiresAt", "userId", "roles", "scopes", "sites", "districts", "regions"
    ]  # fmt: skip
    assert (document["userId"], document["roles"]) == ("me", ["forecasting_admin"])


def test_the_command_is_refused_outside_the_embedded_default_and_for_an_unknown_role(tmp_path: Path) -> None:
    (tmp_path / "forecasting.db").write_bytes(empty_database())
    elsewhere = townepark(tmp_path, "token", "--user", "me", "--role", "service", settings={"ENVIRONMENT_NAME": "uat"})
    assert (elsewhere.returncode, elsewhere.stdout) == (1, "")
    assert "embedded default" in elsewhere.stderr
    assert townepark(tmp_path, "token", "--user", "me", "--role", "king").returncode == 2
