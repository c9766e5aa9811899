"""Rows of the budget API: typed records, or rejects that name the field."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared_code.sources.budget_api import BudgetAmount, parse_budget_row
from shared_code.sources.exact_json import parse_exact_json
from shared_code.sources.row_fields import Reject
from tests.sources.scripted_server import Reply

ROW = {
    "siteId": "0123",
    "account": "9410",
    "period": "2025-04",
    "periodType": "month",
    "amount": "1250357.92",
    "currency": "USD",
    "version": "final",
    "updatedAt": "2025-01-15T08:00:00Z",
}


def _parse(text: str) -> BudgetAmount | Reject | None:
    return parse_budget_row(parse_exact_json(text.encode()))


def _amount(**changes: object) -> BudgetAmount:
    row = _row(**changes)
    assert isinstance(row, BudgetAmount)
    return row


def _row(**changes: object) -> BudgetAmount | Reject | None:
    return parse_budget_row(parse_exact_json(Reply(ROW | changes).payload()))


def test_a_row_becomes_a_typed_record() -> None:
    assert _amount() == BudgetAmount(
        site_id="0123",
        account="9410",
        period="2025-04",
        period_type="month",
        amount=Decimal("1250357.92"),
        currency="USD",
        updated_at=datetime(2025, 1, 15, 8, tzinfo=UTC),
    )


def test_the_required_fields_alone_make_a_month_of_final_dollars() -> None:
    row = _parse('{"siteId": "0123", "period": "202504", "amount": -12.5, "account": "4001"}')

    assert row == BudgetAmount("0123", "4001", "202504", "month", Decimal("-12.5"), "USD", None)


def test_null_and_blank_mean_the_default() -> None:
    row = _amount(periodType=None, currency=" ", version=None, updatedAt="")

    assert (row.period_type, row.currency, row.updated_at) == ("month", "USD", None)


def test_unknown_fields_are_ignored_even_when_they_repeat() -> None:
    row = _parse(
        '{"siteId": "0123", "period": "2025-04", "amount": 1, "account": "4001", "note": 1, "note": {"deep": []}}'
    )

    assert isinstance(row, BudgetAmount)


@pytest.mark.parametrize(
    ("literal", "amount"),
    [
        ("1250357.92", "1250357.92"),
        ('"1250357.92"', "1250357.92"),
        ("0.1", "0.1"),
        ("-1.5E3", "-1500"),
        ('"-1.5e3"', "-1500"),
        ('" 7.00 "', "7.00"),
        ("-0", "0"),
        ("99999999999999", "99999999999999"),
        ("99999999999999.12345678901234", "99999999999999.12345678901234"),
        ("0.30000000000004", "0.30000000000004"),
    ],
)
def test_an_amount_is_exact_as_number_and_as_text(literal: str, amount: str) -> None:
    row = _parse(f'{{"siteId": "0123", "period": "2025-04", "amount": {literal}, "account": "4001"}}')

    assert isinstance(row, BudgetAmount)
    assert str(row.amount) == amount


@pytest.mark.parametrize(
    ("literal", "reason"),
    [
        ("null", "MISSING_FIELD"),
        ('""', "MISSING_FIELD"),
        ('"  "', "MISSING_FIELD"),
        ("true", "BAD_TYPE"),
        ("{}", "BAD_TYPE"),
        ("[1]", "BAD_TYPE"),
        ('"1,250.00"', "BAD_TYPE"),
        ('"$5"', "BAD_TYPE"),
        ('"NaN"', "BAD_TYPE"),
        ('"Infinity"', "BAD_TYPE"),
        ('"1_000"', "BAD_TYPE"),
        ('"0x10"', "BAD_TYPE"),
        ('"\\u0661"', "BAD_TYPE"),
        ("100000000000000", "BAD_VALUE"),
        ("1e999999", "BAD_VALUE"),
        ("1e-999999", "BAD_VALUE"),
        ("1e99999999999999999999", "BAD_VALUE"),
        ('"1e99999999999999999999"', "BAD_VALUE"),
        ("9" * 5000, "BAD_VALUE"),
        ("0." + "1" * 15, "BAD_VALUE"),
    ],
)
def test_an_amount_of_another_kind_or_size_is_a_reject(literal: str, reason: str) -> None:
    row = _parse(f'{{"siteId": "0123", "period": "2025-04", "amount": {literal}, "account": "4001"}}')

    assert isinstance(row, Reject)
    assert (row.reason_code, row.field) == (reason, "amount")


@pytest.mark.parametrize("field", ["siteId", "period", "amount", "account"])
def test_a_row_without_a_required_field_is_a_reject_that_names_it(field: str) -> None:
    for row in (_row(**{field: None}), _row(**{field: "  "})):
        assert isinstance(row, Reject)
        assert (row.reason_code, row.field) == ("MISSING_FIELD", field)


def test_a_missing_field_is_found_before_a_bad_one_so_that_completeness_is_right() -> None:
    row = _row(siteId=7, amount=None)

    assert isinstance(row, Reject)
    assert (row.reason_code, row.field) == ("MISSING_FIELD", "amount")


def test_a_known_field_that_comes_twice_is_a_reject() -> None:
    row = _parse('{"siteId": "0123", "period": "2025-04", "amount": 1, "account": "4001", "amount": 2}')

    assert isinstance(row, Reject)
    assert (row.reason_code, row.field) == ("REPEATED_FIELD", "amount")


@pytest.mark.parametrize(
    ("sent", "site_id"), [(" 46 ", "0046"), ("0046", "0046"), ("tp001", "TP001"), ("12345", "12345")]
)
def test_a_site_code_is_normalised_like_every_other_source(sent: str, site_id: str) -> None:
    assert _amount(siteId=sent).site_id == site_id


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"siteId": 46}, "BAD_TYPE"),
        ({"siteId": "00-46"}, "BAD_VALUE"),
        ({"siteId": "ß046"}, "BAD_VALUE"),
        ({"siteId": "٠٠٤٦"}, "BAD_VALUE"),
        ({"siteId": "0" * 21}, "BAD_VALUE"),
        ({"account": 9410}, "BAD_TYPE"),
        ({"account": "9" * 31}, "BAD_VALUE"),
        ({"account": "94\n10"}, "BAD_VALUE"),
        ({"account": "94\ud80010"}, "BAD_VALUE"),
        ({"period": 202504}, "BAD_TYPE"),
        ({"period": "2025-13"}, "BAD_VALUE"),
        ({"period": "2025-00"}, "BAD_VALUE"),
        ({"period": "0000-01"}, "BAD_VALUE"),
        ({"period": "2025-02-29"}, "BAD_VALUE"),
        ({"period": "FY2025-P13"}, "BAD_VALUE"),
        ({"period": "April 2025"}, "BAD_VALUE"),
        ({"periodType": "week"}, "BAD_VALUE"),
        ({"currency": "DOLLAR"}, "BAD_VALUE"),
        ({"currency": 840}, "BAD_TYPE"),
        ({"version": 1}, "BAD_TYPE"),
        ({"updatedAt": "2025-01-15T08:00:00"}, "BAD_VALUE"),
        ({"updatedAt": "2025-01-15"}, "BAD_VALUE"),
        ({"updatedAt": "0001-01-01T00:00:00+14:00"}, "BAD_VALUE"),
        ({"updatedAt": 1736928000}, "BAD_TYPE"),
    ],
)
def test_a_field_of_another_kind_is_a_reject_that_names_it(changes: dict[str, object], reason: str) -> None:
    row = _row(**changes)

    assert isinstance(row, Reject)
    assert (row.reason_code, row.field) == (reason, next(iter(changes)))


@pytest.mark.parametrize("period", ["202504", "2025-04", "2025-04-30", "FY2025-P04"])
def test_the_four_ways_to_write_a_period_are_passed_on_for_alignment(period: str) -> None:
    assert _amount(period=period).period == period


@pytest.mark.parametrize("row", ["null", "7", '"a row"', "[]"])
def test_a_row_that_is_no_object_is_a_reject(row: str) -> None:
    reject = _parse(row)

    assert isinstance(reject, Reject)
    assert reject.reason_code == "NOT_AN_OBJECT"


def test_a_reject_shows_its_key_and_the_known_fields_as_they_came() -> None:
    reject = _row(amount={"value": 1}, contact="a person", account="4" * 500)

    assert isinstance(reject, Reject)
    assert reject.business_key == f"0123/{'4' * 50}/2025-04"
    assert reject.raw_row["amount"] == "(object)"
    assert reject.raw_row["account"] == "4" * 100
    assert "contact" not in reject.raw_row
