"""Comparison of an answer with what a case expects.

Only what the case names is compared. Numbers are compared as decimals, the answer rounded half up to the decimals
that the case shows; lists have to be complete and in order.
"""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from shared_code.domain.rounding import round_half_up


def differences(expected: Any, answer: Any, path: str = "expect") -> list[str]:
    """One sentence per deviation of `answer` from `expected`; none when they agree."""
    if isinstance(expected, dict):
        return _differences_of_mapping(expected, answer, path)
    if isinstance(expected, list):
        return _differences_of_list(expected, answer, path)
    if _agree(expected, answer):
        return []
    return [f"{path}: expected {expected!r}, got {answer!r}"]


def _differences_of_mapping(expected: dict[str, Any], answer: Any, path: str) -> list[str]:
    if not isinstance(answer, dict):
        return [f"{path}: expected a mapping, got {answer!r}"]
    found = []
    for key, value in expected.items():
        if key not in answer:
            found.append(f"{path}.{key}: expected {value!r}, but there is no such field in the answer")
        else:
            found += differences(value, answer[key], f"{path}.{key}")
    return found


def _differences_of_list(expected: list[Any], answer: Any, path: str) -> list[str]:
    if not isinstance(answer, list):
        return [f"{path}: expected a list, got {answer!r}"]
    if len(expected) != len(answer):
        return [f"{path}: expected {len(expected)} entries, got {len(answer)}: {answer!r}"]
    found = []
    for position, (wanted, got) in enumerate(zip(expected, answer, strict=True)):
        found += differences(wanted, got, f"{path}[{position}]")
    return found


def _agree(expected: Any, answer: Any) -> bool:
    """Whether two single values agree; text never agrees with a number, nor a boolean with anything else."""
    if expected is None or isinstance(expected, bool):
        return answer is expected
    if isinstance(answer, bool) or answer is None:
        return False
    if isinstance(answer, date):
        return bool(expected == answer.isoformat())
    if isinstance(answer, Decimal | int):
        return _agree_as_numbers(str(expected), Decimal(answer))
    return bool(expected == answer)


def _agree_as_numbers(expected: str, answer: Decimal) -> bool:
    """Whether `answer`, rounded to the decimals of `expected`, is that number."""
    try:
        wanted = Decimal(expected)
    except InvalidOperation:
        return False
    exponent = wanted.as_tuple().exponent
    return isinstance(exponent, int) and round_half_up(answer, max(0, -exponent)) == wanted
