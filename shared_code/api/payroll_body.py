"""What a client sends to save payroll: hours or costs by day, week or month, for a job code, group or family.

Source: REST API, "Payroll" and "PUT means merge".
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel

from shared_code.api.fields import Day, JobCode, Number, ReadOnly, Text, Within, wrong
from shared_code.api.monthly_shapes import Fault, SavedPeriodBody
from shared_code.api.validation import Body, located, period_of_path
from shared_code.domain.rounding import round_half_up
from shared_code.domain.weeks import SATURDAY
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.payroll_entries import (
    COST,
    HOURS,
    NOTE,
    OVERTIME,
    STORED_PLACES,
    PayrollEntry,
    SentValues,
    Target,
)
from shared_code.services.forecast.payroll_rows import Level
from shared_code.services.forecast.payroll_saving import MOST_HOURS, PayrollRequest
from shared_code.services.periods import Period, PeriodType

MOST_ENTRIES: Final = 5_000
"""Entries of one request."""

MOST_DAYS: Final = 31

Span = tuple[date, date]
"""First and last day."""

SpreadHours = Annotated[Number, Field(decimal_places=2), Within(0, MOST_HOURS * MOST_DAYS)]
"""Hours of a row, over all days of an entry."""

EnteredCost = Annotated[Number, Field(decimal_places=2), Within(0, 999_999_999)]
"""Dollars of a row, over all days of an entry."""

GroupId = Annotated[str, Field(min_length=1, max_length=50)]
FamilyName = Annotated[str, Field(min_length=1, max_length=255)]


class TargetBody(Body):
    """Names one of a job code, a job group or a job family."""

    model_config = ConfigDict(alias_generator=to_camel)

    date: Day | None = None
    job_code: JobCode | None = None
    job_group_id: GroupId | None = None
    job_family: FamilyName | None = None

    @property
    def target(self) -> Target:
        """What the entry is for."""
        return self._named[0][1]

    @property
    def _named(self) -> list[tuple[str, Target]]:
        targets = [
            ("jobCode", Level.CODE, self.job_code),
            ("jobGroupId", Level.GROUP, self.job_group_id),
            ("jobFamily", Level.FAMILY, self.job_family),
        ]
        return [(field, Target(level, name)) for field, level, name in targets if name is not None]

    @model_validator(mode="after")
    def _names_one_target(self) -> Self:
        named = self._named
        if not named:
            message = "An entry names a jobCode, a jobGroupId or a jobFamily"
            raise located((("jobCode",), wrong("MISSING_REQUIRED_FIELD", message), None))
        if len(named) > 1:
            message = "An entry names only one of jobCode, jobGroupId and jobFamily"
            raise located(((named[1][0],), wrong("INVALID_DATA_TYPE", message), named[1][1].name))
        return self


class EntryBody(TargetBody):
    """Hours or a cost for a `date`, a `week` (its Saturday), or without either for the whole period.

    `null` takes away what is saved.
    """

    week: Day | None = None
    hours: SpreadHours | None = None
    cost: EnteredCost | None = None
    overtime_hours: SpreadHours | None = None
    note: Text | None = None
    title: ReadOnly = None
    rate: ReadOnly = None
    revenue: ReadOnly = None
    job_group: ReadOnly = None
    active_employees: ReadOnly = None
    is_salaried: ReadOnly = None
    masked: ReadOnly = None
    forecast: ReadOnly = None
    budget: ReadOnly = None
    scheduled: ReadOnly = None
    actual: ReadOnly = None
    effective: ReadOnly = None
    variance: ReadOnly = None
    alert: ReadOnly = None
    editable: ReadOnly = None
    lock_reason: ReadOnly = None

    @model_validator(mode="after")
    def _lies_within_the_period(self, info: ValidationInfo) -> Self:
        faults = list(self._day_faults(period_of_path(info)))
        if faults:
            raise located(*faults)
        return self

    def span(self, period: Period) -> Span:
        """The first and the last day that the entry is for."""
        if self.date is not None:
            return self.date, self.date
        if self.week is not None:
            return max(self.week - timedelta(days=6), period.first), min(self.week, period.last)
        return period.first, period.last

    def values(self, names: frozenset[str]) -> SentValues:
        """Those of the fields `names` that are sent, hours and dollars with 2 decimals."""
        fields = {HOURS: self.hours, COST: self.cost, OVERTIME: self.overtime_hours, NOTE: self.note}
        sent = {to_camel(name) for name in self.model_fields_set}
        return {name: _kept(value) for name, value in fields.items() if name in sent and name in names}

    def _day_faults(self, period: Period | None) -> Iterator[Fault]:
        if self.date is not None and self.week is not None:
            yield ("week",), wrong("INVALID_DATA_TYPE", "An entry names a date or a week, not both"), str(self.week)
        if self.week is not None and self.week.weekday() != SATURDAY:
            yield ("week",), wrong("VALUE_OUT_OF_RANGE", "A week is named by its Saturday"), str(self.week)
        if period is None:
            return
        if period.type is PeriodType.YEAR and self.date is None:
            yield ("date",), wrong("MISSING_REQUIRED_FIELD", "Over a year an entry names its date"), None
        limits = {"minimum": period.first, "maximum": period.last}
        outside = wrong("VALUE_OUT_OF_RANGE", "The day lies outside the period of the path", **limits)
        if self.date is not None and not period.first <= self.date <= period.last:
            yield ("date",), outside, str(self.date)
        if self.week is not None and not period.first <= self.week <= period.last + timedelta(days=6):
            yield ("week",), outside, str(self.week)
        first, last = self.span(period)
        if first == last:
            for name, hours in ((HOURS, self.hours), (OVERTIME, self.overtime_hours)):
                if hours is not None and hours > MOST_HOURS:
                    yield (name,), wrong("VALUE_OUT_OF_RANGE", "The value is too large", maximum=MOST_HOURS), hours


class PayrollBody(SavedPeriodBody):
    """Entries to be saved: hours, or costs that are turned into hours."""

    input_mode: Literal["hours", "cost"] = "hours"
    entries: Annotated[list[EntryBody], Field(min_length=1, max_length=MOST_ENTRIES)]
    mode: ReadOnly = None
    is_plh_site: ReadOnly = None
    days: ReadOnly = None
    buckets: ReadOnly = None
    totals: ReadOnly = None
    salaried: ReadOnly = None
    unassigned: ReadOnly = None
    average_rates: ReadOnly = None
    missing_rates: ReadOnly = None

    @model_validator(mode="after")
    def _fits_its_mode(self) -> Self:
        faults = [*self._mode_faults(), *repeated_entries(self.entries)]
        if faults:
            raise located(*faults)
        return self

    def request(self, precondition: Precondition | None, period: Period, *, is_replacing: bool) -> PayrollRequest:
        """What is to be saved for `period`."""
        names = frozenset({self.input_mode, OVERTIME, NOTE})
        return PayrollRequest(
            precondition,
            tuple(_entry(entry, place, period, names) for place, entry in enumerate(self.entries)),
            overwrite=self.overwrite,
            is_replacing=is_replacing,
        )

    def _mode_faults(self) -> Iterator[Fault]:
        derived = "cost" if self.input_mode == "hours" else "hours"
        for place, entry in enumerate(self.entries):
            if derived in entry.model_fields_set:
                message = f"With inputMode {self.input_mode}, {derived} cannot be sent: it follows from what is entered"
                yield ("entries", place, derived), wrong("READ_ONLY_FIELD", message), getattr(entry, derived)
            if not entry.model_fields_set & {self.input_mode, "overtime_hours", "note"}:
                message = f"An entry sends {self.input_mode}, overtimeHours or note"
                yield ("entries", place, self.input_mode), wrong("MISSING_REQUIRED_FIELD", message), None


def repeated_entries(entries: Sequence[TargetBody]) -> Iterator[Fault]:
    """A fault for each entry that has the day and target of an earlier one."""
    seen: set[tuple[date | None, date | None, Level, str]] = set()
    for place, entry in enumerate(entries):
        week = entry.week if isinstance(entry, EntryBody) else None
        key = (entry.date, week, entry.target.level, entry.target.name.strip().upper())
        if key in seen:
            field = entry.target.field
            yield ("entries", place, field), wrong("DUPLICATE", "Another entry has the same key"), entry.target.name
        seen.add(key)


def _entry(entry: EntryBody, place: int, period: Period, names: frozenset[str]) -> PayrollEntry:
    path = f"entries[{place}]"
    named = "date" if entry.date is not None else "week" if entry.week is not None else None
    first, last = entry.span(period)
    return PayrollEntry(
        path,
        "period" if named is None else f"{path}.{named}",
        first,
        last,
        entry.target,
        entry.values(names),
    )


def _kept(value: Decimal | str | None) -> Decimal | str | None:
    return round_half_up(value, STORED_PLACES) if isinstance(value, Decimal) else value
