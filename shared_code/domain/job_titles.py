"""Job titles of time records and shifts, and the job codes that are made from them.

Source: Source side, "Job family mapping".
"""

import re
from collections.abc import Iterable, Mapping

_FORBIDDEN = re.compile(r"[^A-Z0-9 _.-]")
_LONGEST_CODE = 50


def normalise_title(title: str | None) -> str:
    """A title as it is compared: trimmed, in upper case, inner blanks reduced to one; "" for no title."""
    return " ".join((title or "").upper().split())


def assign_job_codes(titles: Iterable[str | None], known: Mapping[str, str]) -> dict[str, str]:
    """Job codes of the titles that `known` (normalised title to job code) does not have, by normalised title.

    The code is the title with every character outside `A-Z0-9 _.-` replaced by `_`, at most 50 characters; where
    another title already has it, `_2`, `_3`, ... is appended. Titles are taken in the given order; blank ones are
    left out.

    Source: Source side, "Job family mapping".
    """
    taken = {code.upper() for code in known.values()}
    assigned: dict[str, str] = {}
    for title in map(normalise_title, titles):
        if title and title not in known and title not in assigned:
            code = _free_code(title, taken)
            taken.add(code)
            assigned[title] = code
    return assigned


def _free_code(title: str, taken: set[str]) -> str:
    """The code of a normalised title, numbered until no other title has it."""
    wanted = _FORBIDDEN.sub("_", title)
    code = wanted[:_LONGEST_CODE].rstrip()
    number = 2
    while code in taken:
        suffix = f"_{number}"
        code = wanted[: _LONGEST_CODE - len(suffix)].rstrip() + suffix
        number += 1
    return code
