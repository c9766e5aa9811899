"""The parking category of a revenue row, from its revenue code or its category text.

Source: Source side, "Revenue codes".
"""

from collections.abc import Mapping

from shared_code.domain.statistics import Category

OTHER_REVENUE = "other_revenue"
"""Key of revenue that is not parking: it counts only in the total."""

_SIDES = {"V": "valet", "S": "self"}
_KINDS = {"D": "daily", "O": "overnight", "M": "monthly", "A": "aggregator"}
_COLLECTION_DIGITS = "123"

SEEDED_MAPPINGS: Mapping[str, str] = {
    **{
        side + kind + digit: Category(f"{_SIDES[side]}_{_KINDS[kind]}").value
        for side in _SIDES
        for kind in _KINDS
        for digit in _COLLECTION_DIGITS
    },
    "OR1": OTHER_REVENUE,
    "OR2": OTHER_REVENUE,
    **{category.value.replace("_", " ").upper(): category.value for category in Category},
}
"""The delivered mapping of codes and texts, in upper case, to category keys. An administrator can extend it."""


def category_key(code: str | None, text: str | None, mappings: Mapping[str, str]) -> str | None:
    """The category key of a row with a revenue code and a category text; None for an unknown one.

    The code decides when it is present and known, otherwise the text. `mappings` has upper-case keys; both are compared
    without surrounding blanks and ignoring case. A digit 1 to 3 at the end of a code is the kind of collection: a
    mapping of the code without it serves all three.

    Source: Source side, "Revenue codes".
    """
    key = (code or "").strip().upper()
    if key:
        known = mappings.get(key) or (mappings.get(key[:-1]) if key[-1] in _COLLECTION_DIGITS else None)
        if known is not None:
            return known
    return mappings.get(" ".join((text or "").upper().split()))
