"""Media types of requests: what a body is in, and what a client takes.

Source: REST API, "Routing and verbs".
"""

from decimal import Decimal, InvalidOperation

from shared_code.domain.rounding import ZERO

JSON = "application/json"


def is_json(content_type: str) -> bool:
    """Whether a body of this `Content-Type` is JSON in UTF-8."""
    kind, parameters = _parts(content_type)
    return kind == JSON and parameters.get("charset", "utf-8").strip('"') in {"utf-8", "utf8"}


def accepts(accept: str, media_type: str) -> bool:
    """Whether the header `Accept` admits `media_type`; the most exact range decides, an empty header admits all."""
    if not accept.strip():
        return True
    ranges = dict(_quality(part) for part in accept.split(","))
    family = media_type.partition("/")[0] + "/*"
    for candidate in (media_type, family, "*/*"):
        if candidate in ranges:
            return ranges[candidate] > 0
    return False


def _quality(part: str) -> tuple[str, Decimal]:
    kind, parameters = _parts(part)
    try:
        quality = Decimal(parameters.get("q", "1"))
    except InvalidOperation:
        return kind, ZERO
    return kind, quality if quality.is_finite() else ZERO


def _parts(text: str) -> tuple[str, dict[str, str]]:
    kind, *parameters = (piece.strip().lower() for piece in text.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return kind, {name.strip(): value.strip() for name, _, value in pairs}
