"""Addresses of HTTP sources: from the settings, and HTTPS only.

Source: Source side, "HTTP sources".
"""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from shared_code.errors import ConfigurationError
from shared_code.settings import Settings

_LOOPBACK_ENVIRONMENTS = frozenset({"local", "dev", "test"})


def source_address(settings: Settings, setting: str) -> str:
    """The address in `setting` without a trailing slash; a bare host name means HTTPS.

    Plain HTTP is accepted for this machine's own addresses alone, and only in the environments `local`, `dev`
    and `test`. Raises `ConfigurationError`, which names the setting and never repeats its value.

    Source: Source side, "HTTP sources".
    """
    text = str(getattr(settings, setting)).strip()
    name = setting.upper()
    if not text:
        raise ConfigurationError(f"{name} is not set: give the https:// address of the source", field=name)
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        is_plain = _is_plain_address(text, parts)
    except ValueError:
        is_plain = False
    if not is_plain:
        raise ConfigurationError(
            f"{name} is not an address: give https://host, with port and path where needed, without user or query",
            field=name,
        )
    may_use_http = settings.environment_name in _LOOPBACK_ENVIRONMENTS and _is_loopback(parts.hostname or "")
    if parts.scheme != "https" and not (parts.scheme == "http" and may_use_http):
        raise ConfigurationError(f"{name} does not use HTTPS: give an https:// address", field=name)
    return parts.geturl().rstrip("/")


def needed_setting(settings: Settings, setting: str) -> str:
    """The text of `setting`; raises `ConfigurationError` that names it when it is blank."""
    value = str(getattr(settings, setting))
    if not value.strip():
        raise ConfigurationError(f"{setting.upper()} is not set", field=setting.upper())
    return value


def needed_secret(settings: Settings, setting: str) -> str:
    """The value of the secret `setting`; raises `ConfigurationError` that names it when it is empty."""
    value = str(getattr(settings, setting).get_secret_value())
    if not value:
        raise ConfigurationError(f"{setting.upper()} is not set", field=setting.upper())
    return value


def _is_plain_address(text: str, parts: SplitResult) -> bool:
    if not (text.isascii() and text.isprintable()) or any(sign in text for sign in ' @?#\\"'):
        return False
    return bool(parts.hostname) and parts.port != 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
