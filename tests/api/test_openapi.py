"""The OpenAPI document describes what is served."""

import json
import re
from typing import Any

import pytest

from shared_code.api.errors import STATUSES
from tests.api.served_operations import SERVED
from tests.api.serving import BASE, Api

METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    answer = api.get(f"{BASE}/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    result: dict[str, Any] = answer.json()
    return result


def test_every_operation_is_described_once(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    described = {(method, path) for path, item in document["paths"].items() for method in item.keys() & METHODS}
    assert described == {(method.lower(), path) for method, path in SERVED}
    names = [item[method]["operationId"] for item in document["paths"].values() for method in item.keys() & METHODS]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    components = document["components"]
    references = {part.partition('"')[0] for part in text.split('"$ref": "')[1:]}
    assert references
    for reference in references:
        root, _, kind, name = reference.split("/")
        assert root == "#"
        assert kind in {"schemas", "headers", "examples"}
        assert name in components[kind]
    assert "#/$defs" not in text


def test_parameters_carry_the_names_and_values_of_the_contract(document: dict[str, Any]) -> None:
    view = document["paths"][f"{BASE}/pl-view/{{siteId}}/{{period}}"]["get"]
    assert [(one["name"], one["in"]) for one in view["parameters"]] == [
        ("siteId", "path"),
        ("period", "path"),
        ("view", "query"),
        ("compare", "query"),
        ("include", "query"),
    ]
    assert view["parameters"][2]["schema"]["enum"] == ["trend", "forecast", "budget", "actual", "prior-year"]
    rollup = document["paths"][f"{BASE}/pl-view/rollup/{{organizationLevel}}/{{organizationId}}"]["get"]
    assert {"siteId", "legalEntity", "businessSegment"} <= {one["name"] for one in rollup["parameters"]}
    rates = document["paths"]["/api/jobcodes/{site_id}/rates"]["get"]
    as_of = next(one for one in rates["parameters"] if one["name"] == "as_of")
    assert as_of["description"] == "Also: `asOf`"


def test_bodies_and_answers_have_schemas(document: dict[str, Any]) -> None:
    put = document["paths"]["/api/jobcodes/{job_code_id}/rates"]["put"]
    assert put["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/RateBody")
    schemas = document["components"]["schemas"]
    assert set(schemas["RateBody"]["required"]) == {
        "site_id", "hourly_rate", "effective_date", "calculation_method", "reason"
    }  # fmt: skip
    assert schemas["RateBody"]["additionalProperties"] is False
    assert schemas["RateBody"]["properties"]["hourly_rate"]["type"] == "number"
    assert set(schemas["Failure"]["properties"]) == {
        "success", "data", "message", "timestamp", "requestId", "version", "errors"
    }  # fmt: skip
    assert {"400", "401", "403", "404", "406", "409", "413", "415", "422", "429", "500", "503"} <= put[
        "responses"
    ].keys()
    post = document["paths"]["/api/jobcodes/rates/calculate"]["post"]
    assert {"200", "202"} <= post["responses"].keys()


def test_only_health_and_the_document_ask_for_no_token(document: dict[str, Any]) -> None:
    open_to_all = {
        path
        for path, item in document["paths"].items()
        for method in item.keys() & METHODS
        if "security" not in item[method]
    }
    assert open_to_all == {f"{BASE}/health", f"{BASE}/openapi.json"}


def test_answers_say_which_headers_they_carry(document: dict[str, Any]) -> None:
    answers = document["paths"]["/api/jobcodes/{site_id}/rates"]["get"]["responses"]
    counted = {"X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
    assert answers["200"]["headers"].keys() == counted
    assert answers["401"]["headers"].keys() == counted | {"WWW-Authenticate"}
    assert answers["429"]["headers"].keys() == counted | {"Retry-After"}
    assert answers["503"]["headers"].keys() == {"X-Request-Id", "Retry-After"}
    assert document["paths"][f"{BASE}/health"]["get"]["responses"]["200"]["headers"].keys() == {"X-Request-Id"}
    saved = document["paths"][f"{BASE}/statistics/{{siteId}}/{{period}}"]["put"]["responses"]
    assert "ETag" in saved["200"]["headers"]
    assert "Idempotency-Replayed" in document["paths"][f"{BASE}/job-groups"]["post"]["responses"]["201"]["headers"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_a_period_is_described_by_the_forms_that_the_operation_takes(document: dict[str, Any]) -> None:
    def periods(path: str, method: str) -> tuple[str, set[str]]:
        parameters = document["paths"][f"{BASE}{path}"][method]["parameters"]
        found = next(one for one in parameters if one["name"] == "period")
        return found["schema"]["pattern"], set(found["examples"])

    pattern, forms = periods("/statistics/{siteId}/{period}", "get")
    assert forms == {"month", "quarter", "year", "day"}
    assert [bool(re.fullmatch(pattern, text)) for text in ("2025-04-15", "2025-q2", "2025", "2025-4")] == [True] * 3 + [
        False
    ]
    assert periods("/payroll/{siteId}/{period}", "put")[1] == {"month", "day"}
    assert periods("/parking-rates/{siteId}/{period}", "put")[1] == {"month", "year"}
    assert periods("/pl-view/{siteId}/{period}", "get")[1] == {"month", "quarter", "year"}
    pattern, forms = periods("/notes/{siteId}/{period}", "post")
    assert forms == {"month"}
    assert not re.fullmatch(pattern, "2025")


def test_limits_of_values_are_named(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    day = schemas["StatisticsDayBody"]["properties"]
    assert day["occupancy"]["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 1}
    assert day["valetDaily"]["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 99999}
    rate = schemas["RateBody"]["properties"]["hourly_rate"]
    assert rate == {"type": "number", "exclusiveMinimum": 0, "maximum": 999.99}
    listed = {one["name"]: one["schema"] for one in document["paths"][f"{BASE}/sites"]["get"]["parameters"]}
    assert listed["limit"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}


def test_failures_name_their_codes(document: dict[str, Any]) -> None:
    def codes(path: str, method: str, status: str) -> list[str]:
        content = document["paths"][f"{BASE}{path}"][method]["responses"][status]["content"]["application/json"]
        own = content["schema"]["allOf"][1]["properties"]["errors"]["items"]["properties"]["code"]["enum"]
        assert list(content["examples"]) == own
        return list(own)

    assert codes("/me", "get", "401") == ["INVALID_TOKEN", "EXPIRED_TOKEN"]
    assert codes("/sites/{siteId}", "get", "404") == ["SITE_NOT_FOUND", "NOT_FOUND"]
    assert "PERIOD_NOT_AVAILABLE" in codes("/pl-view/{siteId}/{period}", "get", "404")
    assert codes("/statistics/{siteId}/{period}", "put", "412") == ["VERSION_CONFLICT"]
    assert codes("/forecast/{siteId}/{period}", "put", "428") == ["PRECONDITION_REQUIRED"]
    assert "404" not in document["paths"][f"{BASE}/me"]["get"]["responses"]
    assert {name.partition("_4")[0].partition("_5")[0] for name in document["components"]["examples"]} == set(STATUSES)
