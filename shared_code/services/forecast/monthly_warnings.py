"""What there is to say about months of a forecast, whatever the module.

Source: REST API, "Warning codes".
"""

from collections.abc import Collection, Iterable

from shared_code.services.pnl_table import ViewWarning


def without_budget(months: Iterable[str], budgeted: Collection[str]) -> tuple[ViewWarning, ...]:
    """A warning about those of `months` (`YYYY-MM`) that are not among the `budgeted` ones."""
    missing = [month for month in months if month not in budgeted]
    if not missing:
        return ()
    message = f"No budget is loaded for {', '.join(missing)}; 0 is shown where nothing is saved."
    return (ViewWarning("NO_BUDGET", message, None, {"periods": missing}),)


def together(*groups: Iterable[ViewWarning]) -> tuple[ViewWarning, ...]:
    """The warnings of all `groups` in order, each once."""
    found: list[ViewWarning] = []
    for group in groups:
        found += [warning for warning in group if warning not in found]
    return tuple(found)
