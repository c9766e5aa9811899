"""What users have saved for the months of a batch of sites, as one record a month.

Source: Data model, "Forecast input".
"""

from sqlalchemy import Connection

from shared_code.domain.site_scope import SiteScope
from shared_code.domain.site_year_inputs import SavedMonth
from shared_code.storage import forecast_inputs
from shared_code.storage.forecast_inputs import SiteMonth

NOTHING = SavedMonth()


def saved_months(connection: Connection, scope: SiteScope, first: str, last: str) -> dict[SiteMonth, SavedMonth]:
    """What is saved for the months from `first` to `last` (`YYYY-MM`) of the sites in `scope`, which names its sites.

    A site-month in which nothing is saved has no entry. Seven statements, however many sites and months.
    """
    asked = (connection, scope, scope.site_ids or (), first, last)
    statistics = forecast_inputs.saved_statistics(*asked)
    rates = forecast_inputs.saved_parking_rates(*asked)
    levers = forecast_inputs.saved_levers(*asked)
    hours = forecast_inputs.saved_hours(*asked)
    revenues = forecast_inputs.saved_other_revenue(*asked)
    expenses = forecast_inputs.saved_other_expenses(*asked)
    adjustments = forecast_inputs.saved_adjustments(*asked)
    found = {}
    for key in {*statistics, *rates, *levers, *hours, *revenues, *expenses, *adjustments}:
        lever = levers.get(key)
        found[key] = SavedMonth(
            statistics.get(key, ()),
            rates.get(key, {}),
            None if lever is None else lever.adjustment_percent,
            None if lever is None else lever.override,
            hours.get(key, ()),
            revenues.get(key, NOTHING.other_revenue),
            expenses.get(key, {}),
            adjustments.get(key, ()),
        )
    return found
