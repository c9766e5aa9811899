"""Rounding of figures: half up, ties away from zero, once, when a figure leaves a calculation.

Source: Calculations, "Rounding".
"""

from decimal import ROUND_HALF_UP, Context, Decimal

ZERO = Decimal(0)
CENT = Decimal("0.01")
MILLIONTH = Decimal("0.000001")
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP)
_GUARD = Decimal(1).scaleb(-18)
"""A quotient that never ends lies a hair below or above the exact figure: a half must be seen as a half."""


def settled(value: Decimal) -> Decimal:
    """`value` as it is compared with a limit: a quotient of quotients that is the limit is not beyond it."""
    return value.quantize(_GUARD, context=_CONTEXT)


def _rounded(value: Decimal, unit: Decimal) -> Decimal:
    return settled(value).quantize(unit, context=_CONTEXT) + ZERO


def round_half_up(value: Decimal, places: int) -> Decimal:
    """`value` with `places` decimals; a result of zero has no sign."""
    return _rounded(value, Decimal(1).scaleb(-places))


def money(value: Decimal) -> Decimal:
    """Dollars with 2 decimals."""
    return _rounded(value, CENT)


def hourly_rate(value: Decimal) -> Decimal:
    """Dollars per hour with 6 decimals, as job-code rates are kept."""
    return _rounded(value, MILLIONTH)


def ratio(value: Decimal) -> Decimal:
    """A fraction, factor or slope with 6 decimals."""
    return _rounded(value, MILLIONTH)


def percent(value: Decimal) -> Decimal:
    """Percent points with 2 decimals."""
    return money(value)
