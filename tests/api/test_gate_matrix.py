"""Every operation that is served, by every role, on sites of theirs and of others, and without a token."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from shared_code.api.app import ALIASES, create_app
from tests.api.permission_table import AM, BILLING, CV, DM, FA, FOREIGN, OWN, ROLES, RVP, SERVICE, TABLE, Call, Target
from tests.api.served_operations import SERVED
from tests.api.serving import Api, first_error, served, told
from tests.support.pnl_world import PnlWorld

UNREACHED = {AM, DM, RVP}
"""Roles that do not reach the foreign site, district or region."""

BEHIND_THE_GATE = {200, 201, 202, 400, 404, 409, 422}
"""What is answered to a caller who may call, to requests that say little."""


CALLS = [call for call in TABLE if call.operation in SERVED]
CALLS += [
    replace(call, path=call.path.replace(family, alias, 1))
    for call in CALLS
    for alias, family in ALIASES.items()
    if call.path.startswith(f"{family}/")
]
GUARDED = [call for call in CALLS if call.roles is not None]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """TP001 in Alpha (East), TP003 in Beta (West)."""
    world = PnlWorld(tmp_path_factory.mktemp("matrix"), feature_workflow=True)
    world.add_districts(ALPHA="EAST", BETA="WEST")
    for site, district, region in ((OWN, "ALPHA", "EAST"), (FOREIGN, "BETA", "WEST")):
        world.add_sites(site, district_code=district, region_code=region)
        world.belongs(site, district, region)
        world.employ(site, "VLT1")
    with served(create_app(lambda: world.runtime)) as api:
        yield api
    world.close()


@pytest.fixture(scope="module")
def callers(api: Api) -> dict[str, Api]:
    """Somebody in each role, whose token carries every scope that the role grants."""
    covered: dict[str, dict[str, list[str]]] = {
        AM: {"sites": [OWN]},
        DM: {"districts": ["ALPHA"]},
        RVP: {"regions": ["EAST"]},
    }
    return {role: api.signed_in(role, role, **covered.get(role, {})) for role in ROLES}


def ask(caller: Api, call: Call, target: Target = "own") -> httpx.Response:
    body = None if call.method == "GET" else call.content(target)
    return caller.client.request(call.method, call.url(target), json=body)


def reason_of(answer: httpx.Response) -> str:
    """Why a caller was refused."""
    assert told(answer) == (403, "INSUFFICIENT_PERMISSIONS", None)
    return str(first_error(answer)["details"]["reason"])


def test_every_operation_that_is_served_is_in_the_table() -> None:
    assert SERVED.keys() - {call.operation for call in TABLE} == set()


def test_every_operation_but_the_anonymous_ones_makes_demands_of_its_callers() -> None:
    anonymous = {call.operation for call in CALLS if call.roles is None}
    assert {operation for operation, is_guarded in SERVED.items() if not is_guarded} == anonymous


@pytest.mark.parametrize("call", GUARDED, ids=str)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_call_what_the_contract_says(role: str, call: Call, callers: dict[str, Api]) -> None:
    assert call.roles is not None
    answer = ask(callers[role], call)
    if role in call.roles:
        assert answer.status_code in BEHIND_THE_GATE, answer.text
    else:
        assert reason_of(answer) in {"scope", "role"}


@pytest.mark.parametrize("call", [call for call in GUARDED if call.has_foreign], ids=str)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_only_its_own(role: str, call: Call, callers: dict[str, Api]) -> None:
    assert call.roles is not None
    answer = ask(callers[role], call, "foreign")
    if role not in call.roles:
        assert reason_of(answer) in {"scope", "role", *(["site_scope"] if call.judged_by_body else [])}
    elif role in UNREACHED:
        assert reason_of(answer) == call.foreign_reason
        assert FOREIGN not in answer.text
    else:
        assert answer.status_code in BEHIND_THE_GATE, answer.text


@pytest.mark.parametrize("call", GUARDED, ids=str)
def test_no_operation_is_served_without_a_token_that_holds(call: Call, api: Api) -> None:
    now = int(api.runtime.clock.now().timestamp())
    past = now - int(timedelta(hours=2).total_seconds())
    for caller, code in (
        (api.anonymous(), "INVALID_TOKEN"),
        (api.with_token(iat=past, exp=past + 3600), "EXPIRED_TOKEN"),
        (api.with_token(aud="another-api"), "INVALID_TOKEN"),
    ):
        answer = ask(caller, call)
        assert told(answer) == (401, code, "Authorization")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("call", GUARDED, ids=str)
def test_no_operation_is_served_without_a_role(call: Call, api: Api) -> None:
    assert reason_of(ask(api.with_token(sub="stranger", roles=list(ROLES)), call)) == "no_role"
    assert reason_of(ask(api.with_token(roles=["superuser"]), call)) == "no_role"


@pytest.mark.parametrize("call", [call for call in CALLS if call.roles is None], ids=str)
def test_what_anybody_may_get_needs_no_token(call: Call, api: Api) -> None:
    assert ask(api.anonymous(), call).status_code in {200, 503}
    assert ask(api.with_token(aud="another-api"), call).status_code in {200, 503}


@pytest.mark.parametrize("role", [FA, CV, SERVICE, BILLING])
def test_a_narrowed_token_does_not_reach_beyond_what_it_names(role: str, api: Api) -> None:
    narrowed = api.signed_in(f"narrowed-{role}", role, siteAccess=[OWN])
    for call in GUARDED:
        names_a_site = call.has_foreign and call.foreign is None
        if names_a_site and call.roles is not None and role in call.roles:
            assert reason_of(ask(narrowed, call, "foreign")) == "site_scope"
