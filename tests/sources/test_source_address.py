"""Addresses of HTTP sources use HTTPS, except this machine's own while developing."""

from typing import Literal

import pytest

from shared_code.errors import ConfigurationError
from shared_code.settings import Settings
from shared_code.sources.source_address import source_address


def _settings(host: str, environment: Literal["test", "production"] = "test") -> Settings:
    return Settings(environment_name=environment, budget_api_host=host)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("https://budget.example.org", "https://budget.example.org"),
        ("https://budget.example.org:8443/finance/", "https://budget.example.org:8443/finance"),
        ("budget.example.org", "https://budget.example.org"),
        ("budget.example.org:8443", "https://budget.example.org:8443"),
    ],
)
def test_an_address_uses_https_also_where_only_the_host_is_given(host: str, address: str) -> None:
    assert source_address(_settings(host, "production"), "budget_api_host") == address


@pytest.mark.parametrize("host", ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080"])
def test_plain_http_to_this_machine_is_for_development_and_tests_only(host: str) -> None:
    assert source_address(_settings(host, "test"), "budget_api_host") == host
    with pytest.raises(ConfigurationError, match="BUDGET_API_HOST does not use HTTPS"):
        source_address(_settings(host, "production"), "budget_api_host")


@pytest.mark.parametrize(
    "host",
    ["http://budget.example.org", "http://127.0.0.1.example.org", "http://localhost.example.org", "ftp://127.0.0.1"],
)
def test_plain_http_to_another_machine_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="does not use HTTPS"):
        source_address(_settings(host), "budget_api_host")


@pytest.mark.parametrize(
    "host",
    [
        "https://",
        "https://user:secret@budget.example.org",
        "https://budget.example.org?key=secret",
        "https://budget.example.org#secret",
        "https://budget.example.org:99999",
        "https://budget.example.org:port",
        "https://budget example.org",
        "https://[secret",
        "https://bud\u0000get.example.org",
        "https://127.0.0.1\\@secret.example.org",
    ],
)
def test_what_is_no_plain_address_is_refused_without_repeating_it(host: str) -> None:
    with pytest.raises(ConfigurationError, match="BUDGET_API_HOST is not an address") as caught:
        source_address(_settings(host), "budget_api_host")

    assert "secret" not in caught.value.message


@pytest.mark.parametrize("host", ["", "   "])
def test_a_missing_address_names_its_setting(host: str) -> None:
    with pytest.raises(ConfigurationError, match="BUDGET_API_HOST is not set"):
        source_address(_settings(host), "budget_api_host")
