"""Cases of rounding."""

from decimal import Decimal
from typing import Any

from shared_code.domain.rounding import ZERO, money, round_half_up
from tests.golden.case_values import Given


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The answer to one of four tasks."""
    return _TASKS[given["task"]](given)


def _round(given: Given) -> dict[str, Any]:
    return {"values": [round_half_up(Decimal(value), int(given["places"])) for value in given["values"]]}


def _sum_unrounded(given: Given) -> dict[str, Any]:
    parts = [Decimal(part) for part in given["parts"]]
    return {"parts": [money(part) for part in parts], "total": money(sum(parts, ZERO))}


def _sum_cells(given: Given) -> dict[str, Any]:
    cells = [money(Decimal(cell)) for cell in given["cells"]]
    return {"cells": cells, "total": sum(cells, ZERO)}


def _chain(given: Given) -> dict[str, Any]:
    value = Decimal(given["value"])
    for factor in given["factors"]:
        value *= Decimal(factor)
        if given.get("round_each_step"):
            value = money(value)
    return {"value": money(value)}


_TASKS = {"round": _round, "sum_unrounded": _sum_unrounded, "sum_cells": _sum_cells, "chain": _chain}
