"""What there is to say about months of a forecast, whatever the module.

Source: REST API, "Warning codes".
"""

from collections.abc import Collection, Iterable, Sequence

from shared_code.services.pnl_table import ViewWarning


def without_budget(months: Iterable[str], budgeted: Collection[str]) -> tuple[ViewWarning, ...]:
    """A warning about those of `months` (`YYYY-MM`) that are not among the `budgeted` ones."""
    missing = [month for month in months if month not in budgeted]
    return (no_budget(missing),) if missing else ()


def no_budget(months: Sequence[str]) -> ViewWarning:
    """The warning about `months` (`YYYY-MM`) of which no budget is loaded."""
    message = (
        f"No budget is loaded for {', '.join(months)}; 0 is shown where nothing is saved: "
        "save a forecast, or have the budget loaded."
    )
    return ViewWarning("NO_BUDGET", message, None, {"periods": list(months)})


def together(*groups: Iterable[ViewWarning]) -> tuple[ViewWarning, ...]:
    """The warnings of all `groups` in order, each once."""
    found: list[ViewWarning] = []
    for group in groups:
        found += [warning for warning in group if warning not in found]
    return tuple(found)
