"""What the body of each message holds, version 1: events, requests and slices of jobs as their consumers accept them.

Members that a contract does not name are ignored, so that a sender may add some. Anything else that differs is an
error that no later delivery could mend.

Source: REST API, "Events"; Operations, "Message form".
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from shared_code.dead_letter_reasons import PoisonReason
from shared_code.errors import ForecastError
from shared_code.messaging.events import SCHEMA_VERSION
from shared_code.messaging.message import (
    ALERTS,
    JOBS,
    PAYROLL_CALCULATE,
    PL_REFRESH,
    STATISTICS_UPDATE,
    TREND,
    UNIT_ACCOUNTS,
)

Text = Annotated[str, Field(min_length=1, max_length=200)]
SiteId = Annotated[str, Field(min_length=1, max_length=20)]
Month = Annotated[str, Field(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$")]
"""A month, `YYYY-MM`."""
YearOrMonth = Annotated[str, Field(pattern=r"^[12][0-9]{3}(-(0[1-9]|1[0-2]))?$")]
"""A year, `YYYY`, or one of its months."""


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("there is no such moment in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment with its zone, in UTC from then on."""


class PoisonError(ForecastError):
    """A message that can never succeed. `code` is the reason that operators see."""

    def __init__(self, message: str, reason: PoisonReason = PoisonReason.INVALID_BODY) -> None:
        super().__init__(message, code=reason.value)


