"""What a module puts into an export of it.

Source: REST API, "Audit and export".
"""

from dataclasses import dataclass

from shared_code.services.exports.table import Section
from shared_code.services.pnl_table import ViewWarning


@dataclass(frozen=True, slots=True)
class Contents:
    """The tables of a module, which `view` of it they are, and what has to be known about them.

    `facts` come besides those that every export has; `shows_pay` says that pay is shown that others see masked.
    """

    view: str
    sections: tuple[Section, ...]
    warnings: tuple[ViewWarning, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    shows_pay: bool = False


def compared_view(view: str, comparison: str | None) -> str:
    """A view and what it is held against."""
    return view if comparison is None else f"{view}, compared with {comparison}"
