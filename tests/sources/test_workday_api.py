"""The Workday API: its login, its parameters and its rows, against a real server."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared_code.clock import FixedClock
from shared_code.errors import ConfigurationError, SourceError
from shared_code.settings import Settings
from shared_code.sources.exact_json import parse_exact_json
from shared_code.sources.row_fields import Reject
from shared_code.sources.workday_api import EMPLOYEES_PATH, Allocation, Employee, WorkdayApi, parse_employee_row
from tests.sources.scripted_server import Reply, ScriptedServer, scripted_server

ROW: dict[str, object] = {
    "employeeId": "100234",
    "status": "active",
    "hireDate": "2021-03-01",
    "terminationDate": None,
    "jobCode": "GSA1",
    "jobProfile": "GSA1",
    "isSalaried": False,
    "fte": "1.0",
    "annualBasePay": None,
    "allocations": [{"siteId": "0123", "percent": "100.0"}],
    "updatedAt": "2025-04-02T05:10:00Z",
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def _settings(server: ScriptedServer, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "environment_name": "test",
        "workday_api_host": server.address,
        "workday_user": "forecasting",
        "workday_password": "pässword:1",
        "workday_page_size": 2,
    }
    return Settings(**values | changes)


def _api(server: ScriptedServer) -> WorkdayApi:
    clock = FixedClock(datetime(2025, 6, 10, 12, tzinfo=UTC))
    return WorkdayApi(_settings(server), clock=clock, sleep=lambda _: None, jitter=lambda: 0.0)


def _page(*rows: object, page: int = 1, total: int | None = None, more: bool = False) -> Reply:
    meta = {"page": page, "limit": 2, "total": len(rows) if total is None else total, "hasMore": more}
    return Reply({"data": list(rows), "meta": meta})


def test_employees_are_read_page_by_page_with_basic_authentication(server: ScriptedServer) -> None:
    server.answer(EMPLOYEES_PATH, _page(ROW, ROW, total=3, more=True), _page(ROW, page=2, total=3))

    pages = list(_api(server).employees(datetime(2025, 4, 2, 5, 10, tzinfo=UTC)))

    first, second = server.received
    scheme, _, login = first.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(login).decode()) == ("Basic", "forecasting:pässword:1")
    assert first.query["status"] == ["active"]
    assert first.query["updatedSince"] == ["2025-04-02T05:10:00Z"]
    assert (first.query["page"], second.query["page"]) == (["1"], ["2"])
    assert first.query["limit"] == ["2"]
    assert [len(page.records) for page in pages] == [2, 1]


def test_only_the_fields_that_the_product_uses_are_asked_for(server: ScriptedServer) -> None:
    server.answer(EMPLOYEES_PATH, _page())

    list(_api(server).employees())

    (request,) = server.received
    assert request.query["fields"] == [
        "employeeId,status,hireDate,terminationDate,jobCode,jobProfile,isSalaried,fte,annualBasePay,allocations,updatedAt"
    ]
    assert "updatedSince" not in request.query


def test_another_status_can_be_asked_for(server: ScriptedServer) -> None:
    server.answer(EMPLOYEES_PATH, _page())

    list(_api(server).employees(status="terminated"))

    assert server.received[0].query["status"] == ["terminated"]


def test_a_refused_password_is_not_sent_twice(server: ScriptedServer) -> None:
    server.answer(EMPLOYEES_PATH, Reply(status=401), _page())

    with pytest.raises(SourceError, match="the login was refused") as caught:
        list(_api(server).employees())

    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert len(server.received) == 1


@pytest.mark.parametrize("setting", ["workday_api_host", "workday_user", "workday_password"])
def test_a_missing_setting_is_named(server: ScriptedServer, setting: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{setting.upper()} is not set"):
        WorkdayApi(_settings(server, **{setting: ""}))


def test_a_user_with_a_colon_cannot_log_in_and_is_refused_at_the_start(server: ScriptedServer) -> None:
    with pytest.raises(ConfigurationError, match="WORKDAY_USER holds a colon"):
        WorkdayApi(_settings(server, workday_user="domain:user"))


def _row(**changes: object) -> Employee | Reject:
    return parse_employee_row(parse_exact_json(Reply(ROW | changes).payload()))


def _employee(**changes: object) -> Employee:
    employee = _row(**changes)
    assert isinstance(employee, Employee)
    return employee


def _sites(*parts: tuple[str, object]) -> list[dict[str, object]]:
    return [{"siteId": site_id, "percent": percent} for site_id, percent in parts]


def test_a_row_becomes_a_typed_record() -> None:
    assert _employee() == Employee(
        employee_id="100234",
        status="active",
        hire_date=date(2021, 3, 1),
        termination_date=None,
        job_code="GSA1",
        job_profile="GSA1",
        is_salaried=False,
        fte=Decimal("1.0"),
        annual_base_pay=None,
        allocations=(Allocation("0123", Decimal("100.0")),),
        updated_at=datetime(2025, 4, 2, 5, 10, tzinfo=UTC),
    )


def test_the_required_fields_alone_leave_the_rest_unknown() -> None:
    required = {name: ROW[name] for name in ("employeeId", "status", "jobCode", "allocations")}

    employee = parse_employee_row(parse_exact_json(Reply(required).payload()))

    assert isinstance(employee, Employee)
    assert employee.is_salaried is None
    assert employee.annual_base_pay is None


@pytest.mark.parametrize("pay", [85000.25, "85000.25"])
def test_pay_is_exact_and_never_shown_in_a_text_form(pay: object) -> None:
    employee = _employee(annualBasePay=pay)

    assert employee.annual_base_pay == Decimal("85000.25")
    assert "85000" not in repr(employee)
    assert "100234" not in repr(employee)


@pytest.mark.parametrize(
    "percents",
    [["100"], ["60", "40"], ["33.33", "33.33", "33.33"], ["33.34", "33.34", "33.33"], [99.99], ["100", "0"]],
)
def test_allocations_that_make_100_percent_within_a_hundredth_are_accepted(percents: list[object]) -> None:
    parts = [(f"01{index:02d}", percent) for index, percent in enumerate(percents)]

    assert len(_employee(allocations=_sites(*parts)).allocations) == len(percents)


@pytest.mark.parametrize("percents", [["99.98"], ["60", "40.02"], ["50"], ["33.33", "33.33"], ["0"], [99.9899999]])
def test_allocations_that_do_not_make_100_percent_are_a_reject(percents: list[object]) -> None:
    row = _row(allocations=_sites(*[(f"01{index:02d}", percent) for index, percent in enumerate(percents)]))

    assert isinstance(row, Reject)
    assert (row.reason_code, row.field) == ("ALLOCATION_SUM", "allocations")


def test_allocations_that_are_one_site_after_normalisation_are_added_together() -> None:
    employee = _employee(allocations=_sites((" 46", "30"), ("0046", "20"), ("tp1", "50")))

    assert employee.allocations == (Allocation("0046", Decimal(50)), Allocation("TP1", Decimal(50)))


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"employeeId": None}, "MISSING_FIELD", "employeeId"),
        ({"status": " "}, "MISSING_FIELD", "status"),
        ({"jobCode": ""}, "MISSING_FIELD", "jobCode"),
        ({"allocations": None}, "MISSING_FIELD", "allocations"),
        ({"allocations": []}, "MISSING_FIELD", "allocations"),
        ({"allocations": [{"percent": "100"}]}, "MISSING_FIELD", "allocations.siteId"),
        ({"allocations": [{"siteId": "0123"}]}, "MISSING_FIELD", "allocations.percent"),
        ({"allocations": "0123"}, "BAD_TYPE", "allocations"),
        ({"allocations": ["0123"]}, "BAD_TYPE", "allocations"),
        ({"allocations": _sites(("0123", "all"))}, "BAD_TYPE", "allocations.percent"),
        ({"allocations": _sites(("0123", "150"), ("0124", "-50"))}, "BAD_VALUE", "allocations.percent"),
        ({"allocations": _sites(("01-23", "100"))}, "BAD_VALUE", "allocations.siteId"),
        ({"employeeId": 100234}, "BAD_TYPE", "employeeId"),
        ({"isSalaried": "false"}, "BAD_TYPE", "isSalaried"),
        ({"isSalaried": 0}, "BAD_TYPE", "isSalaried"),
        ({"annualBasePay": "a lot"}, "BAD_TYPE", "annualBasePay"),
        ({"annualBasePay": "-1"}, "BAD_VALUE", "annualBasePay"),
        ({"fte": "-0.5"}, "BAD_VALUE", "fte"),
        ({"hireDate": "2021-02-30"}, "BAD_VALUE", "hireDate"),
        ({"hireDate": "20210301"}, "BAD_VALUE", "hireDate"),
        ({"terminationDate": 20210301}, "BAD_TYPE", "terminationDate"),
        ({"updatedAt": "yesterday"}, "BAD_VALUE", "updatedAt"),
        ({"jobCode": "x" * 201}, "BAD_VALUE", "jobCode"),
    ],
)
def test_a_row_that_is_not_as_described_is_a_reject_that_names_the_field(
    changes: dict[str, object], reason: str, field: str
) -> None:
    row = _row(**changes)

    assert isinstance(row, Reject)
    assert (row.reason_code, row.field) == (reason, field)


def test_a_field_that_comes_twice_in_an_allocation_is_a_reject() -> None:
    text = (
        b'{"employeeId": "1", "status": "active", "jobCode": "GSA1",'
        b' "allocations": [{"siteId": "0123", "percent": 100, "percent": 50}]}'
    )

    row = parse_employee_row(parse_exact_json(text))

    assert isinstance(row, Reject)
    assert (row.reason_code, row.field) == ("REPEATED_FIELD", "allocations.percent")


def test_names_and_addresses_are_dropped_when_they_are_sent(server: ScriptedServer) -> None:
    person = {"name": "a person", "homeAddress": {"street": "a street"}, "nationalId": "a number"}
    server.answer(EMPLOYEES_PATH, _page(ROW | person, ROW | person | {"jobCode": None}))

    (page,) = _api(server).employees()

    assert len(page.records) == 1
    (reject,) = page.rejects
    shown = f"{page.records!r} {json.dumps(reject.raw_row)}"
    for personal in ("a person", "a street", "a number"):
        assert personal not in shown


def test_a_reject_holds_neither_pay_nor_the_id_of_the_employee() -> None:
    reject = _row(
        annualBasePay="85000.25", hireDate="once", allocations=[{"siteId": "0123", "percent": "100", "by": "x"}]
    )

    assert isinstance(reject, Reject)
    assert reject.business_key is None
    assert reject.raw_row["annualBasePay"] == "***"
    assert reject.raw_row["employeeId"] == "***"
    assert reject.raw_row["allocations"] == [{"siteId": "0123", "percent": "100"}]
    assert reject.raw_row["hireDate"] == "once"


def test_a_person_hidden_in_a_known_field_does_not_reach_the_reject() -> None:
    reject = _row(status={"name": "a person"}, allocations=[{"siteId": {"name": "a person"}, "percent": ["a person"]}])

    assert isinstance(reject, Reject)
    assert "a person" not in json.dumps(reject.raw_row)


def test_a_row_that_is_no_object_is_a_reject_that_does_not_repeat_it() -> None:
    reject = parse_employee_row("a person")

    assert isinstance(reject, Reject)
    assert reject.reason_code == "NOT_AN_OBJECT"
    assert "a person" not in json.dumps(reject.raw_row)
