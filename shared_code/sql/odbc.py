"""Which ODBC driver reaches SQL Server on this machine.

Source: SQL Server through pyodbc and SQLAlchemy, "Connecting".
"""

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from shared_code.errors import ConfigurationError

KNOWN_DRIVERS = ("ODBC Driver 18 for SQL Server", "ODBC Driver 17 for SQL Server")
"""Names under which Microsoft's driver installs itself, the preferred one first."""

WHEEL = "mssql_python_odbc"
"""Import name of the package that carries Microsoft's driver 18 as a file."""

_WHEEL_FOLDERS = {"linux": "linux", "darwin": "macos", "win32": "windows"}
_WHEEL_FILES = {"linux": "libmsodbcsql-*.so*", "darwin": "libmsodbcsql.*.dylib", "win32": "msodbcsql??.dll"}
_MACHINES = ({"x86_64", "amd64", "x64"}, {"arm64", "aarch64"})
_LINUX_FAMILIES = (
    ("alpine", ("/etc/alpine-release",)),
    ("rhel", ("/etc/redhat-release", "/etc/centos-release", "/etc/azurelinux-release", "/etc/mariner-release")),
    ("suse", ("/etc/SuSE-release", "/etc/SUSE-brand")),
)


@dataclass(frozen=True, slots=True)
class OdbcDriver:
    """The driver that is used: its registered name or its path, where it came from, and every place tried in order."""

    name: str
    origin: Literal["setting", "installed", "wheel"]
    tried: tuple[str, ...]


def find_driver(setting: str = "") -> OdbcDriver:
    """The driver of the setting `ODBC_DRIVER` (name or path), else the installed 18 or 17, else the wheel's.

    Raises `ConfigurationError` that lists every place looked in; a driver that the setting names and that is not
    there is never replaced by another one.

    Source: SQL Server through pyodbc and SQLAlchemy, "Connecting".
    """
    installed = installed_drivers()
    if setting:
        return _driver_of_setting(setting, installed)
    tried = ["setting ODBC_DRIVER: empty"]
    for name in KNOWN_DRIVERS:
        if name in installed:
            return OdbcDriver(name, "installed", (*tried, f"installed drivers: {name} found"))
    tried.append(f"installed drivers: {_listed(installed)}, neither {' nor '.join(KNOWN_DRIVERS)}")
    library, looked_in = _library_of_wheel()
    tried.append(looked_in)
    if library is None:
        raise ConfigurationError(
            f"No ODBC driver for SQL Server was found. Looked in: {'; '.join(tried)}. "
            "Install Microsoft's ODBC Driver 18 or the package mssql-python-odbc, or name a driver in ODBC_DRIVER."
        )
    return OdbcDriver(str(library), "wheel", tuple(tried))


def installed_drivers() -> Sequence[str]:
    """Names of the drivers registered with the driver manager.

    Raises `ConfigurationError` when pyodbc itself cannot be loaded: then no driver can be used at all.
    """
    drivers: Sequence[str] = load_pyodbc().drivers()
    return drivers


def load_pyodbc() -> Any:
    """The module pyodbc; raises `ConfigurationError` that says what it lacks."""
    try:
        return import_module("pyodbc")
    except ImportError as error:
        raise ConfigurationError(
            "SQL Server cannot be reached: the package pyodbc cannot be loaded, most likely because the driver "
            "manager unixODBC (libodbc.so.2) is missing. Install the system package unixodbc."
        ) from error


def _driver_of_setting(setting: str, installed: Sequence[str]) -> OdbcDriver:
    if "/" in setting or "\\" in setting:
        if not Path(setting).is_file():
            raise ConfigurationError(
                f"The setting ODBC_DRIVER names the file {setting}, which does not exist. Looked in: that path only, "
                "because the setting decides. Empty it to have a driver found."
            )
        return OdbcDriver(setting, "setting", (f"setting ODBC_DRIVER: file {setting} found",))
    registered = {name.casefold(): name for name in installed}
    name = registered.get(setting.strip("{}").casefold())
    if name is None:
        raise ConfigurationError(
            f"The setting ODBC_DRIVER names the driver {setting}, which is not installed. Looked in: installed "
            f"drivers: {_listed(installed)}. Accepted are one of these, a path, or nothing to have a driver found."
        )
    return OdbcDriver(name, "setting", (f"setting ODBC_DRIVER: {name} found among the installed drivers",))


def _library_of_wheel() -> tuple[Path | None, str]:
    """The driver's file inside the wheel, and what was looked at."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None, "package mssql-python-odbc: not installed"
    folder = Path(spec.submodule_search_locations[0]) / "libs" / _WHEEL_FOLDERS.get(sys.platform, sys.platform)
    if sys.platform == "linux":
        folder = folder / _linux_family()
    machine = platform.machine().lower()
    same_machine = next((names for names in _MACHINES if machine in names), {machine})
    files = folder.rglob(_WHEEL_FILES[sys.platform]) if sys.platform in _WHEEL_FILES else ()
    libraries = sorted(file for file in files if same_machine & set(file.relative_to(folder).parts))
    if not libraries:
        return None, f"package mssql-python-odbc: no driver for {machine} in {folder}"
    return libraries[-1], f"package mssql-python-odbc: {libraries[-1].name} found"


def _linux_family() -> str:
    """The folder of the wheel for this distribution; Debian's libraries serve where none of the others is meant."""
    for family, marks in _LINUX_FAMILIES:
        if any(Path(mark).exists() for mark in marks):
            return family
    return "debian_ubuntu"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"


__all__ = ["KNOWN_DRIVERS", "OdbcDriver", "find_driver", "installed_drivers", "load_pyodbc"]
