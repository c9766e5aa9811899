"""The part of a fact table that a window has read anew.

Source: Source side, "Incremental strategy".
"""

from typing import Any

from sqlalchemy import ColumnElement, and_

from shared_code.sources.warehouse.window import Window


def of_days(day: ColumnElement[Any], window: Window) -> ColumnElement[bool]:
    """The facts whose `day` lies in the window."""
    first, after_last = window.days()
    return and_(day >= first, day < after_last)


def of_months(period: ColumnElement[Any], window: Window) -> ColumnElement[bool]:
    """The facts whose `period` (`YYYY-MM`) lies in the window."""
    assert window.period_from is not None
    assert window.period_to is not None
    return and_(period >= window.period_from, period <= window.period_to)
