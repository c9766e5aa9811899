"""Other revenue: six items, each with its sign."""

from decimal import Decimal

import pytest
from hypothesis import given

from shared_code.domain.errors import VALUE_OUT_OF_RANGE, CalculationError
from shared_code.domain.other_revenue import OtherRevenueItems, items_out_of_range, other_revenue
from tests.domain.strategies import MONEY, POSITIVE_MONEY


def test_the_items_are_added_with_their_signs() -> None:
    items = OtherRevenueItems(
        billable_expense=Decimal("1250.00"),
        revenue_validation=Decimal("300.00"),
        miscellaneous=Decimal("-75.50"),
        gpo_fees=Decimal("-200.00"),
        signing_bonus=Decimal(0),
        client_paid_expense=Decimal("-60.00"),
    )
    assert other_revenue(items).total == Decimal("1214.50")


def test_an_item_that_is_not_saved_is_0() -> None:
    assert other_revenue(OtherRevenueItems()).total == 0


def test_a_refusal_names_the_value_and_every_item_that_is_wrong() -> None:
    items = OtherRevenueItems(billable_expense=Decimal(-10), gpo_fees=Decimal(5), miscellaneous=Decimal(-1))
    with pytest.raises(CalculationError, match=r"billable_expense is -10; it must be 0 or more\.") as refused:
        other_revenue(items)
    assert (refused.value.code, refused.value.field) == (VALUE_OUT_OF_RANGE, "billable_expense")
    assert refused.value.details == {"fields": ["billable_expense", "gpo_fees"]}


def test_a_positive_deduction_is_refused() -> None:
    with pytest.raises(CalculationError, match=r"signing_bonus is 1; it must be 0 or less\."):
        other_revenue(OtherRevenueItems(signing_bonus=Decimal(1)))


@given(POSITIVE_MONEY, POSITIVE_MONEY, MONEY)
def test_items_within_their_sign_are_never_refused(income: Decimal, deduction: Decimal, any_sign: Decimal) -> None:
    items = OtherRevenueItems(income, income, any_sign, -deduction, -deduction, -deduction)
    assert items_out_of_range(items) == []
    assert other_revenue(items).total == 2 * income + any_sign - 3 * deduction
