"""The rates of a site's job codes: in force on a day, or with their history.

Source: REST API, "Job-code rates".
"""

from dataclasses import dataclass
from datetime import date

from shared_code.clock import business_date
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.runtime import Runtime
from shared_code.storage import rates, sites
from shared_code.storage.rates import RateView

MAX_LIMIT = 200
_FARTHEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RatePage:
    """A page of rates by job code, the newest first, and how many there are in all.

    `as_of` is the day on which they are in force; None for the history.
    """

    site_id: str
    as_of: date | None
    rates: tuple[RateView, ...]
    total: int


def list_rates(
    runtime: Runtime,
    scope: SiteScope,
    site_id: str,
    *,
    as_of: date | None = None,
    job_code: str | None = None,
    history: bool = False,
    page: int = 1,
    limit: int = 50,
) -> RatePage:
    """The rate in force on `as_of` (default: the site's business date) of each job code, or every row ever in force.

    A job code without any rate is left out; one that has a default rate alone appears with method `default` and
    without dates. Rates of salaried codes are there: to mask them is for whoever shows them.

    Raises `NotFoundError` (`SITE_NOT_FOUND`) for a site outside `scope`, `InvalidInputError` for a page or limit below
    1 and a limit above 200.

    Source: REST API, "Job-code rates" and "Paging".
    """
    offset = _offset(page, limit)
    wanted_site = site_id.strip().upper()
    code = None if job_code is None else job_code.strip().upper()
    with runtime.database.reading() as connection:
        site = sites.find(connection, scope, wanted_site)
        if site is None:
            raise NotFoundError(f"There is no site {wanted_site[:100]}.", code="SITE_NOT_FOUND", field="site_id")
        own = SiteScope.of([wanted_site])
        if history:
            rows = rates.rate_history(connection, own, job_code_id=code, limit=limit, offset=offset)
            total = rates.count_history(connection, own, job_code_id=code)
            return RatePage(wanted_site, None, tuple(rows), total)
        day = as_of or business_date(runtime.clock, site["time_zone"] or runtime.settings.business_time_zone)
        rows = rates.rates_in_force(connection, own, day, job_code_id=code, limit=limit, offset=offset)
        total = rates.count_in_force(connection, own, day, job_code_id=code)
    return RatePage(wanted_site, day, tuple(rows), total)


def _offset(page: int, limit: int) -> int:
    for name, value, most in (("page", page, None), ("limit", limit, MAX_LIMIT)):
        if value < 1 or (most is not None and value > most):
            accepted = "1 or more" if most is None else f"1 to {most}"
            raise InvalidInputError(
                f"{name} is {value}; accepted is {accepted}.",
                code="VALUE_OUT_OF_RANGE",
                field=name,
                details={"providedValue": value},
            )
    return min((page - 1) * limit, _FARTHEST)
