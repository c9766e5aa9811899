"""What the OpenAPI document says of requests that are not carried out: statuses, codes, an example of each.

Source: REST API, "Errors" and "Order of checks".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared_code.api.envelope import Failure
from shared_code.api.errors import STATUSES
from shared_code.api.gate import SITE_PARAMETERS, Demands
from shared_code.api.json_body import LARGEST_BODY
from shared_code.api.openapi_parameters import REFERENCE, has_version

_OF_FAULTS: Final = ("INTERNAL_ERROR", "DATABASE_ERROR")
_OF_ALL: Final = (
    "INVALID_DATA_TYPE",
    "INVALID_TOKEN",
    "EXPIRED_TOKEN",
    "INSUFFICIENT_PERMISSIONS",
    "NOT_ACCEPTABLE",
    "RATE_LIMIT_EXCEEDED",
)
_OF_QUERIES: Final = ("MISSING_REQUIRED_FIELD", "VALUE_OUT_OF_RANGE", "DUPLICATE")
_OF_BODIES: Final = (
    "MISSING_REQUIRED_FIELD",
    "VALUE_OUT_OF_RANGE",
    "READ_ONLY_FIELD",
    "UNKNOWN_FIELD",
    "DUPLICATE",
    "INVALID_SITE_ID",
    "INVALID_PERIOD",
    "SITE_NOT_FOUND",
    "NOT_FOUND",
    "PERIOD_NOT_AVAILABLE",
    "PERIOD_LOCKED",
    "CONFLICT",
    "PAYLOAD_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "CALCULATION_ERROR",
    "BUSINESS_RULE_VIOLATION",
)
_OF_VERSIONS: Final = ("VERSION_CONFLICT", "PRECONDITION_REQUIRED")
_ONLY_WITH_BODY: Final = frozenset({409})
"""Statuses of a code of two that only a request with a body can have."""

_Entry = tuple[str, str | None, Mapping[str, Any]]
_EXAMPLES: Final[Mapping[str, _Entry]] = {
    "INVALID_SITE_ID": (
        "Site ID must be a valid alphanumeric string",
        "siteId",
        {"providedValue": "TP@001", "expectedFormat": "alphanumeric"},
    ),
    "INVALID_PERIOD": (
        "'2025-13' is not a period that is accepted here; accepted are YYYY-MM, YYYY-Qn, YYYY, "
        "with days that exist and years from 2000 to 2099",
        "period",
        {"providedValue": "2025-13", "acceptedFormats": ["YYYY-MM", "YYYY-Qn", "YYYY"]},
    ),
    "MISSING_REQUIRED_FIELD": ("This field is required", "days[0].date", {}),
    "INVALID_DATA_TYPE": (
        "The value is not one of those accepted",
        "view",
        {"providedValue": "weekly", "accepted": ["forecast", "budget", "actual", "all"]},
    ),
    "VALUE_OUT_OF_RANGE": (
        "A fraction lies between 0 and 1",
        "days[0].occupancy",
        {"providedValue": 85, "minimum": 0, "maximum": 1, "suggestion": 0.85},
    ),
    "READ_ONLY_FIELD": (
        "This field is not entered here: it follows from others, or comes from a source",
        "days[0].budget",
        {},
    ),
    "UNKNOWN_FIELD": ("There is no such field", "days[0].ocupancy", {"providedValue": 0.85}),
    "INVALID_TOKEN": ("A valid bearer token is needed.", "Authorization", {}),
    "EXPIRED_TOKEN": ("The token has expired.", "Authorization", {}),
    "METHOD_NOT_ALLOWED": (
        "This resource does not offer that method, but GET, PUT.",
        None,
        {"providedValue": "DELETE", "accepted": ["GET", "PUT"]},
    ),
    "INSUFFICIENT_PERMISSIONS": ("You have no access to this site.", None, {"reason": "site_scope"}),
    "SITE_NOT_FOUND": ("There is no such site.", "siteId", {"providedValue": "TP999"}),
    "PERIOD_NOT_AVAILABLE": (
        "Period 2031-01 is not available; figures are kept from 2024-01-01 to 2026-12-31",
        "period",
        {"providedValue": "2031-01", "earliest": "2024-01-01", "latest": "2026-12-31"},
    ),
    "NOT_FOUND": ("There is no such resource.", None, {}),
    "NOT_ACCEPTABLE": (
        "The answer is available as application/json only.",
        "Accept",
        {"providedValue": "text/html", "accepted": ["application/json"]},
    ),
    "PAYLOAD_TOO_LARGE": ("The body may have 1048576 bytes at most.", "body", {"maximum": LARGEST_BODY}),
    "UNSUPPORTED_MEDIA_TYPE": (
        "The body must be sent as application/json in UTF-8.",
        "Content-Type",
        {"providedValue": "text/plain", "accepted": ["application/json"]},
    ),
    "PERIOD_LOCKED": (
        "Past months are locked.",
        "days[0].date",
        {"lockedDates": ["2025-03-31"], "reason": "past"},
    ),
    "DUPLICATE": ("A group of this title exists.", "title", {"providedValue": "Valet"}),
    "VERSION_CONFLICT": (
        "The record has changed since it was read.",
        "version",
        {
            "providedVersion": 4,
            "currentVersion": 5,
            "updatedBy": "dm1@example.com",
            "updatedAt": "2025-04-15T14:03:11.120Z",
            "conflictingKeys": ["2025-04-20.occupancy"],
        },
    ),
    "PRECONDITION_REQUIRED": (
        "Name the version that this write is based on, in If-Match or as `version`.",
        "version",
        {"currentVersion": 4},
    ),
    "CALCULATION_ERROR": ("There is no rate for this job code.", "entries[0]", {"jobCodes": ["VLT9"]}),
    "BUSINESS_RULE_VIOLATION": ("There are 200 rooms.", "days[0].occupiedRooms", {"maximum": 200}),
    "RATE_LIMIT_EXCEEDED": ("Too many requests.", None, {"limit": 1000}),
    "CONFLICT": ("This is being done already.", None, {"reason": "run_in_progress"}),
    "INTERNAL_ERROR": (
        "Something went wrong on our side. Please try again; if it stays, quote the request id.",
        None,
        {},
    ),
    "DATABASE_ERROR": ("The database could not carry out the request. Please try again in a moment.", None, {}),
    "INTEGRATION_ERROR": ("A source system could not be read. Please try again later.", None, {}),
}
"""An error of each code: message, field, details."""


def failures_of(route: APIRoute, demands: Demands[Any, Any] | None) -> dict[str, Any]:
    """The answers to requests for `route` that are not carried out, by status.

    Statuses follow from what the operation demands; those that only its use case knows are declared at the route
    (`responses={404: {}}`).
    """
    codes = set(_OF_FAULTS) | (set() if demands is None else _codes(route, demands))
    declared = {int(status) for status in route.responses}
    takes_body = demands is not None and demands.takes_body
    by_status: dict[int, list[str]] = {}
    for code, statuses in STATUSES.items():
        for status in statuses:
            is_demanded = code in codes and (takes_body or status not in _ONLY_WITH_BODY)
            if is_demanded or status in declared:
                by_status.setdefault(status, []).append(code)
    return {str(status): _failure(status, found) for status, found in sorted(by_status.items())}


def _codes(route: APIRoute, demands: Demands[Any, Any]) -> set[str]:
    """Every code that a check of the gate or the use case may refuse a request with."""
    places = re.findall(r"\{(\w+)\}", route.path)
    codes = {*_OF_ALL, *_of_places(places)}
    if fields := demands.query.model_fields:
        codes.update(_OF_QUERIES)
        if "period" in fields:
            codes.update(("INVALID_PERIOD", "PERIOD_NOT_AVAILABLE"))
        if any(field.alias == "siteId" for field in fields.values()):
            codes.add("INVALID_SITE_ID")
    if demands.takes_body:
        codes.update(_OF_BODIES)
    if has_version(demands.body) or _has_sections(demands.body):
        codes.update(_OF_VERSIONS)
    return codes


def _of_places(places: Sequence[str]) -> Iterable[str]:
    if not places:
        return
    yield "NOT_FOUND"
    if any(place in SITE_PARAMETERS for place in places):
        yield from ("INVALID_SITE_ID", "SITE_NOT_FOUND")
    if "period" in places:
        yield from ("INVALID_PERIOD", "PERIOD_NOT_AVAILABLE")
    if "timeframe" in places:
        yield from ("INVALID_PERIOD", "PERIOD_NOT_AVAILABLE")


def _has_sections(body: type[Any]) -> bool:
    """Whether a body holds other bodies, each with a version of its own."""
    return issubclass(body, BaseModel) and "otherRevenue" in {field.alias for field in body.model_fields.values()}


def failure_examples() -> dict[str, Any]:
    """An example of a failure for each code and status, by their name in the document."""
    return {
        _example_name(code, status): {"summary": code, "value": _example(code, status)}
        for code, statuses in STATUSES.items()
        for status in statuses
    }


def _failure(status: int, codes: Sequence[str]) -> dict[str, Any]:
    """The envelope of a failure whose codes are among `codes`."""
    reference = {"$ref": REFERENCE.format(model=Failure.__name__)}
    listed = {"properties": {"errors": {"items": {"properties": {"code": {"enum": list(codes)}}}}}}
    examples = {code: {"$ref": f"#/components/examples/{_example_name(code, status)}"} for code in codes}
    content = {"schema": {"allOf": [reference, listed]}, "examples": examples}
    return {"description": " or ".join(codes), "content": {"application/json": content}}


def _example_name(code: str, status: int) -> str:
    return code if len(STATUSES[code]) == 1 else f"{code}_{status}"


def _example(code: str, status: int) -> dict[str, Any]:
    message, field, details = _EXAMPLES[code]
    return {
        "success": False,
        "data": None,
        "message": "Validation failed" if status == 400 else message,
        "timestamp": "2025-07-18T19:47:33.976Z",
        "requestId": "req_def456",
        "version": "1.0",
        "errors": [{"code": code, "message": message, "field": field, "details": dict(details)}],
    }
