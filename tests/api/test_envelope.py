"""The envelope, as clients rely on it."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import pytest

from shared_code.api.envelope import CamelModel, Meta, failure, success
from shared_code.api.errors import STATUSES, answer_error, refusal, shown_value
from shared_code.json_text import json_bytes
from shared_code.logs import RequestNote, noted
from tests.api.serving import BASE, ENVELOPE, Api


@pytest.fixture
def request_id() -> Iterator[str]:
    with noted(RequestNote("req_abc123", "GET"), None, None):
        yield "req_abc123"


def anonymous(body: bytes) -> str:
    """A body without its moment."""
    return re.sub(rb'"timestamp":"[^"]*"', b'"timestamp":"?"', body).decode()


class Point(CamelModel):
    site_id: str
    total_value: Decimal


@pytest.mark.usefixtures("request_id")
def test_a_success_in_full() -> None:
    answer = success(Point(site_id="TP001", total_value=Decimal("12.50")), "Point retrieved successfully")
    assert anonymous(bytes(answer.body)) == (
        '{"success":true,"data":{"siteId":"TP001","totalValue":12.50},"message":"Point retrieved successfully",'
        '"timestamp":"?","requestId":"req_abc123","version":"1.0","errors":[],'
        '"meta":{"total":1,"page":1,"limit":50,"hasMore":false}}'
    )


@pytest.mark.usefixtures("request_id")
def test_a_failure_in_full() -> None:
    details = {"providedValue": "TP@001", "expectedFormat": "alphanumeric"}
    message = "Site ID must be a valid alphanumeric string"
    answer = answer_error(refusal("INVALID_SITE_ID", message, "siteId", details=details))
    assert anonymous(bytes(answer.body)) == (
        '{"success":false,"data":null,"message":"Validation failed","timestamp":"?","requestId":"req_abc123",'
        '"version":"1.0","errors":[{"code":"INVALID_SITE_ID","message":"Site ID must be a valid alphanumeric string",'
        '"field":"siteId","details":{"providedValue":"TP@001","expectedFormat":"alphanumeric"}}]}'
    )
    assert answer.status_code == 400


def test_what_is_served_has_the_members_in_their_order_and_a_moment_of_milliseconds(api: Api) -> None:
    served = api.get(f"{BASE}/health")
    body = served.json()
    assert list(body) == [*ENVELOPE, "meta"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["timestamp"])
    assert served.headers["content-type"] == "application/json"


def test_each_code_has_a_status_of_its_class() -> None:
    for code, statuses in STATUSES.items():
        answer = answer_error(refusal(code, "A sentence."))
        assert answer.status_code == statuses[0]
        assert json.loads(bytes(answer.body))["errors"][0]["code"] == code


@pytest.mark.parametrize(
    ("total", "page", "limit", "has_more"),
    [(0, 1, 50, False), (50, 1, 50, False), (51, 1, 50, True), (51, 2, 50, False)],
)
def test_there_is_more_while_the_pages_do_not_reach_the_total(
    total: int, page: int, limit: int, has_more: bool
) -> None:
    assert Meta.of_page(total, page, limit).has_more is has_more


class Color(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.1"), "0.1"),
        (Decimal("18.092135"), "18.092135"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("123456789012345678901.99"), "123456789012345678901.99"),
        (10**30, "1" + "0" * 30),
        (True, "true"),
        (None, "null"),
        ('quo"te\n\u2028é', '"quo\\"te\\n\u2028é"'),
        (date(2025, 2, 28), '"2025-02-28"'),
        (datetime(2025, 2, 28, 1, 2, 3, 4999, tzinfo=UTC), '"2025-02-28T01:02:03.004Z"'),
        (Color.RED, '"red"'),
        ([], "[]"),
        ({}, "{}"),
        ((1, [2, {"a": None}]), '[1,[2,{"a":null}]]'),
    ],
)
def test_values_are_written_exactly(value: object, text: str) -> None:
    assert json_bytes(value) == text.encode()
    json.loads(json_bytes(value))


@pytest.mark.parametrize("value", [0.1, float("nan"), {1, 2}, object(), b"x"])
def test_a_float_and_other_strangers_are_never_written(value: object) -> None:
    with pytest.raises(TypeError):
        json_bytes([value])


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity")])
def test_a_figure_that_is_not_finite_is_never_written(value: Decimal) -> None:
    with pytest.raises(ValueError, match="not finite"):
        json_bytes(value)


def test_an_offending_value_is_cut_and_always_text_that_can_be_sent() -> None:
    assert shown_value("x" * 200) == "x" * 100
    assert shown_value("\ud800") == "?"


def test_an_error_without_a_request_is_answered_too() -> None:
    assert failure(500, "Something", [refusal("INTERNAL_ERROR", "Something").entries[0]]).status_code == 500
