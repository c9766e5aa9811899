"""What the modules with values by month have in common: their bodies, and their answers for one period or several.

Source: REST API, "Revenue", "Parking rates" and "Other expenses".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, ConfigDict, ValidationInfo, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import FiguresMeta, success
from shared_code.api.fields import MONTH, ReadOnly, wrong
from shared_code.api.forecast_shapes import HeaderShape, WriteBody, etag
from shared_code.api.gate import Call
from shared_code.api.month_windows import MonthsQuery, WindowShape
from shared_code.api.pnl_shapes import figures_meta, shown_warnings
from shared_code.api.validation import Body, located, period_of_path
from shared_code.domain.rounding import money
from shared_code.services.forecast.header import Header
from shared_code.services.forecast.monthly_section import MonthlyValues, SentValue
from shared_code.services.periods import Period, PeriodType
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.source_age import SourceAge

WRITABLE: Final = frozenset({PeriodType.MONTH, PeriodType.YEAR})
"""The forms of period that may be saved."""

MOST_MONTHS: Final = 24
"""Months of one request."""

SourceWord = Literal["actual", "forecast", "budget", "none"]

Fault = tuple[tuple[int | str, ...], PydanticCustomError, object]
"""What is wrong with a body: the place, the finding, the value."""

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def _month_of_path(month: str, info: ValidationInfo) -> str:
    if not _MONTH.fullmatch(month):
        raise wrong("INVALID_DATA_TYPE", "A month has the form YYYY-MM", expectedFormat="YYYY-MM")
    period = period_of_path(info)
    if period is not None and month not in period.months:
        first, last = period.months[0], period.months[-1]
        raise wrong("VALUE_OUT_OF_RANGE", "The month lies outside the period of the path", minimum=first, maximum=last)
    return month


MonthOfPath = Annotated[
    str, AfterValidator(_month_of_path), WithJsonSchema({"type": "string", "pattern": MONTH, "examples": ["2025-05"]})
]
"""A month of a request, within the period of the path."""


class ShownRow(Body):
    """The members that every row of an answer has and no request may send."""

    model_config = ConfigDict(alias_generator=to_camel)

    editable: ReadOnly = None
    lock_reason: ReadOnly = None
    forecast: ReadOnly = None
    actual: ReadOnly = None
    prior_year: ReadOnly = None
    budget: ReadOnly = None
    effective: ReadOnly = None
    source: ReadOnly = None


class MonthRow(ShownRow):
    """The fields of a month of a year."""

    month: MonthOfPath


class SavedPeriodBody(WriteBody):
    """The body of a PUT; members of an answer that no request may send are named, so that they are told apart."""

    site_id: ReadOnly = None
    site_name: ReadOnly = None
    period: ReadOnly = None
    period_type: ReadOnly = None
    status: ReadOnly = None
    editable: ReadOnly = None
    lock_reason: ReadOnly = None
    warnings: ReadOnly = None
    changes: ReadOnly = None


class MonthlyBody(SavedPeriodBody, ShownRow):
    """A body that holds the fields of a month directly, and those of a year by month.

    `value_fields` names the fields of the body and what each is called where it is saved.
    """

    value_fields: ClassVar[Mapping[str, str]]

    months: Sequence[MonthRow] | None = None
    totals: ReadOnly = None

    @model_validator(mode="after")
    def _has_the_form_of_its_period(self, info: ValidationInfo) -> Self:
        faults = list(self._faults(period_of_path(info)))
        if faults:
            raise located(*faults)
        return self

    def values(self, period: Period, *, is_replacing: bool) -> MonthlyValues:
        """What is sent, by month and field."""
        return MonthlyValues(tuple(self._sent(period)), is_replacing)

    def _sent(self, period: Period) -> Iterator[SentValue]:
        if self.months is None:
            yield from _sent_fields(self, self.value_fields, period.text, "period")
        for place, row in enumerate(self.months or ()):
            yield from _sent_fields(row, self.value_fields, row.month, f"months[{place}].month")

    def _faults(self, period: Period | None) -> Iterator[Fault]:
        if period is not None and period.type is PeriodType.MONTH and "months" in self.model_fields_set:
            yield ("months",), wrong("UNKNOWN_FIELD", "The fields of a month are sent directly, not in months"), None
        if period is not None and period.type is PeriodType.YEAR:
            for name in self.value_fields:
                if name in self.model_fields_set:
                    message = "The fields of a year are sent by month, in months"
                    yield (to_camel(name),), wrong("UNKNOWN_FIELD", message), getattr(self, name)
            if self.months is None:
                yield ("months",), wrong("MISSING_REQUIRED_FIELD", "This field is required"), None
        yield from repeated([row.month for row in self.months or ()], "months", "month")


def repeated(keys: Sequence[object], rows: str, member: str) -> Iterator[Fault]:
    """A fault for each of the `rows` whose key an earlier one has, at its `member`: the key, or the last part of it."""
    seen: set[object] = set()
    for place, key in enumerate(keys):
        if key in seen:
            named = str(key[-1] if isinstance(key, tuple) else key)
            yield (rows, place, member), wrong("DUPLICATE", "Another row of this request has the same key"), named
        seen.add(key)


def dollars(value: Decimal | None) -> Decimal | None:
    """An entered amount as it is kept; None stays None."""
    return None if value is None else money(value)


def may_write(call: Call[Any, Any], access: Access) -> bool:
    """Whether the caller may also save what is read."""
    return call.caller.role_on(access, call.site.site_id) is not None


def header_members(header: Header, warnings: Sequence[ViewWarning], age: SourceAge) -> dict[str, Any]:
    """The members of a header, with `warnings` for its own."""
    return {**dict(HeaderShape.model_validate(header)), "warnings": shown_warnings(warnings, age)}


MonthsT = TypeVar("MonthsT", bound=MonthsQuery)
ShapeT = TypeVar("ShapeT", bound=HeaderShape)


def answer_periods(
    call: Call[MonthsT, Any],
    shapes: Sequence[ShapeT],
    window: type[WindowShape[ShapeT]],
    age: SourceAge,
    subject: str,
) -> Response:
    """One period as it is, several as a `window`."""
    meta = FiguresMeta(**figures_meta(call.site.business_date, age))
    message = f"{subject} retrieved successfully"
    if call.query.months == 1:
        return success(shapes[0], message, meta=meta, headers=etag(shapes[0].version))
    shown = window(site_id=call.site.site_id, months=call.query.months, periods=list(shapes))
    return success(shown, message, meta=meta)


def answer_saved(call: Call[Any, Any], shape: HeaderShape, age: SourceAge, subject: str) -> Response:
    """The fresh representation of what was saved."""
    meta = FiguresMeta(**figures_meta(call.site.business_date, age))
    return success(shape, f"{subject} updated successfully", meta=meta, headers=etag(shape.version))


def _sent_fields(row: Body, fields: Mapping[str, str], month: str, month_field: str) -> Iterator[SentValue]:
    for name, saved_as in fields.items():
        if name in row.model_fields_set:
            yield SentValue(month, saved_as, dollars(getattr(row, name)), month_field)
