"""Queries and bodies read into models; everything that is wrong with them, in the contract's words.

Source: REST API, "Routing and verbs", "Errors" and "Values".
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, Final, TypeVar, get_origin

from pydantic import AliasChoices, BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from shared_code.api.envelope import ErrorEntry
from shared_code.api.errors import MOST_ERRORS, STATUSES, RefusedError, shown_value
from shared_code.api.fields import limits_of
from shared_code.services.periods import Period

M = TypeVar("M", bound=BaseModel)

Location = Sequence[int | str]
"""The way to a value through members and elements."""


class Query(BaseModel):
    """The parameters of a query. Unknown ones are ignored, a known one with a bad value is refused."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Body(BaseModel):
    """The members of a request's body. Values are taken as they are, unknown members refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


_MISSING: Final = ("MISSING_REQUIRED_FIELD", "This field is required")
_EMPTY: Final = ("MISSING_REQUIRED_FIELD", "A value is needed here")
_CODES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": _MISSING,
    "extra_forbidden": ("UNKNOWN_FIELD", "There is no such field"),
    "greater_than": ("VALUE_OUT_OF_RANGE", "The value is too small"),
    "greater_than_equal": ("VALUE_OUT_OF_RANGE", "The value is too small"),
    "less_than": ("VALUE_OUT_OF_RANGE", "The value is too large"),
    "less_than_equal": ("VALUE_OUT_OF_RANGE", "The value is too large"),
    "decimal_max_places": ("VALUE_OUT_OF_RANGE", "The value has too many decimals"),
    "string_too_short": ("VALUE_OUT_OF_RANGE", "The text is too short"),
    "string_too_long": ("VALUE_OUT_OF_RANGE", "The text is too long"),
    "string_pattern_mismatch": ("INVALID_DATA_TYPE", "The value does not have the expected form"),
    "too_short": _EMPTY,
    "too_long": ("VALUE_OUT_OF_RANGE", "There are too many"),
    "enum": ("INVALID_DATA_TYPE", "The value is not one of those accepted"),
    "literal_error": ("INVALID_DATA_TYPE", "The value is not one of those accepted"),
    "bool_type": ("INVALID_DATA_TYPE", "true or false is needed, without quotes"),
    "int_type": ("INVALID_DATA_TYPE", "A whole number is needed, without quotes"),
    "is_instance_of": ("INVALID_DATA_TYPE", "A number is needed, without quotes"),
    "string_type": ("INVALID_DATA_TYPE", "A text is needed"),
    "list_type": ("INVALID_DATA_TYPE", "A list is needed"),
    "model_type": ("INVALID_DATA_TYPE", "An object is needed"),
    "dict_type": ("INVALID_DATA_TYPE", "An object is needed"),
}
"""The contract's code and sentence for each kind of finding of the model; others are wrong types."""

_NEEDING_TEXT: Final = frozenset({"string_too_short", "string_pattern_mismatch"})
"""Kinds of findings about a text that is empty where one is needed."""

_DECIMAL: Final = re.compile(r"Decimal\('(?P<number>[0-9.]+)'\)")

_LIMITS: Final[Mapping[str, str]] = {
    "gt": "greaterThan",
    "ge": "minimum",
    "lt": "lessThan",
    "le": "maximum",
    "decimal_places": "maxDecimals",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "expectedFormat",
}


def read_query(model: type[M], given: Sequence[tuple[str, str]]) -> M:
    """The query `given` (names and decoded values in order) as `model`.

    Raises `RefusedError` (400) with one entry per parameter, in their order.
    """
    sent: dict[str, list[str]] = {}
    for name, value in given:
        sent.setdefault(name, []).append(value)
    values: dict[str, Any] = {}
    findings: list[ErrorEntry] = []
    for field_name, field in model.model_fields.items():
        names = [name for name in parameter_names(field_name, field) if name in sent]
        found = [value for name in names for value in sent[name]]
        if get_origin(field.annotation) is tuple and found:
            values[names[0]] = found
        elif len(found) > 1:
            findings.append(_entry("DUPLICATE", "This parameter is given more than once", names[0], found[1]))
        elif found:
            values[names[0]] = found[0]
    return _read(model, {name: values[name] for name in sent if name in values}, findings, is_query=True)


def parameter_names(name: str, field: FieldInfo) -> list[str]:
    """The names under which a client may send the field `name` of a query, the main one first."""
    if isinstance(field.validation_alias, AliasChoices):
        return [str(choice) for choice in field.validation_alias.choices]
    return [field.alias or name]


def read_body(model: type[M], members: Mapping[str, Any], period: Period | None = None) -> M:
    """The members of a body as `model`. Raises `RefusedError` (400) with one entry per field, in body order.

    Checks of the model find the `period` of the path in their context (`period_of_path`).
    """
    return _read(model, dict(members), [], is_query=False, period=period)


def period_of_path(info: ValidationInfo) -> Period | None:
    """The period of the path of the request whose body is checked; None where the path names none."""
    context: Mapping[str, Any] = info.context or {}
    return context.get("period")


