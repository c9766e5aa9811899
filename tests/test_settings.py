"""Settings: a value that is not accepted stops the start, and the message says which setting and what it accepts."""

from typing import get_args

import pytest

from shared_code.errors import ConfigurationError
from shared_code.security.roles import Role
from shared_code.settings import RoleName, load_settings


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("ENVIRONMENT_NAME", "prod", "'uat' or 'production'"),
        ("LOG_LEVEL", "loud", "'warning' or 'error'"),
        ("EDW_AUTH", "hunter2", "'entra', 'sql' or 'agent'"),
        ("BUDGET_SOURCE", "both", "'edw', 'api' or 'edw_then_api'"),
        ("WORKDAY_SOURCE", "both", "'edw' or 'api'"),
        ("JOB_RATE_METHOD", "median", "'weighted_average' or 'average'"),
        ("INTERNAL_REVENUE_ADJUST_ROLES", "district_manager,king", "'billing_admin' or 'service'"),
        ("SOURCE_TIME_ZONE", "Mars/Olympus", "America/New_York"),
        ("BUSINESS_TIME_ZONE", "", "America/New_York"),
        ("SLOTS_PL", "0", "greater than or equal to 1"),
        ("LEASE_TTL_S", "soon", "integer"),
        ("EDW_NODES", "hunter2", "JSON"),
        ("WARNING_THRESHOLDS", "{'A': 1}", "JSON"),
    ],
)
def test_a_value_that_is_not_accepted_is_refused_with_what_is(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, accepted: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError) as refused:
        load_settings()

    assert refused.value.message.startswith(f"Settings are wrong: {name}: ")
    assert accepted in refused.value.message
    assert "hunter2" not in refused.value.message, "it may be a secret"


def test_every_setting_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("SLOTS_PAYROLL", "many")

    with pytest.raises(ConfigurationError) as refused:
        load_settings()

    assert "LOG_LEVEL" in refused.value.message
    assert "SLOTS_PAYROLL" in refused.value.message


def test_roles_of_settings_are_the_roles_of_the_contract() -> None:
    assert set(get_args(RoleName)) == {role.value for role in Role}
