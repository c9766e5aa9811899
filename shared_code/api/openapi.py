"""The OpenAPI document: made from the operations and from what each of them demands.

Source: REST API, "Operations" and "Envelope".
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse, Response

from shared_code.api.envelope import Failure
from shared_code.api.errors import STATUSES
from shared_code.api.fields import JOB_CODE, SITE_CODE
from shared_code.api.gate import Demands, check_accept
from shared_code.api.repetition import KEY, repetition
from shared_code.api.validation import parameter_names
from shared_code.services.idempotency import HEADER
from shared_code.services.pnl_families import COMPARISONS

PATH: Final = "/openapi.json"

_TITLE: Final = "Towne Park Forecasting"
_REFERENCE: Final = "#/components/schemas/{model}"
_BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A token of the issuer, signed with RS256; `townepark token` makes one on a development machine.",
}
_HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "WWW-Authenticate": {"description": "How to authenticate", "schema": {"type": "string", "const": "Bearer"}},
    "Retry-After": {
        "description": "Seconds after which another try is worth it",
        "schema": {"type": "integer", "minimum": 1},
    },
    "X-RateLimit-Limit": {
        "description": "Requests that are permitted in a window",
        "schema": {"type": "integer", "minimum": 1},
    },
    "X-RateLimit-Remaining": {
        "description": "Requests that are left in the window",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-RateLimit-Reset": {
        "description": "When the window ends, in Unix seconds",
        "schema": {"type": "integer", "minimum": 0},
    },
}
"""Headers of answers that several operations give."""
_COUNTED: Final = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_HEADERS_OF: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_EXAMPLE: Final = {
    "success": False,
    "data": None,
    "message": "Validation failed",
    "timestamp": "2025-07-18T19:47:33.976Z",
    "requestId": "req_def456",
    "version": "1.0",
    "errors": [
        {
            "code": "INVALID_SITE_ID",
            "message": "Site ID must be a valid alphanumeric string",
            "field": "siteId",
            "details": {"providedValue": "TP@001", "expectedFormat": "alphanumeric"},
        }
    ],
}

_SITE: Final = {"description": "Code of a site", "schema": {"type": "string", "pattern": SITE_CODE}, "example": "TP001"}
_PATH_PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "siteId": _SITE,
    "site_id": _SITE,
    "organizationLevel": {
        "description": "Level of the organisation",
        "schema": {"type": "string", "enum": ["district", "region", "company", "portfolio"]},
    },
    "organizationId": {
        "description": "Code or name; `all` for the company, `me` for the portfolio",
        "schema": {"type": "string"},
        "example": "all",
    },
    "period": {
        "description": "Month `2025-04`, quarter `2025-Q2` or year `2025`",
        "schema": {"type": "string", "pattern": r"^\d{4}(-(0[1-9]|1[0-2])|-[Qq][1-4])?$"},
        "example": "2025-04",
    },
    "comparisonType": {
        "description": "What is compared with; aliases are accepted too",
        "schema": {"type": "string", "enum": list(COMPARISONS)},
    },
    "jobGroupId": {
        "description": "Id of a job group, in any case",
        "schema": {"type": "string"},
        "example": "valet",
    },
    "jobCode": {
        "description": "Code of a job",
        "schema": {"type": "string", "pattern": JOB_CODE},
        "example": "VLT1",
    },
    "job_code_id": {
        "description": "Code of a job",
        "schema": {"type": "string", "pattern": JOB_CODE},
        "example": "VLT1",
    },
}
"""What is said of the parameters of paths; others are texts."""

_REPETITION: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A request that is sent again with its key is answered again and carried out once",
    "schema": {"type": "string", "pattern": KEY},
}

_ALWAYS: Final = (500, 503)
_OF_DEMANDS: Final = (400, 401, 403, 404, 406, 429)
_OF_BODIES: Final = (409, 413, 415, 422)


def document(routes: Sequence[APIRoute], server: str = "/") -> dict[str, Any]:
    """The OpenAPI 3.1 document of `routes`.

    Source: REST API, "Operations".
    """
    result = get_openapi(title=_TITLE, version="1.0", openapi_version="3.1.0", routes=routes, servers=[{"url": server}])
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas |= _schemas([Failure, *(demands.body for _, demands in _demanding(routes) if demands.takes_body)])
    for _, demands in _demanding(routes):
        schemas |= _query_schema(demands.query).get("$defs", {})
    result["components"] |= {"securitySchemes": {"bearer": _BEARER}, "headers": dict(_HEADERS)}
    for route in routes:
        for method in route.methods or ():
            _complete(result["paths"][route.path][method.lower()], route, _demands_of(route))
    return result


def openapi_router(base: str, operations: Sequence[APIRoute]) -> APIRouter:
    """The resource below `base` that describes `operations` and itself."""
    router = APIRouter(prefix=base, tags=["operations"])

    @cache
    def body() -> bytes:
        routes = [*operations, *(route for route in router.routes if isinstance(route, APIRoute))]
        return json.dumps(document(routes)).encode("utf-8")

    @router.get(PATH, response_class=JSONResponse, summary="This document")
    def openapi(request: Request) -> Response:
        """Without an envelope."""
        check_accept(request)
        return Response(body(), headers={"Cache-Control": "no-cache"}, media_type="application/json")

    return router


def _complete(operation: dict[str, Any], route: APIRoute, demands: Demands[Any, Any] | None) -> None:
    """Add what the gate demands, and the answers of requests that do not pass it."""
    operation["operationId"] = route.name
    parameters: list[dict[str, Any]] = [_path_parameter(name) for name in re.findall(r"\{(\w+)\}", route.path)]
    statuses = list(_ALWAYS)
    if demands is not None:
        parameters += _query_parameters(demands.query)
        statuses += _OF_DEMANDS
        operation["security"] = [{"bearer": []}]
        if demands.takes_body:
            statuses += _OF_BODIES
            schema = {"$ref": _REFERENCE.format(model=demands.body.__name__)}
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if any(dependency.call is repetition for dependency in route.dependant.dependencies):
        parameters.append(_REPETITION)
    if parameters:
        operation["parameters"] = parameters
    for status in sorted(statuses):
        operation["responses"].setdefault(str(status), _failure(status))
    for status, response in operation["responses"].items():
        # A server error may come before the request is counted.
        counted = _COUNTED if demands is not None and int(status) < 500 else ()
        if names := (*_HEADERS_OF.get(int(status), ()), *counted):
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _failure(status: int) -> dict[str, Any]:
    codes = [code for code, statuses in STATUSES.items() if status in statuses]
    content: dict[str, Any] = {"schema": {"$ref": _REFERENCE.format(model=Failure.__name__)}}
    if status == 400:
        content["example"] = _EXAMPLE
    return {"description": " or ".join(codes), "content": {"application/json": content}}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, **_PATH_PARAMETERS.get(name, {"schema": {"type": "string"}})}


def _query_parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    properties = _query_schema(query)["properties"]
    result = []
    for name, field in query.model_fields.items():
        described = {key: value for key, value in properties[name].items() if key != "title"}
        main, *others = parameter_names(name, field)
        parameter = {"name": main, "in": "query", "required": field.is_required(), "schema": described}
        if others:
            parameter["description"] = f"Also: `{'`, `'.join(others)}`"
        result.append(parameter)
    return result


def _query_schema(query: type[BaseModel]) -> dict[str, Any]:
    return query.model_json_schema(ref_template=_REFERENCE, by_alias=False)


def _schemas(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    """The schemas of `models` and of what they hold, by name."""
    kinds = [(model, "validation") for model in dict.fromkeys(models)]
    _, definitions = models_json_schema(kinds, ref_template=_REFERENCE)  # type: ignore[arg-type]
    found: dict[str, Any] = definitions["$defs"]
    return found


def _demanding(routes: Iterable[APIRoute]) -> list[tuple[APIRoute, Demands[Any, Any]]]:
    return [(route, demands) for route in routes if (demands := _demands_of(route)) is not None]


def _demands_of(route: APIRoute) -> Demands[Any, Any] | None:
    """What the operation demands of a request; None for one that anybody may call."""
    calls = (dependency.call for dependency in route.dependant.dependencies)
    return next((call for call in calls if isinstance(call, Demands)), None)