def located(*faults: tuple[tuple[int | str, ...], PydanticCustomError, object]) -> ValidationError:
    """What a check of a whole model raises: faults of single fields, each with its place in the model and its value."""
    return ValidationError.from_exception_data(
        "body", [InitErrorDetails(type=fault, loc=place, input=value) for place, fault, value in faults]
    )


def _read(
    model: type[M],
    values: dict[str, Any],
    findings: list[ErrorEntry],
    *,
    is_query: bool,
    period: Period | None = None,
) -> M:
    try:
        result = model.model_validate(values, context={"period": period})
    except ValidationError as error:
        place = _order_of(values)
        found = sorted(error.errors(include_url=False), key=lambda one: place(one["loc"]))
    else:
        if not findings:
            return result
        found = []
    told = (_told_of_query(model, one) if is_query else _told(one, one["loc"]) for one in found)
    raise RefusedError(400, _one_a_field(chain(findings, told)))


def _one_a_field(entries: Iterable[ErrorEntry]) -> list[ErrorEntry]:
    """The first entry of each field, as many as an answer has: the others are not even looked at."""
    by_field: dict[str | None, ErrorEntry] = {}
    for entry in entries:
        by_field.setdefault(entry.field, entry)
        if len(by_field) == MOST_ERRORS:
            break
    return [*by_field.values()]


def _order_of(values: Mapping[str, Any]) -> Callable[[Location], tuple[int, ...]]:
    """Where something lies in what was sent, to sort by; what is missing comes after all that is there."""
    orders: dict[int, dict[str, int]] = {}

    def place(location: Location) -> tuple[int, ...]:
        around: Any = values
        places = []
        for part in location:
            if isinstance(around, Mapping):
                if id(around) not in orders:
                    orders[id(around)] = {name: number for number, name in enumerate(around)}
                order = orders[id(around)]
                places.append(order.get(str(part), len(order)))
                around = around.get(part)
            else:
                number = part if isinstance(part, int) else 0
                places.append(number)
                around = around[number] if isinstance(around, list) and number < len(around) else None
        return tuple(places) or (len(values),)

    return place


def _told_of_query(model: type[BaseModel], found: ErrorDetails) -> ErrorEntry:
    """One finding about a parameter, with what is accepted instead."""
    location = found["loc"][:1]
    entry = _told(found, location)
    details = dict(entry.details)
    fields = [one for key, one in model.model_fields.items() if {*location} & {*parameter_names(key, one)}]
    limits = limits_of(fields[0]) if fields else None
    if limits is not None:
        bounds = {"minimum": limits.minimum, "maximum": limits.maximum, "accepted": [limits.text]}
        details |= {key: value for key, value in bounds.items() if value is not None}
    elif "acceptedFormats" in details or "expectedFormat" in details:
        details.setdefault("accepted", details.get("acceptedFormats") or [details["expectedFormat"]])
    return entry.model_copy(update={"details": details})


def _told(found: ErrorDetails, location: Location) -> ErrorEntry:
    """One finding of the model in the contract's words."""
    kind, given, context = found["type"], found["input"], found.get("ctx", {})
    field = _path(location)
    if kind in STATUSES:
        return _entry(kind, context["sentence"], field, given, context["details"])
    if kind in {"too_short", "too_long"} and isinstance(given, str):
        kind = f"string_{kind}"
    code, sentence = _CODES.get(kind, ("INVALID_DATA_TYPE", "The value has the wrong type"))
    details: dict[str, Any] = {ours: _limit(context[theirs]) for theirs, ours in _LIMITS.items() if theirs in context}
    if kind in {"enum", "literal_error"}:
        details["accepted"] = re.findall(r"'([^']*)'", context["expected"])
    if (given is None and kind != "extra_forbidden") or (given == "" and kind in _NEEDING_TEXT):
        code, sentence = _EMPTY
    return _entry(code, sentence, field, None if kind == "missing" else given, details)


def _limit(value: object) -> object:
    """A limit as the model tells it; one that is no whole number may come as Python writes it."""
    written = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
    return value if written is None else Decimal(written["number"])


def _entry(code: str, sentence: str, field: str, value: object, details: Mapping[str, Any] | None = None) -> ErrorEntry:
    repeated = {} if value is None else {"providedValue": _repeated(value)}
    return ErrorEntry(code=code, message=sentence, field=field, details={**repeated, **(details or {})})


def _repeated(value: object) -> object:
    """An offending value as it is repeated: a short number as a number, all else as text."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 10**15):
        return value
    if isinstance(value, Decimal) and value.is_finite() and len(text := format(value)) <= 30 and "E" not in text:
        return value
    if isinstance(value, dict | list):
        # Numbers as they stand in the exponent form: written out, a short one may take a gigabyte.
        return shown_value(json.dumps(value, default=str, ensure_ascii=False))
    return shown_value(value)


def _path(location: Location) -> str:
    """`days[3].occupancy`, cut like a value; `body` for what no member is to blame for."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return shown_value(path or "body")
