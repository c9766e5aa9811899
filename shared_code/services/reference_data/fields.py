"""The fields of a row or a block of a file, read one after the other.

Whatever is wrong is noted with its place, and reading goes on with a stand-in, so that one pass finds everything; a
row with findings is never used.

Source: Data model, "Reference data that no feed brings" and "Precision"; REST API, "Values".
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from shared_code.domain.rounding import ZERO
from shared_code.services.reference_data.decimal_limits import DecimalLimits
from shared_code.services.reference_data.report import Finding, shown
from shared_code.sql.types import text_length

Choice = TypeVar("Choice", bound=StrEnum)
Value = TypeVar("Value")

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
"""Dates that are accepted; any other is a slip of the keyboard."""

LONGEST_NUMBER = 28
"""Digits that decimal arithmetic keeps."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MONTH = re.compile(r"(?:19|20|21)\d{2}-(?:0[1-9]|1[0-2])", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}
_STAND_IN_DAY = date(2000, 1, 1)


class Fields:
    """The fields of one mapping at `place`; `path` stands before the names of an inner block."""

    def __init__(self, place: str, values: Mapping[str, Any], findings: list[Finding], path: str = "") -> None:
        self.place = place
        self._values = values
        self._findings = findings
        self._path = path
        self._asked: set[str] = set()

    def note(self, name: str | None, value: object, problem: str, accepted: str) -> None:
        """Note a finding about the field `name`."""
        column = self._path.rstrip(".") or None if name is None else self._path + name
        self._findings.append(Finding(self.place, column, None if value is None else shown(value), problem, accepted))

    def has(self, name: str) -> bool:
        """Whether the field has a value."""
        return self._values.get(name) is not None

    def text(self, name: str, length: int, *, default: str | None = None) -> str:
        """A text of 1 to `length` characters; without a value the default, where there is one."""
        found = self.text_or_none(name, length) or default
        return found if found is not None else self._missing(name, "", f"a text of 1 to {length} characters")

    def text_or_none(self, name: str, length: int) -> str | None:
        """A text, without blanks around it; None where there is none."""
        text = self._scalar(name)
        if text is None:
            return None
        if text_length(text) > length or _CONTROL.search(text):
            self.note(name, text, "is too long or has control characters", f"a text of up to {length} characters")
            return None
        return text

    def upper_text(self, name: str, length: int) -> str:
        """A text of 1 to `length` characters in upper case, which may be longer than it was: `ß` becomes `SS`."""
        text = self.text(name, length).upper()
        if len(text) > length:
            self.note(name, text, "is too long in upper case", f"a text of up to {length} characters")
        return text

    def code(self, name: str, pattern: re.Pattern[str], accepted: str) -> str:
        """A code in upper case that matches `pattern`; `accepted` says so in words."""
        text = self._scalar(name)
        if text is None:
            return self._missing(name, "", accepted)
        code = text.upper()
        if not pattern.fullmatch(code):
            self.note(name, text, "is not of the accepted form", accepted)
            return ""
        return code

    def choice(self, name: str, choices: type[Choice]) -> Choice:
        """One of a closed list."""
        found = self.choice_or_none(name, choices)
        return found if found is not None else self._missing(name, next(iter(choices)), ", ".join(choices))

    def choice_or_none(self, name: str, choices: type[Choice]) -> Choice | None:
        """One of a closed list, in any case; None where there is none."""
        text = self._scalar(name)
        if text is None:
            return None
        try:
            return choices(text.lower())
        except ValueError:
            self.note(name, text, "is unknown", ", ".join(choices))
            return None

    def amount(self, name: str, limits: DecimalLimits) -> Decimal:
        """A decimal within `limits`."""
        found = self.amount_or_none(name, limits)
        return found if found is not None else self._missing(name, ZERO, limits.text)

    def amount_or_none(self, name: str, limits: DecimalLimits) -> Decimal | None:
        """A decimal within `limits`; None where there is none. Nothing is rounded."""
        text = self._scalar(name)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text) or len(text) > LONGEST_NUMBER or not limits.allows(Decimal(text)):
            self.note(name, text, "is not an acceptable number", limits.text)
            return None
        return Decimal(text)

    def whole_or_none(self, name: str, lowest: int, highest: int) -> int | None:
        """A whole number from `lowest` to `highest`; None where there is none."""
        text = self._scalar(name)
        if text is None:
            return None
        if not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
            self.note(name, text, "is not acceptable", f"a whole number from {lowest} to {highest}")
            return None
        return int(text)

    def whole(self, name: str, lowest: int, highest: int) -> int:
        """A whole number from `lowest` to `highest`."""
        found = self.whole_or_none(name, lowest, highest)
        accepted = f"a whole number from {lowest} to {highest}"
        return found if found is not None else self._missing(name, lowest, accepted)

    def day(self, name: str) -> date:
        """A date `YYYY-MM-DD`."""
        return self.day_or_none(name) or self._missing(name, _STAND_IN_DAY, "a date YYYY-MM-DD")

    def day_or_none(self, name: str) -> date | None:
        """A date `YYYY-MM-DD`; None where there is none."""
        text = self._scalar(name)
        if text is None:
            return None
        try:
            found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            found = None
        if found is None or not EARLIEST <= found <= LATEST:
            self.note(name, text, "is not an acceptable date", f"YYYY-MM-DD from {EARLIEST} to {LATEST}")
            return None
        return found

    def month(self, name: str) -> str:
        """A month `YYYY-MM`."""
        return self.month_or_none(name) or self._missing(name, "2000-01", "a month YYYY-MM")

    def month_or_none(self, name: str) -> str | None:
        """A month `YYYY-MM`; None where there is none."""
        text = self._scalar(name)
        if text is not None and not _MONTH.fullmatch(text):
            self.note(name, text, "is not a month", "YYYY-MM from 1900-01 to 2199-12")
            return None
        return text

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        """`true` or `false`; without a value the default, where there is one."""
        text = self._scalar(name)
        if text is None:
            return default if default is not None else self._missing(name, stand_in=False, accepted="true or false")
        if text.lower() not in _TRUTHS:
            self.note(name, text, "is neither true nor false", "true or false")
        return _TRUTHS.get(text.lower(), False)

    def block(self, name: str) -> "Fields":
        """An inner mapping; without one all its fields are missing."""
        value = self._value(name)
        if value is not None and not isinstance(value, Mapping):
            self.note(name, value, "is not a block of names and values", "names with their values")
            value = None
        return Fields(self.place, value or {}, self._findings, f"{self._path}{name}.")

    def blocks(self, name: str) -> list["Fields"]:
        """A list of inner mappings; none where there is none."""
        found = []
        for number, item in enumerate(self._list(name), start=1):
            if isinstance(item, Mapping):
                found.append(Fields(self.place, item, self._findings, f"{self._path}{name}[{number}]."))
            else:
                self.note(f"{name}[{number}]", item, "is not a block of names and values", "names with their values")
        return found

    def choices(self, name: str, choices: type[Choice]) -> list[Choice]:
        """A list of members of a closed list, each once; empty where there is none."""
        found: list[Choice] = []
        for item in self._list(name):
            try:
                member = choices(str(item).strip().lower())
            except ValueError:
                self.note(name, item, "is unknown", ", ".join(choices))
                continue
            if member in found:
                self.note(name, item, "is named twice", "each once")
            found.append(member)
        return found

    def refuse_others(self, *known: str) -> None:
        """Note every field that nobody asked for; `known` are those that may be there without being read."""
        for name in self._values:
            if name not in self._asked and name not in known:
                accepted = ", ".join(sorted({*self._asked, *known}))
                self.note(shown(name), None, "is no field here", accepted)

    def require(self, name: str, reason: str, accepted: str) -> None:
        """Note that a field lacks the value that it needs."""
        if not self.has(name):
            self.note(name, None, f"is missing: {reason}", accepted)

    def _value(self, name: str) -> Any:
        self._asked.add(name)
        return self._values.get(name)

    def _list(self, name: str) -> list[Any]:
        value = self._value(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.note(name, value, "is not a list", "a list")
            return []
        return value

    def _scalar(self, name: str) -> str | None:
        """The text of a single value; None where there is none, or another kind of value, which is noted."""
        value = self._value(name)
        if isinstance(value, Mapping | list):
            self.note(name, value, "is not a single value", "one value")
            return None
        if value is None:
            return None
        text = str(value).strip()
        return text or None

    def _missing(self, name: str, stand_in: Value, accepted: str) -> Value:
        """A stand-in for a value that there is not; noted, unless a wrong value has been noted already."""
        value = self._values.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            self.note(name, None, "is missing", accepted)
        return stand_in
