"""How an answer tells what is wrong with a request: the field, the value, what is accepted instead.

Source: REST API, "Errors" and "Routing and verbs".
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.statistics_world import BUDGET_JUNE, StatisticsWorld, small_company

JUNE = f"{BASE}/statistics/TP001/2025-06"
DAY = "2025-06-20"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    world = small_company(StatisticsWorld(tmp_path))
    world.budget("TP001", BUDGET_JUNE, ["2025-06"])
    with served(create_app(lambda: world.runtime)) as api:
        yield api
    world.close()


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.text
    return [(error["code"], error["field"]) for error in answer.json()["errors"]]


def put_day(api: Api, **members: Any) -> httpx.Response:
    return api.put(JUNE, {"days": [{"date": DAY, **members}]})


def test_faults_are_told_in_the_order_in_which_the_body_has_them(api: Api) -> None:
    days = [
        {"selfComps": -1, "bogus": 1, "valetDaily": "1", "isWeekend": True, "date": DAY},
        {"valetDaily": -1, "occupancy": 2},
    ]
    assert faults(api.put(JUNE, {"spread": "x", "days": days, "version": "1", "other": 5})) == [
        ("INVALID_DATA_TYPE", "spread"),
        ("VALUE_OUT_OF_RANGE", "days[0].selfComps"),
        ("UNKNOWN_FIELD", "days[0].bogus"),
        ("INVALID_DATA_TYPE", "days[0].valetDaily"),
        ("READ_ONLY_FIELD", "days[0].isWeekend"),
        ("VALUE_OUT_OF_RANGE", "days[1].valetDaily"),
        ("VALUE_OUT_OF_RANGE", "days[1].occupancy"),
        ("MISSING_REQUIRED_FIELD", "days[1].date"),
        ("INVALID_DATA_TYPE", "version"),
        ("UNKNOWN_FIELD", "other"),
    ]


@pytest.mark.parametrize("value", [None, "", 5, {}])
def test_a_field_that_does_not_exist_is_unknown_whatever_its_value(value: object, api: Api) -> None:
    assert faults(put_day(api, bogus=value)) == [("UNKNOWN_FIELD", "days[0].bogus")]


@pytest.mark.parametrize("value", [None, ""])
def test_a_required_field_that_is_empty_is_missing(value: object, api: Api) -> None:
    assert faults(put_day(api, date=value)) == [("MISSING_REQUIRED_FIELD", "days[0].date")]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": [1]}, '{"a": [1]}'), ([], "[]"), ("x" * 200, "x" * 100), (True, True), ([1] * 200, str([1] * 200)[:100]),
    ],
)  # fmt: skip
def test_an_offending_value_of_any_kind_is_repeated_and_cut(value: object, shown: object, api: Api) -> None:
    error = first_error(put_day(api, valetDaily=value))
    assert (error["code"], error["message"]) == ("INVALID_DATA_TYPE", "A number is needed, without quotes")
    assert error["details"] == {"providedValue": shown}


def test_an_enormous_number_within_an_offending_value_is_not_written_out(api: Api) -> None:
    body = b'{"days": {"a": 1e999999999}}'
    status, _, answer = api.send("PUT", JUNE, body, Content_Type="application/json")
    [error] = answer["errors"]
    assert (status, error["field"], error["message"]) == (400, "days", "A list is needed")
    assert error["details"] == {"providedValue": '{"a": "1E+999999999"}'}


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("days", {}, "A list is needed"), ("days", [5], "An object is needed"),
        ("statistics", 5, "An object is needed"),
        ("overwrite", 1, "true or false is needed, without quotes"), ("reason", 5, "A text is needed"),
        ("version", "1", "A whole number is needed, without quotes"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_answered_with_the_type_that_is_needed(
    member: str, value: object, message: str, api: Api
) -> None:
    error = first_error(api.put(JUNE, {member: value}))
    assert (error["code"], error["message"]) == ("INVALID_DATA_TYPE", message)


@pytest.mark.parametrize(
    ("path", "accepted"),
    [
        ("statistics/TP001/2025-06?months=0", ["1 to 12"]),
        ("statistics/TP001/2025-06?months=x", ["1 to 12"]),
        ("statistics/TP001/2025-06?months=9999999999999999", ["1 to 12"]),
        ("statistics/TP001/2025-Q2?months=2", ["1"]),
        ("statistics/TP001/2025-Q2?granularity=day", ["month", "quarter"]),
        ("statistics/TP001/2025-06?include=variance,x", ["variance", "totals", "calculation"]),
        ("statistics/TP001/productivity?window=37", ["1 to 36"]),
        ("statistics/TP001/productivity?period=2025-04-01", ["YYYY-MM", "YYYY-Qn", "YYYY"]),
        ("statistics/TP001/trends/12m?asOf=2025", ["YYYY-MM"]),
        ("payroll/TP001/job-codes?page=-1", ["1 or more"]),
        ("payroll/TP001/job-codes?limit=201", ["1 to 200"]),
        ("audit?from=yesterday", ["YYYY-MM-DD"]),
    ],
)
def test_a_bad_parameter_is_answered_with_what_is_accepted(path: str, accepted: list[str], api: Api) -> None:
    answer = api.get(f"{BASE}/{path}")
    assert answer.status_code == 400, answer.text
    error = first_error(answer)
    assert error["field"] == path.partition("?")[2].partition("=")[0]
    assert error["details"]["accepted"] == accepted


@pytest.mark.parametrize("page", ["2", "0001000000", "9999999999", "999999999999999"])
def test_any_page_past_the_end_is_empty(page: str, api: Api) -> None:
    answer = api.get(f"{BASE}/sites?limit=200&page={page}")
    assert (answer.status_code, answer.json()["data"]) == (200, [])
    assert answer.json()["meta"] == {"total": 3, "page": int(page), "limit": 200, "hasMore": False}


@pytest.mark.parametrize("page", ["1" + "0" * 15, "9" * 1000, "-1", "0"])
def test_a_page_that_cannot_be_is_out_of_range(page: str, api: Api) -> None:
    assert told(api.get(f"{BASE}/sites?page={page}")) == (400, "VALUE_OUT_OF_RANGE", "page")


def test_a_verb_that_is_not_offered_is_answered_with_those_that_are(api: Api) -> None:
    error = first_error(api.client.request("DELETE", JUNE))
    assert error["details"] == {"providedValue": "DELETE", "accepted": ["GET", "PUT"]}


def test_what_is_wrong_with_a_header_is_repeated(api: Api) -> None:
    accept = first_error(api.get(JUNE, headers={"Accept": "text/csv"}))
    assert accept["details"] == {"providedValue": "text/csv", "accepted": ["application/json"]}
    content_type = first_error(api.client.put(JUNE, content="{}", headers={"Content-Type": "text/plain"}))
    assert content_type["details"] == {"providedValue": "text/plain", "accepted": ["application/json"]}


@pytest.mark.parametrize("tag", ['"1"', '"99999999999"', '"' + "9" * 100 + '"', 'W/"0"'])
def test_any_version_that_is_not_the_current_one_is_a_conflict(tag: str, api: Api) -> None:
    answer = api.put(JUNE, {"days": [{"date": DAY, "valetDaily": 1}]}, headers={"If-Match": tag})
    assert told(answer) == (412, "VERSION_CONFLICT", "version")


@pytest.mark.parametrize("tag", ['"0", "1"', "0", '"-1"', '"1.0"', "", '"', '"٣"', '"9"x', '*, "0"', 'w/"0"'])
def test_a_malformed_version_is_refused(tag: str, api: Api) -> None:
    headers = {"If-Match": tag.encode()}
    answer = api.put(JUNE, {"days": [{"date": DAY, "valetDaily": 1}]}, headers=headers)
    assert told(answer) == (400, "INVALID_DATA_TYPE", "If-Match")


def test_a_tag_of_a_read_is_ignored(api: Api) -> None:
    assert api.get(JUNE, headers={"If-None-Match": '"0"'}).status_code == 200


EMOJI = "\N{AUTOMOBILE}"


@pytest.mark.parametrize(("text", "is_kept"), [("x" * 2000, True), (EMOJI * 1000, True), (EMOJI * 1001, False)])
def test_a_text_is_as_long_as_the_database_and_browsers_count_it(text: str, is_kept: bool, api: Api) -> None:
    answer = put_day(api, note=text)
    if is_kept:
        assert answer.json()["data"]["days"][19]["note"] == text
    else:
        assert told(answer) == (400, "VALUE_OUT_OF_RANGE", "days[0].note")
        assert first_error(answer)["details"] == {"providedValue": text[:100], "maxLength": 2000}


@pytest.mark.parametrize("reason", ["     ", " abc ", "\n\n\n\n\n", "", "abcd"])
def test_blanks_are_no_reason(reason: str, api: Api) -> None:
    answer = api.put(JUNE, {"days": [{"date": DAY, "valetDaily": 1}], "reason": reason})
    code = "VALUE_OUT_OF_RANGE" if reason else "MISSING_REQUIRED_FIELD"
    assert told(answer) == (400, code, "reason")


def test_every_rule_that_a_body_breaks_is_told_in_its_order(api: Api) -> None:
    days = [
        {"date": "2025-06-20", "occupiedRooms": 201},
        {"date": "2025-06-21", "occupiedRooms": 200},
        {"date": "2025-06-19", "occupiedRooms": 100, "occupancy": 0.9},
    ]
    answer = api.put(JUNE, {"days": days})
    assert answer.status_code == 422
    assert [(error["code"], error["field"]) for error in answer.json()["errors"]] == [
        ("BUSINESS_RULE_VIOLATION", "days[0].occupiedRooms"),
        ("BUSINESS_RULE_VIOLATION", "days[2].occupiedRooms"),
    ]
    assert answer.json()["message"] == "201 occupied rooms are more than the 200 that the site has."
    assert api.get(JUNE).json()["data"]["version"] == 0


def test_the_rules_that_the_sections_of_a_body_break_are_told_together(api: Api) -> None:
    body = {
        "statistics": {"days": [{"date": DAY, "occupiedRooms": 201}]},
        "payroll": {"entries": [{"date": DAY, "jobGroupId": "nobody", "hours": 8}]},
        "otherRevenue": {"miscellaneous": 5},
    }
    answer = api.put(f"{BASE}/forecast/TP001/2025-06", body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [
        "statistics.days[0].occupiedRooms",
        "payroll.entries[0].jobGroupId",
    ]


def test_the_sections_of_a_body_that_others_have_changed_are_told_together(api: Api) -> None:
    body = {
        "statistics": {"version": 9, "days": [{"date": DAY, "valetDaily": 1}]},
        "otherRevenue": {"version": 9, "miscellaneous": 5},
        "otherExpenses": {"version": 0, "signage": 5},
    }
    answer = api.put(f"{BASE}/forecast/TP001/2025-06", body)
    assert answer.status_code == 412
    assert [(error["code"], error["field"]) for error in answer.json()["errors"]] == [
        ("VERSION_CONFLICT", "statistics.version"),
        ("VERSION_CONFLICT", "otherRevenue.version"),
    ]
