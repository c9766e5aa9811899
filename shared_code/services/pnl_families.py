"""Which cells a P&L shows and what it compares them with, under the names of the REST API.

Source: REST API, "P&L".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared_code.domain.months import add_months
from shared_code.domain.site_year import Scenario
from shared_code.errors import InvalidInputError, NotFoundError


@dataclass(frozen=True, slots=True)
class Family:
    """Cells of one scenario, of the months shown or of as many months before them.

    `name` is that of the REST API.
    """

    name: str
    scenario: Scenario
    months_back: int = 0

    def months(self, shown: Sequence[str]) -> list[str]:
        """The months (`YYYY-MM`) whose cells stand in the columns of the months `shown`."""
        return [add_months(month, -self.months_back) for month in shown]


TREND = Family("trend", Scenario.TREND)
BUDGET = Family("budget", Scenario.BUDGET)
_FORECAST = Family("forecast", Scenario.FORECAST)
_ACTUAL = Family("actual", Scenario.ACTUAL)
_PRIOR_YEAR = Family("prior-year", Scenario.TREND, months_back=12)

VIEWS: Mapping[str, Family] = {family.name: family for family in (TREND, _FORECAST, BUDGET, _ACTUAL, _PRIOR_YEAR)}
"""What a P&L may show."""

BASES: Mapping[str, Family] = {family.name: family for family in (TREND, _FORECAST, _ACTUAL, BUDGET)}
"""What a variance may start from."""

COMPARISONS: Mapping[str, Family] = {
    family.name: family
    for family in (
        BUDGET,
        _FORECAST,
        _ACTUAL,
        _PRIOR_YEAR,
        Family("prior-month", Scenario.TREND, months_back=1),
        Family("prior-quarter", Scenario.TREND, months_back=3),
    )
}
"""What it may be compared with."""

_FROZEN = ("snapshot", "fpa-projection")
_ALIASES = {
    "prior_year": "prior-year",
    "last-year": "prior-year",
    "ly": "prior-year",
    "previous-quarter": "prior-quarter",
}


def family_named(name: str, families: Mapping[str, Family], field: str) -> Family:
    """The family of `families` that has `name`; raises InvalidInputError with the accepted names."""
    if name not in families:
        raise _not_accepted(name, list(families), field)
    return families[name]


def comparison_named(name: str, base: Family, field: str) -> Family:
    """What `base` is compared with.

    Raises InvalidInputError for a name that there is not, or for `base` itself, and NotFoundError
    (PERIOD_NOT_AVAILABLE) for a frozen state of which none is stored.
    """
    known = _ALIASES.get(name, name)
    if known in _FROZEN:
        raise NotFoundError(
            f"No {known} is stored to compare with",
            code="PERIOD_NOT_AVAILABLE",
            field=field,
            details={"providedValue": name},
        )
    if known not in COMPARISONS:
        raise _not_accepted(name, [*COMPARISONS, *_FROZEN], field)
    if known == base.name:
        raise InvalidInputError(
            f"{known} cannot be compared with itself",
            field=field,
            details={"providedValue": name, "reason": "same_as_base"},
        )
    return COMPARISONS[known]


def default_comparison(base: Family) -> Family | None:
    """The budget; nothing for the budget itself."""
    return None if base is BUDGET else BUDGET


def _not_accepted(name: str, accepted: Sequence[str], field: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name[:100]!r} is not accepted for {field}; accepted are {', '.join(accepted)}",
        field=field,
        details={"providedValue": name[:100], "accepted": list(accepted)},
    )
