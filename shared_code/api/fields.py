"""Types of fields: how values of the contract are read from requests and shown in answers.

Source: REST API, "Values" and "Field types".
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

from annotated_types import Ge, GroupedMetadata, Gt, Le
from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError

from shared_code.domain.months import EARLIEST, LATEST
from shared_code.domain.rounding import hourly_rate, money, percent, ratio
from shared_code.errors import InvalidInputError
from shared_code.services.periods import FORMATS, MONTHLY_FORMS, Period, PeriodType, parse_period
from shared_code.sql.types import text_length

LONGEST_TEXT: Final = 2000
SHORTEST_REASON: Final = 5
JOB_CODE: Final = r"^[A-Za-z0-9 _.-]{1,50}$"
SITE_CODE: Final = r"^[A-Za-z0-9]{1,20}$"
MONTH: Final = r"^20\d{2}-(0[1-9]|1[0-2])$"
MONTHLY_PERIOD: Final = r"^20\d{2}(-(0[1-9]|1[0-2])|-[Qq][1-4])?$"
RESERVED_SITE_CODES: Final = frozenset({"rollup", "rates", "categories", "external", "internal", "other"})
"""Words that stand where a site may stand on a path, and therefore name no site."""
BAD_SITE_CODE: Final = "Site ID must be a valid alphanumeric string"

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FORBIDDEN_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LARGEST_WHOLE: Final = 10**15 - 1
"""The largest whole number of a query: any JSON reader holds it exactly, and a database so many pages of 200."""


def wrong(code: str, message: str, **details: Any) -> PydanticCustomError:
    """What a field's check raises: a code of the contract, a sentence, and details."""
    return PydanticCustomError(code, "{sentence}", {"sentence": message, "details": details})


def site_code_fault(code: str) -> dict[str, str] | None:
    """What is wrong with a site code that a client sent, as details of the error; None for one that may exist.

    Source: REST API, "Site ids".
    """
    shown = {"providedValue": code[:100], "expectedFormat": "alphanumeric"}
    if not re.fullmatch(SITE_CODE, code):
        return shown
    return {**shown, "reason": "reserved"} if code.lower() in RESERVED_SITE_CODES else None


def _site_code(value: str) -> str:
    if (fault := site_code_fault(value)) is not None:
        raise wrong("INVALID_SITE_ID", BAD_SITE_CODE, **fault)
    return value.upper()


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    if value is None or value == "":
        raise wrong("MISSING_REQUIRED_FIELD", "A date is needed here", expectedFormat="YYYY-MM-DD")
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise wrong("INVALID_DATA_TYPE", "A date has the form YYYY-MM-DD", expectedFormat="YYYY-MM-DD")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise wrong("VALUE_OUT_OF_RANGE", "This day does not exist", expectedFormat="YYYY-MM-DD") from None
    if not EARLIEST <= day <= LATEST:
        raise wrong("VALUE_OUT_OF_RANGE", "A date lies between 2000 and 2099", minimum=EARLIEST, maximum=LATEST)
    return day


def no_longer_than(longest: int) -> AfterValidator:
    """Refuses a text with more than `longest` characters, as the database counts them."""

    def check(value: str) -> str:
        if text_length(value) > longest:
            raise wrong("VALUE_OUT_OF_RANGE", "The text is too long", maxLength=longest)
        return value

    return AfterValidator(check)


def _says_something(value: str) -> str:
    """A reason without the blanks around it is long enough: SQL Server takes blanks for nothing."""
    if len(value.strip()) < SHORTEST_REASON:
        raise wrong("VALUE_OUT_OF_RANGE", "The text is too short", minLength=SHORTEST_REASON)
    return value


def _without_control_characters(value: str) -> str:
    if _FORBIDDEN_IN_TEXT.search(value):
        raise wrong("INVALID_DATA_TYPE", "Text may not hold control characters")
    return value


def _whole_as_decimal(value: object) -> object:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _flag(value: object) -> bool:
    if value in {"true", "false"}:
        return value == "true"
    raise wrong("INVALID_DATA_TYPE", "Accepted are true and false", accepted=["true", "false"])


def _whole(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,1000}", value, re.ASCII):
        raise wrong("INVALID_DATA_TYPE", "A whole number is needed")
    number = int(value)
    if abs(number) > _LARGEST_WHOLE:
        raise wrong("VALUE_OUT_OF_RANGE", "The number has too many digits", maximum=_LARGEST_WHOLE)
    return number


def _plain_number(value: object) -> Decimal:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", value, re.ASCII):
        return Decimal(value)
    raise wrong("INVALID_DATA_TYPE", "A number is needed, such as 7.5")


def period_in(forms: Collection[PeriodType]) -> BeforeValidator:
    """Reads a period of one of the `forms`."""

    def read(value: object) -> object:
        if value is None:
            return value
        if not isinstance(value, str):
            formats = [FORMATS[form] for form in FORMATS if form in forms]
            raise wrong("INVALID_DATA_TYPE", "A period is a text", acceptedFormats=formats)
        try:
            return parse_period(value, forms)
        except InvalidInputError as error:
            raise wrong(error.code, error.message, **error.details) from None

    return BeforeValidator(read, json_schema_input_type=str)


def _fraction(value: Decimal) -> Decimal:
    """A share written as a percentage is refused with the value that was probably meant."""
    if 0 <= value <= 1:
        return value
    suggestion = {"suggestion": value / 100} if 1 < value <= 100 else {}
    raise wrong("VALUE_OUT_OF_RANGE", "A fraction lies between 0 and 1", minimum=0, maximum=1, **suggestion)


