"""The comparison of golden cases: it has to find every deviation, or the cases prove nothing."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.golden.case_files import GoldenCase
from tests.golden.comparison import differences
from tests.golden.test_cases import check


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("12.35", Decimal("12.345")),
        ("-12.35", Decimal("-12.345")),
        ("3", 3),
        ("0.00", Decimal("-0.001")),
        (None, None),
        (True, True),
        ("forecast", "forecast"),
        ("0057", "0057"),
        ("2025-07-01", date(2025, 7, 1)),
        ({"net": "1.00"}, {"net": Decimal(1), "gross": Decimal(2)}),
        ([], []),
    ],
)
def test_what_is_equal_agrees(expected: object, answer: object) -> None:
    assert differences(expected, answer) == []


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("12.34", Decimal("12.345")),
        ("12.35", None),
        ("12.35", "12.35000001"),
        ("1", True),
        (None, Decimal(0)),
        (False, None),
        (False, 0),
        ("forecast", Decimal(0)),
        ("0057", "57"),
        ("2025-07-01", date(2025, 7, 2)),
        ({"net": None}, {}),
        ({"net": "1.00"}, None),
        (["1.00"], [Decimal(1), Decimal(2)]),
        (["1.00", "2.00"], [Decimal(2), Decimal(1)]),
        ([], None),
        ([{"net": "1.00"}], [{"net": Decimal(2)}]),
    ],
)
def test_what_differs_is_found(expected: object, answer: object) -> None:
    assert len(differences(expected, answer)) >= 1


def test_each_deviation_is_named_with_its_place() -> None:
    found = differences(
        {"days": [{"net": "1.00"}, {"net": "2.00"}]}, {"days": [{"net": Decimal(1)}, {"net": Decimal(3)}]}
    )
    assert found == ["expect.days[1].net: expected '2.00', got Decimal('3')"]


def _case(calculator: str, given: dict[str, Any], expect: dict[str, Any]) -> GoldenCase:
    return GoldenCase("X-01", calculator, "A case", given, expect, Path("some.yaml"))


def test_a_case_of_a_calculator_without_an_adapter_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="no adapter"):
        check(_case("crystal_ball", {}, {}))


def test_a_case_that_does_not_hold_fails() -> None:
    with pytest.raises(AssertionError, match=r"expect\.total: expected '6\.00'"):
        check(_case("other_revenue", {"items": {"billable_expense": "5"}}, {"total": "6.00"}))
