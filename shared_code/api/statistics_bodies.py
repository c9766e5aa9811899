"""What a client sends to save the statistics of a site.

Source: REST API, "Statistics" (PUT and POST .../copy) and "PUT means merge".
"""

from collections.abc import Iterator
from datetime import date as day_type
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic.alias_generators import to_camel

from shared_code.api.errors import refusal
from shared_code.api.fields import Day, Fraction, ReadOnly, RoomCount, Text, VehicleCount, wrong
from shared_code.api.monthly_shapes import Fault, SavedPeriodBody, ShownRow, repeated
from shared_code.api.validation import Body, located, period_of_path
from shared_code.domain.weeks import SATURDAY
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.saving import WriteRequest
from shared_code.services.forecast.statistics_copying import CopyRequest
from shared_code.services.forecast.statistics_days import DayEntry, DaysRequest
from shared_code.services.forecast.statistics_saving import FIELD_NAMES
from shared_code.services.forecast.statistics_spreading import SpreadRequest

MOST_DAYS: Final = 400
"""Days of one request."""

Shape = Literal["budget-shape", "even", "weekday-pattern", "prior-year-shape"]


def _inside_path(day: day_type, info: ValidationInfo) -> day_type:
    period = period_of_path(info)
    if period is not None and not period.first <= day <= period.last:
        raise wrong(
            "VALUE_OUT_OF_RANGE",
            "The day lies outside the period of the path",
            minimum=period.first,
            maximum=period.last,
        )
    return day


DayOfPath = Annotated[Day, AfterValidator(_inside_path)]
"""A day of a request, within the period of the path."""


class StatisticsDayBody(ShownRow):
    """The values of a day; null removes the saved one. Overnight counts are sent only where no ratio is."""

    date: DayOfPath
    occupancy: Fraction | None = None
    occupied_rooms: RoomCount | None = None
    drive_in_ratio: Fraction | None = None
    capture_ratio: Fraction | None = None
    valet_daily: VehicleCount | None = None
    valet_monthly: VehicleCount | None = None
    valet_aggregator: VehicleCount | None = None
    valet_comps: VehicleCount | None = None
    self_daily: VehicleCount | None = None
    self_monthly: VehicleCount | None = None
    self_aggregator: VehicleCount | None = None
    self_comps: VehicleCount | None = None
    valet_overnight: VehicleCount | None = None
    self_overnight: VehicleCount | None = None
    note: Text | None = None
    is_weekend: ReadOnly = None
    variance: ReadOnly = None
    valet_vehicles: ReadOnly = None
    self_park_vehicles: ReadOnly = None
    total_vehicles: ReadOnly = None
    external_revenue: ReadOnly = None

    @field_validator("valet_overnight", "self_overnight", mode="before")
    @classmethod
    def _is_sent_without_ratios(cls, value: object, info: ValidationInfo) -> object:
        # A ratio that was refused is missing in the data: it was sent all the same.
        has_ratio = any(info.data.get(name, value) is not None for name in ("drive_in_ratio", "capture_ratio"))
        if value is not None and has_ratio:
            raise wrong("READ_ONLY_FIELD", "Overnight counts follow from the ratios that the row sends")
        return value

    def entry(self) -> DayEntry:
        """What is sent; an empty note is none."""
        sent = {name: getattr(self, name) for name in FIELD_NAMES if name in self.model_fields_set}
        return DayEntry(self.date, {name: None if value == "" else value for name, value in sent.items()})


