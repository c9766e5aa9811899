"""Numbers keep the digits of their text, and a text that is not JSON is refused."""

from decimal import Decimal

import pytest

from shared_code.sources.exact_json import UNREPRESENTABLE, JsonObject, MalformedJsonError, parse_exact_json


@pytest.mark.parametrize("literal", ["0.1", "1250357.92", "0.1000000000000000055511151231257827", "-0.00001", "1.5E3"])
def test_a_number_is_the_decimal_of_its_literal_text(literal: str) -> None:
    assert parse_exact_json(literal.encode()) == Decimal(literal)


def test_trailing_zeros_of_a_number_are_kept() -> None:
    assert str(parse_exact_json(b"12.500")) == "12.500"


def test_an_integer_of_ten_thousand_digits_stays_exact() -> None:
    literal = "9" * 10_000

    assert parse_exact_json(literal.encode()) == Decimal(literal)


def test_an_exponent_beyond_every_decimal_does_not_spoil_the_rest_of_the_page() -> None:
    page = parse_exact_json(b'{"a": 1e99999999999999999999999, "b": 1}')

    assert isinstance(page, JsonObject)
    assert page["a"] is UNREPRESENTABLE
    assert page["b"] == 1


def test_members_that_come_more_than_once_are_named() -> None:
    row = parse_exact_json(b'{"amount": 1, "note": "x", "amount": 2, "siteId": "0123"}')

    assert isinstance(row, JsonObject)
    assert row.repeated == {"amount"}


def test_an_object_without_repetition_names_none() -> None:
    row = parse_exact_json(b'{"amount": 1}')

    assert isinstance(row, JsonObject)
    assert row.repeated == frozenset()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1,}',
        b"<html></html>",
        b'{"a": NaN}',
        b"[Infinity]",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
    ],
)
def test_a_text_that_is_not_json_is_refused_without_repeating_it(body: bytes) -> None:
    with pytest.raises(MalformedJsonError, match=r"^the text is not JSON$"):
        parse_exact_json(body)
