"""The one error of the calculation engine: values from which no figure can be computed.

Source: Calculations, "Other revenue" and "Entry by group or by cost"; REST API, "Errors".
"""

from collections.abc import Mapping
from typing import Any

VALUE_OUT_OF_RANGE = "VALUE_OUT_OF_RANGE"
"""A value lies outside the range that its field allows."""

CALCULATION_ERROR = "CALCULATION_ERROR"
"""Every value is acceptable by itself, but no result can be computed from them."""


class CalculationError(Exception):
    """A figure cannot be calculated from the values at hand.

    `code` is one of the codes of this module, `field` the name of the value that is to blame (None when it is a
    combination), `details` whatever a caller needs to put it right. The message is a sentence for people.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = CALCULATION_ERROR,
        field: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.details = dict(details or {})
