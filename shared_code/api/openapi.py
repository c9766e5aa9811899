"""The OpenAPI document: made from the operations and from what each of them demands.

Source: REST API, "Operations" and "Envelope".
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, get_args

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse, Response

from shared_code.api.envelope import Failure
from shared_code.api.file_answers import DESCRIBED
from shared_code.api.forecast_shapes import HeaderShape
from shared_code.api.gate import Demands, check_accept
from shared_code.api.openapi_examples import bodies_of, example_of
from shared_code.api.openapi_failures import failure_examples, failures_of
from shared_code.api.openapi_parameters import REFERENCE, is_repeatable, parameters_of, query_schema
from shared_code.api.repetition import REPLAYED

PATH: Final = "/openapi.json"

_TITLE: Final = "Towne Park Forecasting"
_ABOUT: Final = (
    "Monthly forecasts of managed parking: statistics, payroll, revenue, expenses and the P&L of sites. Every JSON "
    "answer has the same envelope. Money has 2 decimals; `null` means that nothing is saved, 0 means zero."
)
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
    "X-Request-Id": {
        "description": "The id under which log and audit know the request",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    },
    "ETag": {
        "description": "The version of what can be saved, to be sent back as `If-Match`",
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
    "Content-Disposition": {
        "description": "That the file is to be kept, and under which name",
        "schema": {"type": "string", "pattern": '^attachment; filename="[A-Za-z0-9._-]+"$'},
    },
    REPLAYED: {
        "description": "The request was carried out before: this is its first answer",
        "schema": {"type": "string", "const": "true"},
    },
}
"""Headers of answers that several operations give."""
_COUNTED: Final = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_HEADERS_OF: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def document(routes: Sequence[APIRoute], server: str = "/") -> dict[str, Any]:
    """The OpenAPI 3.1 document of `routes`.

    Source: REST API, "Operations".
    """
    result = get_openapi(
        title=_TITLE,
        version="1.0",
        description=_ABOUT,
        openapi_version="3.1.0",
        routes=routes,
        servers=[{"url": server}],
        tags=[{"name": str(name)} for name in dict.fromkeys(tag for route in routes for tag in route.tags)],
    )
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas |= _schemas([Failure, *(demands.body for _, demands in _demanding(routes) if demands.takes_body)])
    for _, demands in _demanding(routes):
        schemas |= query_schema(demands.query).get("$defs", {})
    described: dict[str, Any] = _without_titles(result)
    described["components"] |= {
        "securitySchemes": {"bearer": _BEARER},
        "headers": dict(_HEADERS),
        "examples": failure_examples(),
    }
    for route in routes:
        for method in route.methods or ():
            operation = described["paths"][route.path][method.lower()]
            _complete(operation, route, _demands_of(route), described["components"]["schemas"])
    return described


def openapi_router(base: str, operations: Sequence[APIRoute]) -> APIRouter:
    """The resource below `base` that describes `operations` and itself."""
    router = APIRouter(prefix=base, tags=["operations"])

    @cache
    def body() -> bytes:
        routes = [*operations, *(route for route in router.routes if isinstance(route, APIRoute))]
        return json.dumps(document(routes), separators=(",", ":")).encode("utf-8")

    @router.get(PATH, response_class=JSONResponse, summary="This document")
    def openapi(request: Request) -> Response:
        """Without an envelope."""
        check_accept(request)
        return Response(body(), headers={"Cache-Control": "no-cache"}, media_type="application/json")

    return router


def _complete(
    operation: dict[str, Any], route: APIRoute, demands: Demands[Any, Any] | None, schemas: Mapping[str, Any]
) -> None:
    """Add what the gate demands, the answers of requests that do not pass it, and examples."""
    operation["operationId"] = route.name
    if parameters := parameters_of(route, demands):
        operation["parameters"] = parameters
    if demands is not None:
        operation["security"] = [{"bearer": []}]
        if demands.takes_body:
            schema = {"$ref": REFERENCE.format(model=demands.body.__name__)}
            content = {"schema": schema, "examples": bodies_of(route.name, schema, schemas)}
            operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    failures = failures_of(route, demands)
    answers = {status: one for status, one in operation["responses"].items() if status not in failures}
    for answer in answers.values():
        _show_example(answer, schemas)
    operation["responses"] = {**answers, **failures}
    for status, answer in operation["responses"].items():
        names = _headers(int(status), route, demands)
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _show_example(answer: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
    content = answer.get("content", {}).get("application/json")
    if content is not None and content.get("schema"):
        content["example"] = example_of(content["schema"], schemas)


def _headers(status: int, route: APIRoute, demands: Demands[Any, Any] | None) -> list[str]:
    """The headers of an answer. A server error may come before the request is counted."""
    names = ["X-Request-Id", *_HEADERS_OF.get(status, ())]
    if demands is not None and status < 500:
        names += _COUNTED
    if status < 300 and _shows_version(route.response_model):
        names.append("ETag")
    if status < 300 and is_repeatable(route):
        names.append(REPLAYED)
    if route.responses.get(status) == DESCRIBED:
        names.append("Content-Disposition")
    return names


def _shows_version(model: Any) -> bool:
    """Whether the data of an answer are a record with a version."""
    if not isinstance(model, type) or not issubclass(model, BaseModel) or "data" not in model.model_fields:
        return False
    data = model.model_fields["data"].annotation
    return any(isinstance(kind, type) and issubclass(kind, HeaderShape) for kind in (data, *get_args(data)))


def _without_titles(part: Any) -> Any:
    """Part of the document without the titles that are made from the names of fields."""
    if isinstance(part, dict):
        return {
            name: _without_titles(one)
            for name, one in part.items()
            if name != "title" or not isinstance(one, str) or "version" in part
        }
    return [_without_titles(one) for one in part] if isinstance(part, list) else part


def _schemas(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    """The schemas of `models` and of what they hold, by name."""
    kinds = [(model, "validation") for model in dict.fromkeys(models)]
    _, definitions = models_json_schema(kinds, ref_template=REFERENCE)  # type: ignore[arg-type]
    found: dict[str, Any] = definitions["$defs"]
    return found


def _demanding(routes: Iterable[APIRoute]) -> list[tuple[APIRoute, Demands[Any, Any]]]:
    return [(route, demands) for route in routes if (demands := _demands_of(route)) is not None]


def _demands_of(route: APIRoute) -> Demands[Any, Any] | None:
    """What the operation demands of a request; None for one that anybody may call."""
    calls = (dependency.call for dependency in route.dependant.dependencies)
    return next((call for call in calls if isinstance(call, Demands)), None)
