"""Which cells a P&L shows and what it compares them with, under the names of the REST API.

Source: REST API, "P&L".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared_code.domain.months import add_months
from shared_code.domain.site_year import Scenario
from shared_code.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class SnapshotChoice:
    """Which snapshot is meant: the one of `snapshot_id`, or the latest of `kinds`; `field` is what asked for it."""

    kinds: tuple[str, ...]
    snapshot_id: str | None = None
    field: str = "compare"


@dataclass(frozen=True, slots=True)
class Family:
    """Cells of one scenario, of the months shown or of as many months before them.

    `name` is that of the REST API. With a `snapshot` the cells are those that it holds.
    """

    name: str
    scenario: Scenario
    months_back: int = 0
    snapshot: SnapshotChoice | None = None

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
        Family("snapshot", Scenario.TREND, snapshot=SnapshotChoice(("manual", "month_close"))),
        Family("fpa-projection", Scenario.TREND, snapshot=SnapshotChoice(("fpa_projection",))),
    )
}
"""What it may be compared with: of snapshots with the trend as it was."""

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


def comparison_named(name: str, base: Family, field: str, snapshot_id: str | None = None) -> Family:
    """What `base` is compared with; `snapshot_id` (None: the latest) says with which snapshot, where it is one.

    Raises InvalidInputError for a name that there is not, or for `base` itself. Whether a snapshot is stored shows
    when its cells are read.
    """
    known = _ALIASES.get(name, name)
    if known not in COMPARISONS:
        raise _not_accepted(name, list(COMPARISONS), field)
    if known == base.name:
        raise InvalidInputError(
            f"{known} cannot be compared with itself",
            field=field,
            details={"providedValue": name, "reason": "same_as_base"},
        )
    family = COMPARISONS[known]
    if family.snapshot is None:
        return family
    return replace(family, snapshot=SnapshotChoice(family.snapshot.kinds, snapshot_id, field))


def default_comparison(base: Family) -> Family | None:
    """The budget; nothing for the budget itself."""
    return None if base is BUDGET else BUDGET


def _not_accepted(name: str, accepted: Sequence[str], field: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name[:100]!r} is not accepted for {field}; accepted are {', '.join(accepted)}",
        field=field,
        details={"providedValue": name[:100], "accepted": list(accepted)},
    )
