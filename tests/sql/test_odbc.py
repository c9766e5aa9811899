"""Where the ODBC driver comes from."""

import sys
from pathlib import Path

import pytest

from shared_code.errors import ConfigurationError
from shared_code.sql import odbc
from tests.sql.stand_in_driver import Driver


def install(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setitem(sys.modules, "pyodbc", Driver(names))


def test_the_setting_decides_before_anything_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "ODBC Driver 18 for SQL Server", "My Driver")
    found = odbc.find_driver("my driver")
    assert (found.name, found.origin) == ("My Driver", "setting")


def test_a_path_in_the_setting_is_taken_when_the_file_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch)
    library = tmp_path / "libmsodbcsql.so"
    library.touch()
    assert odbc.find_driver(str(library)).name == str(library)
    with pytest.raises(ConfigurationError, match=r"ODBC_DRIVER names the file .*gone\.so, which does not exist"):
        odbc.find_driver(str(tmp_path / "gone.so"))


def test_a_driver_in_the_setting_that_is_not_installed_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "ODBC Driver 18 for SQL Server")
    with pytest.raises(ConfigurationError) as caught:
        odbc.find_driver("ODBC Driver 19")
    assert "ODBC Driver 19" in caught.value.message
    assert "ODBC Driver 18 for SQL Server" in caught.value.message


@pytest.mark.parametrize(
    ("installed", "name"),
    [
        (("ODBC Driver 17 for SQL Server", "ODBC Driver 18 for SQL Server"), "ODBC Driver 18 for SQL Server"),
        (("FreeTDS", "ODBC Driver 17 for SQL Server"), "ODBC Driver 17 for SQL Server"),
    ],
)
def test_of_the_installed_drivers_18_comes_before_17(
    monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...], name: str
) -> None:
    install(monkeypatch, *installed)
    found = odbc.find_driver()
    assert (found.name, found.origin) == (name, "installed")


def test_without_an_installed_driver_the_wheel_brings_one(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "FreeTDS")
    found = odbc.find_driver()
    assert found.origin == "wheel"
    assert Path(found.name).is_file()
    assert [place.partition(":")[0] for place in found.tried] == [
        "setting ODBC_DRIVER",
        "installed drivers",
        "package mssql-python-odbc",
    ]


def test_without_any_driver_every_place_looked_in_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "FreeTDS")
    monkeypatch.setattr(odbc, "WHEEL", "no_such_package")
    with pytest.raises(ConfigurationError) as caught:
        odbc.find_driver()
    for place in ("setting ODBC_DRIVER", "FreeTDS", "ODBC Driver 17", "package mssql-python-odbc: not installed"):
        assert place in caught.value.message


def test_a_driver_manager_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyodbc", None)
    with pytest.raises(ConfigurationError, match="unixODBC"):
        odbc.find_driver()
