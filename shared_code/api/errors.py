"""What a client is told when a request is not carried out: codes, statuses, and nothing from inside.

Source: REST API, "Errors"; Architecture, "Rules".
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared_code.api.envelope import ErrorEntry, failure
from shared_code.errors import ForecastError, SourceError, TransientError
from shared_code.sql.transient import fault_of

STATUSES: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "INVALID_SITE_ID": (400,),
        "INVALID_PERIOD": (400,),
        "MISSING_REQUIRED_FIELD": (400,),
        "INVALID_DATA_TYPE": (400,),
        "VALUE_OUT_OF_RANGE": (400,),
        "READ_ONLY_FIELD": (400,),
        "UNKNOWN_FIELD": (400,),
        "DUPLICATE": (400, 409),
        "INVALID_TOKEN": (401,),
        "EXPIRED_TOKEN": (401,),
        "INSUFFICIENT_PERMISSIONS": (403,),
        "SITE_NOT_FOUND": (404,),
        "PERIOD_NOT_AVAILABLE": (404,),
        "NOT_FOUND": (404,),
        "METHOD_NOT_ALLOWED": (405,),
        "NOT_ACCEPTABLE": (406,),
        "PAYLOAD_TOO_LARGE": (413,),
        "UNSUPPORTED_MEDIA_TYPE": (415,),
        "PERIOD_LOCKED": (409,),
        "CONFLICT": (409,),
        "VERSION_CONFLICT": (412,),
        "PRECONDITION_REQUIRED": (428,),
        "CALCULATION_ERROR": (422,),
        "BUSINESS_RULE_VIOLATION": (422,),
        "RATE_LIMIT_EXCEEDED": (429,),
        "DATABASE_ERROR": (500, 503),
        "INTERNAL_ERROR": (500, 503),
        "INTEGRATION_ERROR": (502,),
    }
)
"""Every code of the contract with the statuses under which it appears.

Source: REST API, "Errors".
"""

MOST_ERRORS: Final = 100
"""Errors of one answer; further ones are left out."""

_LONGEST_VALUE = 100
"""Characters of an offending value that are repeated."""

_RETRY_AFTER_S = 5
"""Seconds after which a fault that may pass is worth another try."""

_GENERIC: Final = MappingProxyType(
    {
        "INTERNAL_ERROR": "Something went wrong on our side. Please try again; if it stays, quote the request id.",
        "DATABASE_ERROR": "The database could not carry out the request. Please try again in a moment.",
        "INTEGRATION_ERROR": "A source system could not be read. Please try again later.",
    }
)

_UNKNOWN_PATH = "There is no such resource."


class RefusedError(Exception):
    """A request that a check of the gate refuses, with one entry for each thing that is wrong."""

    def __init__(self, status: int, entries: Sequence[ErrorEntry], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(entries[0].code)
        self.status = status
        self.entries = tuple(entries[:MOST_ERRORS])
        self.headers = dict(headers or {})


def refusal(
    code: str,
    message: str,
    field: str | None = None,
    *,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> RefusedError:
    """A refusal for one reason; its status is the first one of its code."""
    entry = ErrorEntry(code=code, message=message, field=field, details=dict(details or {}))
    return RefusedError(STATUSES[code][0], [entry], headers)


def shown_value(value: object) -> str:
    """An offending value as it is repeated to the client: as text, cut at 100 characters."""
    return str(value)[:_LONGEST_VALUE].encode("utf-8", "replace").decode("utf-8")


def answer_error(error: BaseException) -> Response:
    """The answer to a request that ended in `error`.

    Messages of server errors are generic; what `error` says of itself reaches a client only when it is a refusal or
    one of the product's own errors about the request.

    Source: REST API, "Errors".
    """
    if isinstance(error, RefusedError):
        return _answer(error.status, error.entries, error.headers)
    if isinstance(error, SourceError):
        return _server_error(502, "INTEGRATION_ERROR")
    if isinstance(error, TransientError):
        return _server_error(503, error.code if 503 in STATUSES.get(error.code, ()) else "DATABASE_ERROR")
    if isinstance(error, ForecastError) and error.status < 500:
        return _told(error)
    if isinstance(error, SQLAlchemyError):
        return _server_error(503 if fault_of(error).is_transient else 500, "DATABASE_ERROR")
    if isinstance(error, HTTPException) and error.status_code == 404:
        return answer_error(refusal("NOT_FOUND", _UNKNOWN_PATH))
    return _server_error(500, "INTERNAL_ERROR")


def _told(error: ForecastError) -> Response:
    """A use case's own words, under codes that the contract knows for their status; one entry a field."""
    entries: dict[str | None, ErrorEntry] = {}
    for one in error.all:
        code = one.code
        if one.status not in STATUSES.get(code, ()):
            by_status = {400: "INVALID_DATA_TYPE", 404: "NOT_FOUND", 409: "CONFLICT", 422: "BUSINESS_RULE_VIOLATION"}
            code = by_status.get(one.status, "INTERNAL_ERROR")
        if code == "INTERNAL_ERROR":
            return _server_error(500, code)
        entry = ErrorEntry(code=code, message=one.message, field=one.field, details=one.details)
        entries.setdefault(one.field, entry)
    return _answer(error.status, [*entries.values()][:MOST_ERRORS], {})


def _server_error(status: int, code: str) -> Response:
    headers = {"Retry-After": str(_RETRY_AFTER_S)} if status == 503 else {}
    return _answer(status, [ErrorEntry(code=code, message=_GENERIC[code])], headers)


def _answer(status: int, entries: Sequence[ErrorEntry], headers: Mapping[str, str]) -> Response:
    message = "Validation failed" if status == 400 else entries[0].message
    return failure(status, message, entries, headers)


__all__ = ["MOST_ERRORS", "STATUSES", "RefusedError", "answer_error", "refusal", "shown_value"]