class StatisticsTargetsBody(Body):
    """Figures that the whole period is to have."""

    model_config = ConfigDict(alias_generator=to_camel)

    occupancy: Fraction | None = None
    valet_vehicles: VehicleCount | None = None
    self_park_vehicles: VehicleCount | None = None
    drive_in_ratio: Fraction | None = None
    capture_ratio: Fraction | None = None
    occupied_rooms: ReadOnly = None
    total_vehicles: ReadOnly = None
    valet_daily: ReadOnly = None
    valet_overnight: ReadOnly = None
    valet_monthly: ReadOnly = None
    valet_aggregator: ReadOnly = None
    valet_comps: ReadOnly = None
    self_daily: ReadOnly = None
    self_overnight: ReadOnly = None
    self_monthly: ReadOnly = None
    self_aggregator: ReadOnly = None
    self_comps: ReadOnly = None
    external_revenue: ReadOnly = None
    source: ReadOnly = None

    @model_validator(mode="after")
    def _has_a_figure(self) -> Self:
        if not self.model_dump(exclude_none=True):
            message = "At least one figure of the period is needed"
            raise located((("occupancy",), wrong("MISSING_REQUIRED_FIELD", message), None))
        return self


class StatisticsBody(SavedPeriodBody):
    """Either days, or figures of the whole period that are spread over its days."""

    days: Annotated[list[StatisticsDayBody], Field(max_length=MOST_DAYS)] | None = None
    statistics: StatisticsTargetsBody | None = None
    spread: Shape = "budget-shape"
    available_rooms: ReadOnly = None
    available_parking: ReadOnly = None
    buckets: ReadOnly = None
    months: ReadOnly = None
    totals: ReadOnly = None
    calculation: ReadOnly = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise located(*faults)
        return self

    def request(self, precondition: Precondition | None, *, is_replacing: bool) -> WriteRequest:
        """What is to be saved. Raises `RefusedError` (400) without any day, unless all others are cleared."""
        if self.statistics is not None:
            targets: dict[str, Any] = self.statistics.model_dump(exclude_none=True)
            return SpreadRequest(precondition, targets, self.spread, overwrite=self.overwrite)
        if not self.days and not is_replacing:
            raise refusal("MISSING_REQUIRED_FIELD", "At least one day is needed", "days")
        return DaysRequest(precondition, tuple(day.entry() for day in self.days or ()), is_replacing)

    def _faults(self) -> Iterator[Fault]:
        if self.days is not None and self.statistics is not None:
            yield ("statistics",), wrong("INVALID_DATA_TYPE", "Either days or statistics are sent, not both"), None
        if self.days is None and self.statistics is None:
            yield ("days",), wrong("MISSING_REQUIRED_FIELD", "Either days or statistics are needed"), None
        yield from repeated([day.date for day in self.days or ()], "days", "date")


class CopyBody(SavedPeriodBody):
    """From where the days of a month are filled; without `dates` all of them."""

    from_: Annotated[Literal["budget", "prior-year", "prior-month", "week-pattern"], Field(alias="from")]
    source_week: Day | None = None
    dates: Annotated[list[DayOfPath], Field(min_length=1, max_length=MOST_DAYS)] | None = None
    dry_run: bool = False
    cells: ReadOnly = None
    skipped: ReadOnly = None

    @model_validator(mode="after")
    def _names_its_source(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise located(*faults)
        return self

    def request(self, precondition: Precondition | None) -> CopyRequest:
        """What is to be copied."""
        dates = None if self.dates is None else frozenset(self.dates)
        return CopyRequest(precondition, self.from_, dates, self.source_week, overwrite=self.overwrite)

    def _faults(self) -> Iterator[Fault]:
        if self.from_ == "week-pattern" and self.source_week is None:
            yield ("sourceWeek",), wrong("MISSING_REQUIRED_FIELD", "The Saturday of the week is needed"), None
        if self.source_week is not None and self.source_week.weekday() != SATURDAY:
            fault = wrong("VALUE_OUT_OF_RANGE", "A week is named by its Saturday")
            yield ("sourceWeek",), fault, self.source_week.isoformat()
        seen: set[day_type] = set()
        for place, day in enumerate(self.dates or ()):
            if day in seen:
                yield ("dates", place), wrong("DUPLICATE", "This day is sent twice"), day.isoformat()
            seen.add(day)
