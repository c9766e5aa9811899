"""Other revenue of a site-month: six items that users enter.

Source: Calculations, "Other revenue".
"""

from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.errors import VALUE_OUT_OF_RANGE, CalculationError
from shared_code.domain.rounding import ZERO


@dataclass(frozen=True, slots=True)
class OtherRevenueItems:
    """The saved items in dollars; None means not saved, which counts as 0."""

    billable_expense: Decimal | None = None
    revenue_validation: Decimal | None = None
    miscellaneous: Decimal | None = None
    gpo_fees: Decimal | None = None
    signing_bonus: Decimal | None = None
    client_paid_expense: Decimal | None = None


NEVER_NEGATIVE = frozenset({"billable_expense", "revenue_validation"})
"""Items that are 0 or more."""

NEVER_POSITIVE = frozenset({"gpo_fees", "signing_bonus", "client_paid_expense"})
"""Items that are 0 or less."""


@dataclass(frozen=True, slots=True)
class OtherRevenue:
    """The six items and their sum in dollars."""

    items: OtherRevenueItems
    total: Decimal


def items_out_of_range(items: OtherRevenueItems) -> list[str]:
    """The names of the items with a sign that they must not have, in the order of the record.

    Source: Calculations, "Records".
    """
    return [
        name
        for name in OtherRevenueItems.__dataclass_fields__
        if (name in NEVER_NEGATIVE and (getattr(items, name) or ZERO) < 0)
        or (name in NEVER_POSITIVE and (getattr(items, name) or ZERO) > 0)
    ]


def other_revenue(items: OtherRevenueItems) -> OtherRevenue:
    """The sum of the items.

    Raises CalculationError (VALUE_OUT_OF_RANGE) for a sign that an item must not have; `details["fields"]` names
    every such item.
    """
    refused = items_out_of_range(items)
    if refused:
        accepted = "0 or more" if refused[0] in NEVER_NEGATIVE else "0 or less"
        raise CalculationError(
            f"{refused[0]} is {getattr(items, refused[0])}; it must be {accepted}.",
            code=VALUE_OUT_OF_RANGE,
            field=refused[0],
            details={"fields": refused},
        )
    values = (getattr(items, name) for name in OtherRevenueItems.__dataclass_fields__)
    return OtherRevenue(items, sum((value for value in values if value is not None), ZERO))
