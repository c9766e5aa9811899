"""What a rate run is asked for, and the terms that follow from it.

Source: REST API, "Job-code rates"; Calculations, "Job-code rates".
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared_code.clock import business_date
from shared_code.domain.job_code_rates import RateLimits, default_as_of, rate_window
from shared_code.domain.months import EARLIEST, LATEST
from shared_code.domain.rates_in_force import RateMethod
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.runtime import Runtime
from shared_code.storage import rates, sites

CALCULATED_METHODS = (RateMethod.WEIGHTED_AVERAGE, RateMethod.AVERAGE)


@dataclass(frozen=True, slots=True)
class RateRequest:
    """A wish for a rate run. `sites` and `job_codes` None mean all, `method` None means the setting's.

    `as_of` is the date of the new rates: of `weighted_average` the last day of the window (default: the day before the
    business date), of `average` the date of the run (default: the business date). `date_from` and `date_to`, both
    included, take the place of the trailing window. `requested_by` is who wants it, `dry_run` changes nothing.
    """

    sites: tuple[str, ...] | None = None
    job_codes: tuple[str, ...] | None = None
    as_of: date | None = None
    method: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    dry_run: bool = False
    trigger: Literal["manual", "scheduled"] = "manual"
    requested_by: str = "system"
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class RateTerms:
    """The terms of one run: whom it concerns, by which method, from which days, dated when.

    `scope` are the sites, `codes` the job codes (None: all); `first` and `last` the days of the window, both included.
    """

    request: RateRequest
    scope: SiteScope
    codes: frozenset[str] | None
    method: RateMethod
    as_of: date
    first: date
    last: date
    limits: RateLimits

    @property
    def slice_name(self) -> str:
        """The kind of window, under which runs are comparable."""
        request = self.request
        is_trailing = request.date_from is None and request.date_to is None
        days = (self.last - self.first).days + 1
        window = f"trailing-{days}" if is_trailing else f"{self.first}..{self.last}"
        if self.method is RateMethod.AVERAGE:
            window = f"average {window}"
        return window if request.sites is None else f"{window} of sites"


def terms_of(runtime: Runtime, request: RateRequest) -> RateTerms:
    """The terms of `request`.

    Raises `InvalidInputError` for an unknown method, a date outside 2000–2099, `date_from` after `date_to`, and a
    `date_to` beside another `as_of`; `NotFoundError` for unknown sites (`SITE_NOT_FOUND`) and job codes.
    """
    method = _method(request.method or runtime.settings.job_rate_method)
    today = business_date(runtime.clock, runtime.settings.business_time_zone)
    for name in ("as_of", "date_from", "date_to"):
        check_date(name, getattr(request, name))
    window_days = runtime.settings.job_rate_window_days
    if method is RateMethod.AVERAGE:
        as_of = request.as_of or today
        last = request.date_to or default_as_of(as_of)
    else:
        last = request.date_to or request.as_of or default_as_of(today)
        as_of = request.as_of or last
        _check_same(as_of, last)
    first = request.date_from or rate_window(last, window_days)[0]
    _check_order(first, last)
    return RateTerms(
        request,
        _scope(runtime, request.sites),
        _codes(runtime, request.job_codes),
        method,
        as_of,
        first,
        last,
        RateLimits(runtime.settings.job_rate_min, runtime.settings.job_rate_max),
    )


def check_date(name: str, day: date | None) -> None:
    """Refuse a date that the product does not know; `name` is its field."""
    if day is not None and not EARLIEST <= day <= LATEST:
        raise InvalidInputError(
            f"{name} {day} lies outside {EARLIEST} to {LATEST}.",
            code="VALUE_OUT_OF_RANGE",
            field=name,
            details={"providedValue": str(day)},
        )


def _method(name: str) -> RateMethod:
    accepted = [method.value for method in CALCULATED_METHODS]
    if name not in accepted:
        raise InvalidInputError(
            f"{name!r} is no method of a rate run. Accepted: {', '.join(accepted)}.",
            field="method",
            details={"providedValue": name[:100], "accepted": accepted},
        )
    return RateMethod(name)


def _check_same(as_of: date, last: date) -> None:
    if as_of != last:
        raise InvalidInputError(
            f"Rates of method weighted_average are dated with the last day of their window: date_to {last} and "
            f"as_of {as_of} cannot both hold.",
            code="VALUE_OUT_OF_RANGE",
            field="as_of",
            details={"providedValue": str(as_of)},
        )


def _check_order(first: date, last: date) -> None:
    if first > last:
        raise InvalidInputError(
            f"date_from {first} lies after date_to {last}.",
            code="VALUE_OUT_OF_RANGE",
            field="date_from",
            details={"providedValue": str(first)},
        )


def _scope(runtime: Runtime, wanted: tuple[str, ...] | None) -> SiteScope:
    if wanted is None:
        return SiteScope.all_sites()
    if not wanted:
        raise InvalidInputError("No site is named.", code="MISSING_REQUIRED_FIELD", field="site_ids")
    scope = SiteScope.of(site.strip().upper() for site in wanted)
    with runtime.database.reading() as connection:
        known = sites.site_ids(connection, scope)
    if unknown := sorted((scope.site_ids or frozenset()).difference(known)):
        raise NotFoundError(
            f"There is no site {', '.join(unknown[:10])}.",
            code="SITE_NOT_FOUND",
            field="site_ids",
            details={"siteIds": unknown[:100]},
        )
    return scope


def _codes(runtime: Runtime, wanted: tuple[str, ...] | None) -> frozenset[str] | None:
    if wanted is None:
        return None
    codes = frozenset(code.strip().upper() for code in wanted)
    with runtime.database.reading() as connection:
        known = rates.known_codes(connection, codes)
    if unknown := sorted(codes.difference(known)):
        raise NotFoundError(
            f"There is no job code {', '.join(unknown[:10])}.",
            field="job_codes",
            details={"jobCodes": unknown[:100]},
        )
    return codes


__all__ = ["CALCULATED_METHODS", "RateRequest", "RateTerms", "check_date", "terms_of"]
