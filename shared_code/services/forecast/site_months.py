"""The months of a site as their current inputs give them, with how each figure came about.

Nothing is read from the stored P&L: the same calculation is made from the same inputs, so the figures are the same.

Source: Calculations, "Order of dependencies"; REST API, "Caching and freshness" (a read is always fresh).
"""

from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from shared_code.domain.errors import CalculationError
from shared_code.domain.site_month import ComputedMonth
from shared_code.domain.site_year import computed_months
from shared_code.errors import CalculationRefusedError
from shared_code.services.periods import Period
from shared_code.services.pnl_freshness import insurance_rates
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime
from shared_code.storage import pnl_inputs


@dataclass(frozen=True, slots=True)
class SiteMonths:
    """The months of a year from January to the end of a period, and those of the period itself.

    `available_rooms` can be sold on one day.
    """

    from_january: tuple[ComputedMonth, ...]
    shown: tuple[ComputedMonth, ...]
    available_rooms: int


def read_site_months(runtime: Runtime, connection: Connection, site: OpenSite, period: Period) -> SiteMonths:
    """The months of `period`, computed from what the transaction sees; as many statements for a year as for a month.

    Raises CalculationRefusedError where the figures of the site cannot be computed.
    """
    published = pnl_inputs.published_months(connection, [period.year])
    dates = {site.site_id: site.business_date}
    rates = insurance_rates(runtime.settings)
    inputs = pnl_inputs.site_year_inputs(connection, site.scope, period.year, dates, published, rates)[site.site_id]
    try:
        months = tuple(islice(computed_months(inputs), period.last.month))
    except CalculationError as error:
        details = {"siteId": site.site_id, "year": period.year}
        raise CalculationRefusedError(str(error), code=error.code, details=details) from error
    except ArithmeticError as error:
        raise CalculationRefusedError(
            f"The figures of site {site.site_id} in {period.year} are too large to be calculated with",
            details={"siteId": site.site_id, "year": period.year},
        ) from error
    return SiteMonths(months, months[period.first.month - 1 :], inputs.terms.available_rooms)
