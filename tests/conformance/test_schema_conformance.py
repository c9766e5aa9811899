"""What is served keeps to the OpenAPI document that is published: a part of `make fuzz`, always the same."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.api.serving import BASE, Api
from tests.conformance.contract_run import Callers, published, send_generated, served_company

METHODS = {"get", "put", "post", "patch", "delete"}
PLACES = {"siteId": "TP001", "period": "2025-04", "job_code_id": "VLT1", "jobCode": "VLT1", "jobGroupId": "gsa"}
OTHER_PERIODS = {"put_parking_rates": "2025", "post_unit_accounts": "2025-03"}
"""Where an example is about another period than the month."""


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    with served_company(tmp_path_factory.mktemp("company")) as callers:
        yield callers


@pytest.fixture(scope="module")
def api(callers: Callers) -> Api:
    return callers["administrator"]


@pytest.fixture(scope="module")
def document(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"{BASE}/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in item.keys() & METHODS:
            yield method.upper(), path, item[method]


def media_types(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body and answer of JSON, with its place."""
    for method, path, operation in operations(document):
        if "requestBody" in operation:
            yield f"{method} {path}", operation["requestBody"]["content"]["application/json"]
        for status, answer in operation["responses"].items():
            if "application/json" in answer.get("content", {}):
                yield f"{method} {path} {status}", answer["content"]["application/json"]


def examples(document: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    found = [content["example"]] if "example" in content else []
    for example in content.get("examples", {}).values():
        shared = example.get("$ref", "").rpartition("/")[2]
        found.append((document["components"]["examples"][shared] if shared else example)["value"])
    return found


def test_the_document_is_valid_openapi_3_1(api: Api) -> None:
    assert published(api).validate() is None


def test_every_body_and_every_answer_has_examples_that_its_schema_admits(document: dict[str, Any]) -> None:
    for place, content in media_types(document):
        if place.startswith(f"GET {BASE}/openapi.json 2"):
            continue
        found = examples(document, content)
        assert found, place
        schema = {**content["schema"], "components": document["components"]}
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        for example in found:
            assert [error.message for error in validator.iter_errors(example)] == [], place


def test_every_example_of_a_body_is_carried_out(api: Api, document: dict[str, Any]) -> None:
    sent = 0
    for method, path, operation in operations(document):
        if "requestBody" not in operation:
            continue
        places = PLACES | {"period": OTHER_PERIODS.get(operation["operationId"], PLACES["period"])}
        for body in examples(document, operation["requestBody"]["content"]["application/json"]):
            answer = api.client.request(method, path.format(**places), json=body, headers={"If-Match": "*"})
            assert answer.status_code in {200, 201, 202}, (method, path, body, answer.text)
            sent += 1
    assert sent > 20


def test_every_operation_says_what_it_refuses(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        answers = operation["responses"]
        assert {"500", "503"} <= answers.keys(), path
        assert not {"504", "422"} & answers.keys() or "requestBody" in operation or "export" in path, path
        if "security" in operation:
            assert {"400", "401", "403", "406", "429"} <= answers.keys(), path
        assert operation["summary"], (method, path)
        assert len(operation["tags"]) == 1
    assert {tag["name"] for tag in document["tags"]} == {
        operation["tags"][0] for _, _, operation in operations(document)
    }


def test_generated_requests_are_answered_as_the_document_says(callers: Callers) -> None:
    report = send_generated(callers, examples=2)
    assert report.faults == []
    assert report.sent > 230
    assert {200, 400, 403, 404} <= report.by_status().keys()
