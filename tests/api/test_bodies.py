"""Bodies of requests: form, size and members."""

import json
from typing import Any

import pytest

from tests.api.serving import Api, told
from tests.support.rate_world import RateWorld

PUT = "/api/jobcodes/VLT1/rates"
ENTRY = {
    "site_id": "TP001",
    "hourly_rate": 18.5,
    "effective_date": "2025-07-01",
    "calculation_method": "fixed",
    "reason": "new scale",
}
JSON = "application/json"


def put(api: Api, body: bytes, **headers: str) -> tuple[int, str, str | None]:
    status, _, answer = api.send("PUT", PUT, body, **({"Content_Type": JSON} | headers))
    if answer["success"]:
        return status, "", None
    [error] = answer["errors"]
    return status, error["code"], error["field"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"text"', b"1", b"{}{}", b"{'site_id': 'TP001'}", b"\xff\xfe{}",
        b"\xef\xbb\xbf" + json.dumps(ENTRY).encode(), json.dumps(ENTRY).encode("utf-16"),
        json.dumps(ENTRY)[:-1].encode() + b', "site_id": "TP002"}', b'{"a": {"b": 1, "b": 2}}',
        b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", b"[" * 100_000, b'{"a":' * 50_000, b'{"hourly_rate": NaN}',
        b'{"hourly_rate": Infinity}', b'{"hourly_rate": 1e99999999999999999999}', b'{"hourly_rate": 018}',
        b'{"hourly_rate": ' + b"9" * 5000 + b"}", b'{"reason": "\\ud800"}', b'{"reason": "a\x00b"}',
        b'{"reason": "\xc3\x28"}', b'{"reason": "a", }',
    ],
)  # fmt: skip
def test_a_body_that_is_no_strict_json_object_is_refused(body: bytes, api: Api, world: RateWorld) -> None:
    assert put(api, body) == (400, "INVALID_DATA_TYPE", "body")
    assert world.history() == []


def test_nesting_of_20_levels_is_read(api: Api) -> None:
    body: dict[str, Any] = ENTRY | {"deep": json.loads("[" * 19 + "]" * 19)}
    assert told(api.put(PUT, body)) == (400, "UNKNOWN_FIELD", "deep")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/jsonx", "application/json; charset=latin-1", "text/json", ";"]
)
def test_another_content_type_is_not_supported(content_type: str, api: Api) -> None:
    assert put(api, json.dumps(ENTRY).encode(), Content_Type=content_type) == (
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        "Content-Type",
    )


@pytest.mark.parametrize("content_type", [JSON, "Application/JSON", 'application/json; charset="UTF-8"'])
def test_json_in_utf_8_is_supported(content_type: str, api: Api) -> None:
    assert put(api, json.dumps(ENTRY).encode(), Content_Type=content_type) == (200, "", None)


def test_a_compressed_body_is_not_supported(api: Api) -> None:
    assert put(api, b"\x1f\x8b", Content_Encoding="gzip")[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(("size", "status"), [(1024 * 1024, 400), (1024 * 1024 + 1, 413), (5_000_000, 413)])
def test_a_body_has_one_megabyte_at_most(size: int, status: int, api: Api) -> None:
    body = json.dumps(ENTRY | {"note": ""}).encode()
    filled = body.replace(b'"note": ""', b'"note": "' + b"x" * (size - len(body)) + b'"')
    assert len(filled) == size
    assert put(api, filled)[0] == status


def test_a_body_without_a_length_is_empty_on_the_platform_and_therefore_refused(api: Api) -> None:
    answer = api.client.put(PUT, content=iter([json.dumps(ENTRY).encode()]), headers={"Content-Type": JSON})
    assert told(answer) == (400, "INVALID_DATA_TYPE", "body")


def test_at_most_100_errors_are_told(api: Api) -> None:
    errors = api.put(PUT, {f"f{number}": number for number in range(500)}).json()["errors"]
    assert len(errors) == 100
    assert [error["field"] for error in errors[:2]] == ["f0", "f1"]


def test_names_and_values_of_members_are_repeated_as_text_and_cut(api: Api) -> None:
    [error] = api.put(PUT, ENTRY | {"<script>": "x" * 5000}).json()["errors"]
    assert (error["code"], error["field"]) == ("UNKNOWN_FIELD", "<script>")
    assert error["details"] == {"providedValue": "x" * 100}


def test_a_member_with_an_enormous_name_is_cut_too(api: Api) -> None:
    [error] = api.put(PUT, ENTRY | {"n" * 100_000: 1}).json()["errors"]
    assert error["field"] == "n" * 100


def test_a_body_of_a_read_is_ignored(api: Api) -> None:
    status, _, body = api.send("GET", "/api/jobcodes/TP001/rates", b"{nonsense", Content_Type="text/plain")
    assert (status, body["success"]) == (200, True)