def _refuse_derived(_value: object) -> None:
    raise wrong("READ_ONLY_FIELD", "This field is not entered here: it follows from others, or comes from a source")


def _words(values: list[str]) -> list[str]:
    return [word.strip() for value in values for word in value.split(",")]


@dataclass(frozen=True)
class Within(GroupedMetadata):
    """The limits of a number of a request: they are checked, and the document names them.

    `is_above` says that the minimum itself is too small.
    """

    minimum: int | Decimal
    maximum: int | Decimal | None = None
    is_above: bool = False

    def __iter__(self) -> Iterator[object]:
        """What pydantic makes of it."""
        yield Gt(self.minimum) if self.is_above else Ge(self.minimum)
        if self.maximum is not None:
            yield Le(self.maximum)
        yield _Described(self)

    @property
    def text(self) -> str:
        """What is accepted, for people."""
        if self.maximum is None:
            return f"more than {self.minimum}" if self.is_above else f"{self.minimum} or more"
        return f"{'above ' if self.is_above else ''}{self.minimum} to {self.maximum}"


@dataclass(frozen=True, slots=True)
class _Described:
    """Describes a number with its limits; validators that stand between would hide them."""

    limits: Within

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        lowest = "exclusiveMinimum" if self.limits.is_above else "minimum"
        found = {"type": handler(core_schema)["type"], lowest: self.limits.minimum, "maximum": self.limits.maximum}
        return {name: float(one) if isinstance(one, Decimal) else one for name, one in found.items() if one is not None}


def limits_of(field: FieldInfo) -> Within | None:
    """The limits that a field's type names; None for one without."""
    return next((one for one in field.metadata if isinstance(one, Within)), None)


def _rounded(rounding: Callable[[Decimal], Decimal]) -> Any:
    return AfterValidator(rounding)


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A date of a request, `YYYY-MM-DD`, 2000 to 2099."""

Text = Annotated[
    str, Field(max_length=LONGEST_TEXT), no_longer_than(LONGEST_TEXT), AfterValidator(_without_control_characters)
]
"""Plain text of a request; without control characters other than tabs and line breaks."""

Reason = Annotated[Text, Field(min_length=SHORTEST_REASON), AfterValidator(_says_something)]
"""Why somebody changes something."""

Number = Annotated[Decimal, BeforeValidator(_whole_as_decimal), WithJsonSchema({"type": "number"})]
"""A number of a request's body; texts, booleans and what is not finite are refused."""

SiteCode = Annotated[str, AfterValidator(_site_code), Field(json_schema_extra={"pattern": SITE_CODE})]
"""The code of a site in a request's body, in the stored spelling."""

JobCode = Annotated[str, Field(pattern=JOB_CODE)]
"""The code of a job in a request."""

QueryPeriod = Annotated[
    Period,
    period_in(MONTHLY_FORMS),
    WithJsonSchema({"type": "string", "pattern": MONTHLY_PERIOD, "examples": ["2025-04", "2025-Q2", "2025"]}),
]
"""A month, quarter or year in a query."""

Month = Annotated[
    Period,
    period_in({PeriodType.MONTH}),
    WithJsonSchema({"type": "string", "pattern": MONTH, "examples": ["2025-04"]}),
]
"""A month in a query or body."""

QueryFlag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
"""`true` or `false` in a query."""

QueryCount = Annotated[int, BeforeValidator(_whole), WithJsonSchema({"type": "integer"})]
"""A whole number in a query."""

QueryNumber = Annotated[Decimal, BeforeValidator(_plain_number), WithJsonSchema({"type": "number"})]
"""A number in a query."""

WordList = BeforeValidator(_words)
"""Takes query values such as `variance,totals` apart."""

Money = Annotated[Decimal, _rounded(money), WithJsonSchema({"type": "number"})]
"""Dollars of an answer, 2 decimals, rounded half up."""

HourlyRate = Annotated[Decimal, _rounded(hourly_rate), WithJsonSchema({"type": "number"})]
"""Dollars per hour of an answer, 6 decimals."""

PercentPoints = Annotated[Decimal, _rounded(percent), WithJsonSchema({"type": "number"})]
"""Percent points of an answer, 2 decimals (8.0 = 8 %)."""

Fraction = Annotated[
    Number,
    Field(decimal_places=6),
    AfterValidator(_fraction),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
"""A share of a request, 0 to 1, at most 6 decimals; 85 instead of 0.85 is refused with a suggestion."""

VehicleCount = Annotated[Number, Field(decimal_places=2), Within(0, 99_999)]
"""Vehicles of a request."""

RoomCount = Annotated[Number, Field(decimal_places=2), Within(0, 99_999)]
"""Occupied rooms of a request."""

ParkingRate = Annotated[Number, Field(decimal_places=2), Within(0, Decimal("999.99"))]
"""Dollars per vehicle of a request."""

Amount = Annotated[Number, Field(decimal_places=2), Within(0, 999_999_999)]
"""Dollars of a request."""

SignedAmount = Annotated[Number, Field(decimal_places=2), Within(-999_999_999, 999_999_999)]
"""Dollars of a request, of either sign."""

ReadOnly = Annotated[None, BeforeValidator(_refuse_derived), WithJsonSchema({"readOnly": True})]
"""A field that answers have and no request may send; give it the default None."""

Count = Annotated[Decimal, _rounded(money), WithJsonSchema({"type": "number"})]
"""Rooms or vehicles of an answer, 2 decimals."""

Hours = Annotated[Decimal, _rounded(money), WithJsonSchema({"type": "number"})]
"""Hours of an answer, 2 decimals."""

Ratio = Annotated[Decimal, _rounded(ratio), WithJsonSchema({"type": "number"})]
"""A fraction of an answer, 6 decimals."""