class Body(BaseModel):
    """What every message says of itself. `event_id` is its own; `request_id` names the request that caused it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", alias_generator=to_camel)

    event_id: Text
    event_type: Text
    schema_version: Literal[1]
    request_id: Text
    timestamp: Moment


class SiteYearBody(Body):
    """What changed at a site in a year or a month of it.

    `inputs_version` is that of the site-year when the message was written; it may have moved on since.
    """

    site_id: SiteId
    period: YearOrMonth
    inputs_version: Annotated[int, Field(ge=0)] | None = None

    @property
    def year(self) -> int:
        """The year concerned."""
        return int(self.period[:4])

    @property
    def from_period(self) -> str:
        """The first month concerned, `YYYY-MM`."""
        return self.period if len(self.period) == len("YYYY-MM") else f"{self.period}-01"


class StatisticsUpdated(SiteYearBody):
    """Statistics of a month were saved; `statistics` are its effective figures."""

    period: Month
    statistics: Mapping[str, Decimal | None]
    user_id: Text


class PayrollCalculated(SiteYearBody):
    """Hours of a month were saved. `total_cost` is its payroll in dollars; None where that would tell a salary."""

    period: Month
    job_families: tuple[Text, ...]
    total_cost: Decimal | None


class JobRatesUpdated(Body):
    """Job codes of a site have another rate from `effective_date` on."""

    site_id: SiteId
    job_codes: tuple[Text, ...]
    effective_date: Annotated[str, Field(pattern=r"^[12][0-9]{3}-[01][0-9]-[0-3][0-9]$")]
    user_id: Text


class JobRatesOfYear(JobRatesUpdated, SiteYearBody):
    """The same for the queue that works on it: once for every year concerned."""


class RatesUpdated(SiteYearBody):
    """Parking rates of a month were saved."""

    period: Month
    categories: tuple[Text, ...]
    user_id: Text


class ForecastUpdated(SiteYearBody):
    """Another module of a month was saved."""

    period: Month
    module: Text
    user_id: Text


class SiteYearLoaded(SiteYearBody):
    """`BudgetLoaded`, `ActualsLoaded`, `ContractChanged`: the inputs of a year, or of a month of it, are others."""


class RefreshRequested(SiteYearBody):
    """The P&L of a site-year is wanted."""

    inputs_version: Annotated[int, Field(ge=0)]


class PLViewRefreshed(SiteYearBody):
    """The P&L of a month was stored; dollars, None where unavailable. `variance` is trend against budget."""

    period: Month
    flc: Decimal | None
    variance: Decimal | None


class UnitAccountBatchRequested(Body):
    """The unit accounts of a month are to be validated."""

    batch_id: Annotated[str, Field(pattern=r"^ua_[A-Za-z0-9_-]{1,27}$")]
    period: Month


class JobSlice(Body):
    """One slice, counted from 1: of a slot of a scheduled job, or of the background job `job_id`."""

    slice: Annotated[int, Field(ge=1)]
    job: Text | None = None
    slot: Moment | None = None
    job_id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")] | None = None

    @model_validator(mode="after")
    def _names_one_job(self) -> Self:
        if (self.job_id is None) == (self.job is None) or (self.job is None) != (self.slot is None):
            raise ValueError("either job with its slot, or jobId, is to be given")
        return self


class SnapshotTaken(Body):
    """Figures were frozen."""

    snapshot_id: Text


class JobCodeDiscovered(Body):
    """A source named a job code that was not known, at this site."""

    job_code: Text
    site_id: SiteId


CONTRACTS: Final[Mapping[str, type[Body]]] = {
    "StatisticsUpdated": StatisticsUpdated,
    "PayrollCalculated": PayrollCalculated,
    "RatesUpdated": RatesUpdated,
    "ForecastUpdated": ForecastUpdated,
    "JobRatesUpdated": JobRatesOfYear,
    "BudgetLoaded": SiteYearLoaded,
    "ActualsLoaded": SiteYearLoaded,
    "ContractChanged": SiteYearLoaded,
    "RefreshRequested": RefreshRequested,
    "PLViewRefreshed": PLViewRefreshed,
    "SnapshotTaken": SnapshotTaken,
    "JobCodeDiscovered": JobCodeDiscovered,
    "UnitAccountBatchRequested": UnitAccountBatchRequested,
    "JobSlice": JobSlice,
}
"""The body of each type of message, where there is a queue for it as the queue has it."""

EVENT_TYPES: Final[Mapping[str, frozenset[str]]] = {
    STATISTICS_UPDATE: frozenset({"StatisticsUpdated"}),
    PAYROLL_CALCULATE: frozenset({"PayrollCalculated", "JobRatesUpdated"}),
    PL_REFRESH: frozenset(
        {"RatesUpdated", "ForecastUpdated", "BudgetLoaded", "ActualsLoaded", "ContractChanged", "RefreshRequested"}
    ),
    UNIT_ACCOUNTS: frozenset({"UnitAccountBatchRequested"}),
    JOBS: frozenset({"JobSlice"}),
    ALERTS.source: frozenset({"PLViewRefreshed"}),
    TREND.source: frozenset({"StatisticsUpdated"}),
}
"""What each queue and subscription receives."""


def parse_body(source: str, body: bytes) -> Body:
    """The body of a message from queue or subscription `source`.

    Raises `PoisonError` for what is no JSON object (`INVALID_BODY`), a type that `source` does not receive
    (`UNKNOWN_TYPE`), another schema version (`UNKNOWN_VERSION`), or a member that the contract does not accept.
    """
    header = _header(body)
    version, event_type = header.get("schemaVersion"), header.get("eventType")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        message = f"Schema version {version!r:.40} is not known; {SCHEMA_VERSION} is"
        raise PoisonError(message, PoisonReason.UNKNOWN_VERSION)
    if not isinstance(event_type, str) or event_type not in EVENT_TYPES[source]:
        known = ", ".join(sorted(EVENT_TYPES[source]))
        raise PoisonError(f"{source} knows no {event_type!r:.60}, only {known}", PoisonReason.UNKNOWN_TYPE)
    try:
        return CONTRACTS[event_type].model_validate_json(body)
    except ValidationError as error:
        raise PoisonError(f"{event_type}: {_problems(error)}") from None


def _header(body: bytes) -> Mapping[str, object]:
    try:
        parsed = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise PoisonError("The body is not JSON") from None
    if not isinstance(parsed, dict):
        raise PoisonError("The body is not a JSON object")
    return parsed


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")


def _problems(error: ValidationError) -> str:
    """Which members are not accepted, and why; never their values."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in found[:5])
