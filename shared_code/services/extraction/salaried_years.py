"""Which site-years another salary concerns.

Source: Calculations, "Job codes" and "Payroll forecast".
"""

from collections.abc import Set as AbstractSet
from datetime import date

from shared_code.storage.publication import SitePeriod
from shared_code.storage.site_job_codes import SalariedCode


def touched_years(
    before: AbstractSet[SalariedCode], after: AbstractSet[SalariedCode], as_of: date
) -> frozenset[SitePeriod]:
    """The sites whose salaried codes differ, each with the year of `as_of` and the next (`YYYY`).

    A salary has no month: it counts in every forecast month of the years that are being forecast.
    """
    sites = {site_id for site_id, _, _ in before ^ after}
    return frozenset((site_id, f"{year:04d}") for site_id in sites for year in (as_of.year, as_of.year + 1))
