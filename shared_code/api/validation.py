"""Queries and bodies read into models; everything that is wrong with them, in the contract's words.

Source: REST API, "Routing and verbs", "Errors" and "Values".
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar, get_origin

from pydantic import AliasChoices, BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from shared_code.api.envelope import ErrorEntry
from shared_code.api.errors import STATUSES, RefusedError, shown_value
from shared_code.services.periods import Period

M = TypeVar("M", bound=BaseModel)


class Query(BaseModel):
    """The parameters of a query. Unknown ones are ignored, a known one with a bad value is refused."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Body(BaseModel):
    """The members of a request's body. Values are taken as they are, unknown members refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


_MISSING: Final = ("MISSING_REQUIRED_FIELD", "This field is required")
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
    "too_short": _MISSING,
    "too_long": ("VALUE_OUT_OF_RANGE", "There are too many"),
    "enum": ("INVALID_DATA_TYPE", "The value is not one of those accepted"),
    "literal_error": ("INVALID_DATA_TYPE", "The value is not one of those accepted"),
}
"""The contract's code and sentence for each kind of finding of the model; others are wrong types."""

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
        found = error.errors(include_url=False)
        order = {name: place for place, name in enumerate(values)}
        found.sort(key=lambda one: order.get(str(one["loc"][0]) if one["loc"] else "", len(order)))
        findings = findings + [_told(one, one["loc"][:1] if is_query else one["loc"]) for one in found]
    else:
        if not findings:
            return result
    by_field = {entry.field: entry for entry in reversed(findings)}
    raise RefusedError(400, [entry for entry in findings if by_field[entry.field] is entry])


def _told(found: ErrorDetails, location: Sequence[int | str]) -> ErrorEntry:
    """One finding of the model in the contract's words."""
    kind, context = found["type"], found.get("ctx", {})
    field = _path(location)
    if kind in STATUSES:
        return _entry(kind, context["sentence"], field, found["input"], context["details"])
    if kind in {"too_short", "too_long"} and isinstance(found["input"], str):
        kind = f"string_{kind}"
    code, sentence = _CODES.get(kind, ("INVALID_DATA_TYPE", "The value has the wrong type"))
    details: dict[str, Any] = {ours: _limit(context[theirs]) for theirs, ours in _LIMITS.items() if theirs in context}
    if kind in {"enum", "literal_error"}:
        details["accepted"] = re.findall(r"'([^']*)'", context["expected"])
    if found["input"] is None or (found["input"] == "" and kind == "string_too_short"):
        code, sentence = _MISSING
    return _entry(code, sentence, field, None if kind == "missing" else found["input"], details)


def _limit(value: object) -> object:
    """A limit as the model tells it; one that is no whole number may come as Python writes it."""
    written = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
    return value if written is None else Decimal(written["number"])


def _entry(code: str, sentence: str, field: str, value: object, details: Mapping[str, Any] | None = None) -> ErrorEntry:
    repeated = {} if value is None or isinstance(value, dict | list) else {"providedValue": _repeated(value)}
    return ErrorEntry(code=code, message=sentence, field=field, details={**repeated, **(details or {})})


def _repeated(value: object) -> object:
    """An offending value as it is repeated: a short number as a number, all else as text."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 10**15):
        return value
    if isinstance(value, Decimal) and value.is_finite() and len(text := format(value)) <= 30 and "E" not in text:
        return value
    return shown_value(value)


def _path(location: Sequence[int | str]) -> str:
    """`days[3].occupancy`, cut like a value; `body` for what no member is to blame for."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return shown_value(path or "body")
