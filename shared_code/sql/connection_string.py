"""ODBC connection strings: read, completed and written.

Source: SQL Server through pyodbc and SQLAlchemy, "Connecting".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared_code.errors import ConfigurationError

_PART = re.compile(r"\s*(?P<key>[^=;{}]+?)\s*=\s*(?P<value>\{(?:[^}]|\}\})*\}|[^;]*)\s*(?:;|$)")
_CREDENTIALS = frozenset({"uid", "user id", "user", "authentication", "trusted_connection"})
_NEEDS_BRACES = re.compile(r"[;{}\[\]()?*!@,=]|^\s|\s$")


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """Keywords of a connection and their values; keywords are compared without regard to case.

    The values hold secrets: no text form of this object shows them.
    """

    keywords: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"ConnectionString({', '.join(key for key, _ in self.keywords)})"

    def get(self, keyword: str) -> str | None:
        """The value of `keyword`, or None."""
        wanted = keyword.casefold()
        return next((value for key, value in self.keywords if key.casefold() == wanted), None)

    @property
    def names_a_login(self) -> bool:
        """Whether it says itself how to log in; otherwise the app's identity does."""
        return any(key.casefold() in _CREDENTIALS for key, _ in self.keywords)

    def with_defaults(self, defaults: Mapping[str, str]) -> "ConnectionString":
        """The same with those `defaults` whose keyword it lacks."""
        missing = tuple((key, value) for key, value in defaults.items() if self.get(key) is None)
        return ConnectionString(self.keywords + missing)

    def without(self, keyword: str) -> "ConnectionString":
        """The same without `keyword`."""
        kept = tuple((key, value) for key, value in self.keywords if key.casefold() != keyword.casefold())
        return ConnectionString(kept)

    def text(self, driver: str) -> str:
        """What the driver manager takes, for the driver of that name or path."""
        parts = [f"DRIVER={{{driver}}}", *(f"{key}={_quoted(value)}" for key, value in self.keywords)]
        return ";".join(parts)


def parse_connection(setting: str, value: str) -> ConnectionString:
    """The connection that `value` of `setting` describes: an ODBC string or an address `mssql+pyodbc://…`.

    Raises `ConfigurationError` that names the setting and the accepted forms, never the value.
    """
    if value.startswith("mssql"):
        return _from_url(setting, value)
    keywords = tuple(_parts(setting, value))
    if not any(key.casefold() in {"server", "addr", "address"} for key, _ in keywords):
        raise _unusable(setting)
    return ConnectionString(keywords)


def parse_node(setting: str, value: str) -> ConnectionString:
    """The node at an address `host`, `host:port` or `host,port`, which may be followed by `;Keyword=value` pairs.

    Raises `ConfigurationError` that names the setting and the accepted forms, never the value.
    """
    address, _, options = value.partition(";")
    address = re.sub(r":(\d+)$", r",\1", address.strip())
    if not address or "=" in address:
        raise ConfigurationError(
            f"{setting} is not an address of SQL Server. Accepted: HOST, HOST:PORT or HOST,PORT, optionally "
            "followed by connection keywords, as in HOST,1433;TrustServerCertificate=yes."
        )
    return ConnectionString((("Server", address), *_parts(setting, options)))


def _from_url(setting: str, value: str) -> ConnectionString:
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise _unusable(setting) from None
    options = {key: text for key, text in url.query.items() if isinstance(text, str)}
    embedded = options.pop("odbc_connect", None)
    if embedded is not None:
        return ConnectionString(tuple(_parts(setting, embedded)))
    if not url.host or not url.database:
        raise _unusable(setting)
    keywords = {"Server": _server(url), "Database": url.database}
    if url.username:
        keywords |= {"UID": url.username, "PWD": str(url.password or "")}
    return ConnectionString(tuple((keywords | options).items()))


def _server(url: URL) -> str:
    return f"{url.host},{url.port}" if url.port else str(url.host)


def _parts(setting: str, text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        if not text[position:].strip("; \t"):
            return
        part = _PART.match(text, position)
        if part is None:
            raise _unusable(setting)
        raw = part["value"]
        yield part["key"], raw[1:-1].replace("}}", "}") if raw.startswith("{") else raw.strip()
        position = part.end()


def _quoted(value: str) -> str:
    return "{" + value.replace("}", "}}") + "}" if _NEEDS_BRACES.search(value) else value


def _unusable(setting: str) -> ConfigurationError:
    return ConfigurationError(
        f"{setting} does not describe a database. Accepted: sqlite:///FILE, an ODBC connection string as in "
        "Server=tcp:HOST,1433;Database=NAME, or mssql+pyodbc://HOST:PORT/DATABASE."
    )


__all__ = ["ConnectionString", "parse_connection", "parse_node"]
