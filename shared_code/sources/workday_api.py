"""The Workday API: employees with their job, pay and sites, and nothing that names a person.

Source: Source side, "Workday API".
"""

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from pydantic import SecretStr

from shared_code.clock import Clock
from shared_code.domain.rounding import ZERO
from shared_code.errors import ConfigurationError
from shared_code.settings import Settings
from shared_code.sources.circuit_breaker import CircuitBreaker
from shared_code.sources.exact_json import JsonObject, JsonValue
from shared_code.sources.http_client import HttpConnection, HttpSource, random_fraction, utc_text
from shared_code.sources.paging import Page, read_pages
from shared_code.sources.row_fields import Reject, RejectReason, RowFields, RowRefusedError, raw_row
from shared_code.sources.source_address import needed_secret, needed_setting, source_address

EMPLOYEES_PATH = "/api/v1/employees"
HUNDRED_PERCENT = Decimal(100)
PERCENT_TOLERANCE = Decimal("0.01")

_ALLOCATION = ("siteId", "percent")
_KNOWN: dict[str, tuple[str, ...]] = {
    "employeeId": (),
    "status": (),
    "hireDate": (),
    "terminationDate": (),
    "jobCode": (),
    "jobProfile": (),
    "isSalaried": (),
    "fte": (),
    "annualBasePay": (),
    "allocations": _ALLOCATION,
    "updatedAt": (),
}
_MASKED = frozenset({"annualBasePay", "employeeId"})
_REQUIRED = ("employeeId", "status", "jobCode")


@dataclass(frozen=True, slots=True)
class Allocation:
    """The part of an employee, in percent (0–100), that works for a site."""

    site_id: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Employee:
    """One employee: job, whether salaried (None: the source does not say), annual pay in dollars, sites.

    `allocations` add up to 100 ± 0.01 percent and name each site once; the salary allocated to a site is
    `annual_base_pay` × percent / 100. Identity and pay never show in a text form of this object.

    Source: Source side, "Workday API".
    """

    employee_id: str = field(repr=False)
    status: str
    hire_date: date | None
    termination_date: date | None
    job_code: str
    job_profile: str | None
    is_salaried: bool | None
    fte: Decimal | None
    annual_base_pay: Decimal | None = field(repr=False)
    allocations: tuple[Allocation, ...]
    updated_at: datetime | None


class BasicLogin:
    """Basic authentication, which has nothing to renew."""

    def __init__(self, user: str, password: SecretStr) -> None:
        pair = f"{user}:{password.get_secret_value()}".encode()
        self._header = SecretStr("Basic " + base64.b64encode(pair).decode("ascii"))

    def header(self, connection: HttpConnection) -> str:
        """The `Authorization` header."""
        return self._header.get_secret_value()

    def renew(self) -> bool:
        """A refused password stays refused."""
        return False


class WorkdayApi:
    """Reads the Workday API that the settings `WORKDAY_*` describe.

    Raises `ConfigurationError` when one of them is missing. `clock`, `sleep` (seconds), `jitter` (0–1) and `breaker`
    are those of `HttpSource`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random_fraction,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        user = needed_setting(settings, "workday_user")
        if ":" in user:
            raise ConfigurationError("WORKDAY_USER holds a colon, which basic authentication cannot carry")
        needed_secret(settings, "workday_password")
        self._url = source_address(settings, "workday_api_host") + EMPLOYEES_PATH
        self._login = BasicLogin(user, settings.workday_password)
        self._page_size = settings.workday_page_size
        self._source = HttpSource(
            "Workday API", settings.workday_api_timeout_s, clock=clock, sleep=sleep, jitter=jitter, breaker=breaker
        )

    def employees(self, updated_since: datetime | None = None, *, status: str = "active") -> Iterator[Page[Employee]]:
        """The pages of the employees in `status`, all or only those that changed `updated_since`.

        Only the fields of `Employee` are asked for. A page with number 1 replaces everything read before it (see
        `Page`). Raises `ValueError` for a moment without a zone and `SourceError` as `HttpConnection.get` and
        `read_pages` do.

        Source: Source side, "Workday API".
        """
        parameters = [("status", status), ("fields", ",".join(_KNOWN))]
        if updated_since is not None:
            parameters.append(("updatedSince", utc_text(updated_since)))
        return self._pages(parameters)

    def _pages(self, parameters: list[tuple[str, str]]) -> Iterator[Page[Employee]]:
        with self._source.connect() as connection:
            yield from read_pages(
                self._source.name,
                lambda number: connection.get(
                    self._url,
                    EMPLOYEES_PATH,
                    [*parameters, ("page", str(number)), ("limit", str(self._page_size))],
                    self._login,
                ),
                parse_employee_row,
            )


def parse_employee_row(row: JsonValue) -> Employee | Reject:
    """The employee that `row` describes, or the reason why it describes none; a reject holds no id and no pay.

    Source: Source side, "Workday API"; Data model, "Masking".
    """
    if not isinstance(row, JsonObject):
        return Reject(RejectReason.NOT_AN_OBJECT, None, raw_row(row, _KNOWN, _MASKED))
    try:
        return _employee(RowFields(row))
    except RowRefusedError as refused:
        return Reject(refused.reason, refused.field, raw_row(row, _KNOWN, _MASKED))


def _employee(fields: RowFields) -> Employee:
    fields.require(*_REQUIRED)
    allocations = _allocations(fields)
    return Employee(
        employee_id=fields.required("employeeId", fields.text("employeeId", 50)),
        status=fields.required("status", fields.text("status", 30)).lower(),
        hire_date=fields.day("hireDate"),
        termination_date=fields.day("terminationDate"),
        job_code=fields.required("jobCode", fields.text("jobCode", 200)),
        job_profile=fields.text("jobProfile", 100),
        is_salaried=fields.flag("isSalaried"),
        fte=fields.number("fte", lowest=ZERO),
        annual_base_pay=fields.number("annualBasePay", lowest=ZERO),
        allocations=allocations,
        updated_at=fields.moment("updatedAt"),
    )


def _allocations(fields: RowFields) -> tuple[Allocation, ...]:
    """The employee's sites, those equal after normalisation added together; refused unless they make 100 percent."""
    rows = fields.value("allocations")
    if rows is None or rows == []:
        fields.refuse(RejectReason.MISSING_FIELD, "allocations")
    if not isinstance(rows, list):
        fields.refuse(RejectReason.BAD_TYPE, "allocations")
    percents: dict[str, Decimal] = {}
    for row in rows:
        if not isinstance(row, JsonObject):
            fields.refuse(RejectReason.BAD_TYPE, "allocations")
        part = RowFields(row, prefix="allocations.")
        part.require(*_ALLOCATION)
        site_id = part.required("siteId", part.site("siteId"))
        percent = part.required("percent", part.number("percent", lowest=ZERO, highest=HUNDRED_PERCENT))
        percents[site_id] = percents.get(site_id, ZERO) + percent
    if abs(sum(percents.values(), ZERO) - HUNDRED_PERCENT) > PERCENT_TOLERANCE:
        fields.refuse(RejectReason.ALLOCATION_SUM, "allocations")
    return tuple(Allocation(site_id, percent) for site_id, percent in percents.items())
