"""Several months in one answer: the parameter `months` of the modules of a forecast.

Source: REST API, "Periods and windows".
"""

from datetime import date
from typing import Annotated, Final, Generic, TypeVar

from pydantic import BaseModel

from shared_code.api.envelope import CamelModel
from shared_code.api.fields import QueryCount, Within
from shared_code.api.validation import Query
from shared_code.domain.months import add_months
from shared_code.errors import InvalidInputError
from shared_code.services.periods import Period, PeriodType, horizon, month_period

MOST_MONTHS: Final = 12

ShapeT = TypeVar("ShapeT", bound=BaseModel)


class MonthsQuery(Query):
    """The parameter `months`: how many months from the one of the path are answered. Inherit it beside others."""

    months: Annotated[QueryCount, Within(1, MOST_MONTHS)] = 1


class WindowShape(CamelModel, Generic[ShapeT]):
    """Several months of a site; `months` is the number asked for, of which those past the horizon are left out."""

    site_id: str
    months: int
    periods: list[ShapeT]


def month_window(first: Period, months: int, business_date: date) -> list[Period]:
    """`months` months from `first` on, without those past the horizon; one of any form stands for itself.

    Raises InvalidInputError (VALUE_OUT_OF_RANGE, field `months`) when several are asked for from what is no month.
    """
    if months == 1:
        return [first]
    if first.type != PeriodType.MONTH:
        raise InvalidInputError(
            f"Several months are shown from a month on, not from the {first.type} {first}",
            code="VALUE_OUT_OF_RANGE",
            field="months",
            details={"providedValue": months, "minimum": 1, "maximum": 1, "accepted": ["1"]},
        )
    latest = horizon(business_date)[1]
    found = (month_period(add_months(first.text, offset)) for offset in range(months))
    return [period for period in found if period.last <= latest]
