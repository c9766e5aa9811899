"""What the OpenAPI document says of the parameters of paths, queries and headers.

Source: REST API, "Site ids", "Periods and windows" and "Versions and concurrency".
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, get_args

from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared_code.api.fields import JOB_CODE, SITE_CODE
from shared_code.api.gate import Demands
from shared_code.api.pl_view import Comparison
from shared_code.api.repetition import KEY, repetition
from shared_code.api.validation import parameter_names
from shared_code.domain.trend_windows import TIMEFRAMES
from shared_code.services.idempotency import HEADER
from shared_code.services.periods import FORMATS, PeriodType
from shared_code.services.rollup_members import LEVEL_NAMES

REFERENCE: Final = "#/components/schemas/{model}"

_SITE: Final = {"description": "Code of a site", "schema": {"type": "string", "pattern": SITE_CODE}, "example": "TP001"}
_JOB_CODE: Final = {
    "description": "Code of a job",
    "schema": {"type": "string", "pattern": JOB_CODE},
    "example": "VLT1",
}
_PATH_PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "siteId": _SITE,
    "site_id": _SITE,
    "organizationLevel": {
        "description": "Level of the organisation, under any of its names",
        "schema": {"type": "string", "enum": list(LEVEL_NAMES)},
        "example": "company",
    },
    "organizationId": {
        "description": "Code or name; `all` for the company, `me` for the portfolio",
        "schema": {"type": "string"},
        "example": "all",
    },
    "timeframe": {
        "description": "Which window",
        "schema": {"type": "string", "enum": list(TIMEFRAMES)},
        "example": "12m",
    },
    "comparisonType": {
        "description": "What is compared with, under any of its names",
        "schema": {"type": "string", "enum": list(get_args(Comparison))},
        "example": "budget",
    },
    "jobGroupId": {"description": "Id of a job group, in any case", "schema": {"type": "string"}, "example": "valet"},
    "jobCode": _JOB_CODE,
    "job_code_id": _JOB_CODE,
    "job_id": {"description": "Id that the calculation was answered with", "schema": {"type": "string"}},
    "snapshotId": {"description": "Id of a snapshot", "schema": {"type": "string"}},
    "exportId": {"description": "Id that the export was answered with", "schema": {"type": "string"}},
}
"""What is said of the parameters of paths; others are texts."""

_YEAR: Final = r"20\d{2}"
_FORMS: Final[Mapping[PeriodType, str]] = {
    PeriodType.MONTH: r"-(0[1-9]|1[0-2])",
    PeriodType.QUARTER: "-[Qq][1-4]",
    PeriodType.YEAR: "",
    PeriodType.DAY: r"-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
}
"""What follows the year in each form of a period."""
_EXAMPLES: Final[Mapping[PeriodType, str]] = {
    PeriodType.MONTH: "2025-04",
    PeriodType.QUARTER: "2025-Q2",
    PeriodType.YEAR: "2025",
    PeriodType.DAY: "2025-04-15",
}

_REPETITION: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A request that is sent again with its key is answered again and carried out once",
    "schema": {"type": "string", "pattern": KEY},
}
_PRECONDITION: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The version that was read; it goes before `version` of the body",
    "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[0-9]{1,9}")$'},
    "example": '"4"',
}


def parameters_of(route: APIRoute, demands: Demands[Any, Any] | None) -> list[dict[str, Any]]:
    """The parameters of an operation: those of the path, of the query, then headers."""
    forms = demands.forms if demands else ()
    parameters = [_path_parameter(name, forms) for name in re.findall(r"\{(\w+)\}", route.path)]
    if demands is not None:
        parameters += _query_parameters(demands.query)
        if has_version(demands.body):
            parameters.append(_PRECONDITION)
    if is_repeatable(route):
        parameters.append(_REPETITION)
    return parameters


def is_repeatable(route: APIRoute) -> bool:
    """Whether the operation takes a key by which it is carried out once."""
    return any(dependency.call is repetition for dependency in route.dependant.dependencies)


def has_version(body: type[Any]) -> bool:
    """Whether a request names the version that it was made from."""
    return issubclass(body, BaseModel) and "version" in body.model_fields


def query_schema(query: type[BaseModel]) -> dict[str, Any]:
    """The schema of a query, by the names of its fields in Python."""
    return query.model_json_schema(ref_template=REFERENCE, by_alias=False)


def _path_parameter(name: str, forms: Collection[PeriodType]) -> dict[str, Any]:
    said = _period(forms) if name == "period" else _PATH_PARAMETERS.get(name, {"schema": {"type": "string"}})
    return {"name": name, "in": "path", "required": True, **said}


def _period(forms: Collection[PeriodType]) -> dict[str, Any]:
    """The forms of period that the operation takes."""
    taken = [form for form in _FORMS if form in forms]
    endings = "|".join(_FORMS[form] for form in taken)
    described = ", ".join(f"{form.value} `{FORMATS[form]}`" for form in taken)
    return {
        "description": f"One of: {described}",
        "schema": {"type": "string", "pattern": f"^{_YEAR}({endings})$"},
        "examples": {form.value: {"value": _EXAMPLES[form]} for form in taken},
    }


def _query_parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    properties = query_schema(query)["properties"]
    result = []
    for name, field in query.model_fields.items():
        main, *others = parameter_names(name, field)
        parameter = {
            "name": main,
            "in": "query",
            "required": field.is_required(),
            "schema": _without_null(properties[name]),
        }
        if others:
            parameter["description"] = f"Also: `{'`, `'.join(others)}`"
        result.append(parameter)
    return result


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a parameter: it is left out, never null."""
    shown = {name: value for name, value in schema.items() if name != "title" and (name, value) != ("default", None)}
    choices = [one for one in shown.pop("anyOf", []) if one != {"type": "null"}]
    return {**(choices[0] if len(choices) == 1 else {"anyOf": choices}), **shown} if choices else shown
