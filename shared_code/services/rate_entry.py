"""A rate that a person enters: checked, put into the history, audited and announced in one transaction.

Source: REST API, "Job-code rates"; Data model, "Job codes and rates".
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from shared_code.clock import business_date
from shared_code.domain.months import MonthKind, month_kind, period_of
from shared_code.domain.rates_in_force import RateMethod
from shared_code.domain.rounding import hourly_rate
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ConflictError, InvalidInputError, NotFoundError
from shared_code.services.forecast.author import Author
from shared_code.services.held_lease import held
from shared_code.services.rate_announcement import announce_rates
from shared_code.services.rate_request import check_date
from shared_code.services.runtime import Runtime
from shared_code.sql.types import new_identifier, text_length
from shared_code.storage import audit, rate_history, rates, sites, user_access
from shared_code.storage.audit import AuditEntry
from shared_code.storage.rate_history import NewRate, RatePlan
from shared_code.storage.rates import RateView

MODULE = "job-code-rates"
"""Name of these changes in the audit trail."""

HIGHEST_RATE = Decimal("999.99")
ENTERED_METHODS = (RateMethod.FIXED, RateMethod.MANUAL)
"""Methods of a rate that a person may enter; `contract` rates are reference data."""

SHORTEST_REASON, LONGEST_REASON = 5, 2000


@dataclass(frozen=True, slots=True)
class RateEntry:
    """An hourly rate (dollars, at most 2 decimals) for a job code of a site from `effective_date` on."""

    site_id: str
    job_code_id: str
    hourly_rate: Decimal
    effective_date: date
    calculation_method: str
    reason: str


@dataclass(frozen=True, slots=True)
class EnteredRate:
    """The rate in force on the effective date, now and before; `changed` False: it was entered already."""

    row: RateView
    previous: RateView | None
    changed: bool


def enter_rate(runtime: Runtime, scope: SiteScope, entry: RateEntry, author: Author) -> EnteredRate:
    """Enter a fixed or manual rate; it takes precedence over calculated ones while it is in force.

    Raises `InvalidInputError` for a rate, date, method or reason that is not acceptable, `NotFoundError` for a site
    outside `scope` (`SITE_NOT_FOUND`) and an unknown job code, `ConflictError` for a closed month (`PERIOD_LOCKED`) and
    while somebody else enters a rate of the same site and code (`reason` `write_in_progress`).

    Source: REST API, "Job-code rates".
    """
    check_entry(entry)
    site_id, job_code = entry.site_id.strip().upper(), entry.job_code_id.strip().upper()
    with runtime.database.reading() as connection:
        site = sites.find(connection, scope, site_id)
        if site is None:
            raise NotFoundError(f"There is no site {site_id[:100]}.", code="SITE_NOT_FOUND", field="site_id")
        if not rates.known_codes(connection, [job_code]):
            raise NotFoundError(f"There is no job code {job_code[:100]}.", field="job_code_id")
    zone = site["time_zone"] or runtime.settings.business_time_zone
    _check_open(entry.effective_date, business_date(runtime.clock, zone))
    with held(runtime.database, f"rate:{site_id}:{job_code}", runtime.settings.lease_ttl_s) as lease:
        if lease is None:
            raise ConflictError(
                f"A rate of {job_code} at {site_id} is being entered by somebody else. Try again.",
                details={"reason": "write_in_progress"},
            )
        with runtime.database.writing() as connection:
            return _enter(connection, site_id, job_code, entry, author, runtime.clock.now())


def check_entry(entry: RateEntry) -> None:
    """Refuse values that no entered rate may have; the error names the field and what is accepted.

    Source: REST API, "Values" and "Job-code rates".
    """
    _check_rate(entry.hourly_rate)
    check_date("effective_date", entry.effective_date)
    accepted = [method.value for method in ENTERED_METHODS]
    if entry.calculation_method not in accepted:
        raise InvalidInputError(
            f"{entry.calculation_method!r} is no method of an entered rate. Accepted: {', '.join(accepted)}.",
            field="calculation_method",
            details={"providedValue": entry.calculation_method[:100], "accepted": accepted},
        )
    reason = entry.reason.strip()
    if not reason:
        raise InvalidInputError("A reason is required.", code="MISSING_REQUIRED_FIELD", field="reason")
    if len(reason) < SHORTEST_REASON or text_length(reason) > LONGEST_REASON:
        raise InvalidInputError(
            f"A reason has {SHORTEST_REASON} to {LONGEST_REASON} characters; this one has {len(reason)}.",
            code="VALUE_OUT_OF_RANGE",
            field="reason",
            details={"providedValue": reason[:100]},
        )


def _check_rate(rate: Decimal) -> None:
    is_possible = rate.is_finite() and 0 < rate <= HIGHEST_RATE
    if not is_possible or rate != rate.quantize(Decimal("0.01")):
        raise InvalidInputError(
            f"hourly_rate is greater than 0, at most {HIGHEST_RATE}, and has at most 2 decimals.",
            code="VALUE_OUT_OF_RANGE",
            field="hourly_rate",
            details={"providedValue": str(rate)[:100]},
        )


def _check_open(effective_date: date, today: date) -> None:
    period = period_of(effective_date)
    if month_kind(period, today) is MonthKind.ACTUAL:
        raise ConflictError(
            f"{period} is closed: a rate may take effect from {period_of(today)} on.",
            code="PERIOD_LOCKED",
            field="effective_date",
            details={"lockedMonths": [period], "reason": "past"},
        )


def _enter(
    connection: Connection, site_id: str, job_code: str, entry: RateEntry, author: Author, now: datetime
) -> EnteredRate:
    scope, day = SiteScope.of([site_id]), entry.effective_date
    rate_history.enter_pair(connection, site_id, job_code, author.user_id, now)
    before = _in_force(connection, scope, job_code, day)
    pair = rates.pair_rates(connection, scope, day, [job_code])[0]
    new = NewRate(
        site_id,
        job_code,
        hourly_rate(entry.hourly_rate),
        RateMethod(entry.calculation_method),
        reason=entry.reason.strip(),
    )
    plan = RatePlan(day)
    changed = plan.place(new, pair.entered, pair.next_entered)
    plan.write(connection, None, author.user_id, now)
    if changed:
        author = replace(author, request_id=author.request_id or new_identifier())
        on_behalf = author.user_id.lower() not in user_access.account_managers_of(connection, site_id)
        entries = _audit_entries(new, before, day, author, hides_pay=pair.is_salaried, on_behalf=on_behalf)
        audit.add_entries(connection, entries, now)
        announce_rates(connection, [(site_id, job_code)], day, now, author.user_id, author.request_id)
    row = _in_force(connection, scope, job_code, day)
    assert row is not None
    return EnteredRate(row, before, changed)


def _in_force(connection: Connection, scope: SiteScope, job_code: str, day: date) -> RateView | None:
    found = rates.rates_in_force(connection, scope, day, job_code_id=job_code, limit=1, offset=0)
    return found[0] if found else None


def _audit_entries(
    new: NewRate, before: RateView | None, day: date, author: Author, *, hides_pay: bool, on_behalf: bool
) -> list[AuditEntry]:
    """One entry for each of rate and method that became another one from `day` on; pay may be hidden."""
    old_rate, old_method = (None, None) if before is None else (before.hourly_rate, before.calculation_method)
    changes: list[tuple[str, Decimal | RateMethod | None, Decimal | RateMethod]] = [
        ("hourly_rate", old_rate, new.hourly_rate),
        ("calculation_method", old_method, new.method),
    ]
    return [
        AuditEntry(
            user_id=author.user_id,
            module=MODULE,
            item_key=f"{day}.{new.job_code_id}",
            source=author.source,
            site_id=new.site_id,
            period=period_of(day),
            field=field,
            old_value=_shown(old, hidden=hides_pay and field == "hourly_rate"),
            new_value=_shown(value, hidden=hides_pay and field == "hourly_rate"),
            reason=new.reason,
            role_code=author.role,
            on_behalf=on_behalf,
            request_id=author.request_id,
        )
        for field, old, value in changes
        if old != value
    ]


def _shown(value: Decimal | RateMethod | None, *, hidden: bool) -> str | None:
    if value is None:
        return None
    return audit.HIDDEN if hidden else str(value)
