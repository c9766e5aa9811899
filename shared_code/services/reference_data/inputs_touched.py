"""Which site-years an import concerns: their inputs versions are raised, and those that are read are refreshed.

Source: Data model, "Results and snapshots" (inputs version); REST API, "Periods and windows".
"""

from collections import defaultdict
from collections.abc import Mapping

from shared_code.clock import business_date
from shared_code.services.reference_data.reference_table import ImportContext
from shared_code.storage import pnl_inputs, versions

EVERY_YEAR = 0
"""As the first year of a site: whatever the year."""


def raise_inputs(context: ImportContext, first_years: Mapping[str, int]) -> dict[str, dict[int, int]]:
    """Raise the inputs of the sites in `first_years` from their first year on.

    Returns the new versions of what to refresh, by site and year.

    Raised are the years whose P&L is stored, and those that may be read and so may just be computed. The stored ones
    and the current one are to be refreshed. A first year that lies beyond them all is raised by itself.
    """
    zone = context.runtime.settings.business_time_zone
    this_year = business_date(context.runtime.clock, zone).year
    stored = {
        (site_id, year)
        for site_id, year in pnl_inputs.stored_site_years(context.connection)
        if site_id in first_years and year >= first_years[site_id]
    }
    refreshed, readable = set(stored), set()
    for site_id, first_year in first_years.items():
        years = [year for year in (this_year - 1, this_year, this_year + 1) if year >= first_year] or [first_year]
        readable |= {(site_id, year) for year in years}
        refreshed.add((site_id, max(first_year, this_year)))
    raised = versions.raise_inputs_versions(context.connection, stored | readable, context.now)
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for site_id, year in sorted(refreshed):
        found[site_id][year] = raised[site_id, year]
    return found
