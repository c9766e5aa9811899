"""The payroll of a site in JSON: blocks of hours and dollars, rows, days, buckets, totals.

Source: REST API, "Payroll".
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, Literal, cast

from pydantic import Field, GetJsonSchemaHandler, SerializerFunctionWrapHandler, model_serializer
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import CoreSchema

from shared_code.api.envelope import CamelModel
from shared_code.api.fields import HourlyRate, Hours, Money
from shared_code.api.forecast_shapes import ChangesShape, HeaderShape, LockWord
from shared_code.domain.payroll_days import Labor
from shared_code.services.forecast.payroll_rows import Figures, PayrollRow
from shared_code.services.forecast.payroll_view import PayrollBucket, PayrollDay, PayrollView

View = Literal["forecast", "budget", "scheduled", "actual", "trend", "all"]

SHOWN: Final[Mapping[str, frozenset[str]]] = {
    "forecast": frozenset({"forecast"}),
    "budget": frozenset({"budget"}),
    "scheduled": frozenset({"scheduled"}),
    "actual": frozenset({"actual"}),
    "trend": frozenset({"effective"}),
    "all": frozenset({"forecast", "budget", "scheduled", "actual", "effective", "variance"}),
}
"""The blocks of each view; a view leaves those of the others out."""


class LaborShape(CamelModel):
    """Hours and what they cost; `cost` is null where the hours have no rate, or pay is masked."""

    hours: Hours
    cost: Money | None


class ForecastShape(CamelModel):
    """Saved hours; `overtimeHours` come besides `hours`, and `revenue` is null where no hour is billed."""

    hours: Hours
    overtime_hours: Hours
    cost: Money | None
    revenue: Money | None


class EffectiveShape(LaborShape):
    """The figure of the trend, and where it comes from."""

    source: Literal["actual", "forecast", "budget", "none", "trend", "mixed"]


class LaborBlocksShape(CamelModel):
    """Blocks of hours and dollars: those of the view. `variance` is effective less budget."""

    forecast: ForecastShape | None = None
    budget: LaborShape | SkipJsonSchema[None] = None
    scheduled: LaborShape | None = None
    actual: LaborShape | None = None
    effective: EffectiveShape | SkipJsonSchema[None] = None
    variance: LaborShape | SkipJsonSchema[None] = None

    @model_serializer(mode="wrap")
    def _without_other_views(self, shape: SerializerFunctionWrapHandler) -> dict[str, Any]:
        left_out = {to_camel(name) for name in type(self).model_fields.keys() - self.model_fields_set}
        return {name: value for name, value in shape(self).items() if name not in left_out}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema of the fields: leaving some out does not make an answer any object."""
        described: dict[str, Any] = {name: part for name, part in core_schema.items() if name != "serialization"}
        return handler(cast(CoreSchema, described))


class PayrollRowShape(LaborBlocksShape):
    """A job code, job group or job family; above single codes the rate is weighted by employees.

    Salaried codes stand in rows of their own; their pay is null and `masked` for those who may not read it.
    """

    job_family: str | None
    job_group_id: str | None
    job_group: str | None
    job_code: str | None
    title: str | None
    rate: HourlyRate | None
    active_employees: int
    is_salaried: bool
    masked: bool
    note: str | None
    alert: bool


class PayrollDayShape(CamelModel):
    """The rows of a day."""

    date: date
    editable: bool
    lock_reason: LockWord | None
    rows: list[PayrollRowShape]


class PayrollBucketShape(CamelModel):
    """The rows of a week (named by its Saturday) or of a month; `partial` where the period cuts it."""

    start: date
    end: date
    label: str
    partial: bool
    editable: bool
    lock_reason: LockWord | None
    rows: list[PayrollRowShape]


class PayrollTotalsShape(CamelModel):
    """Sums of the period by family and group, and of the site with its salaries, as the P&L has it."""

    families: list[PayrollRowShape]
    groups: list[PayrollRowShape]
    period: LaborBlocksShape


class SalariedShape(CamelModel):
    """Allocated salaries of the period; null and `masked` where they are those of a single person."""

    cost: Money | None
    masked: bool


class UnassignedShape(CamelModel):
    """Hours of codes without a job group; they are part of every total."""

    hours: Hours
    cost: Money | None
    job_codes: list[str]


class PayrollRateShape(CamelModel):
    """The rate of an hourly code on the last day of the period."""

    job_code: str
    rate: HourlyRate | None
    effective_date: date | None


class PayrollShape(HeaderShape):
    """The payroll of a period: `days` of a day or month, `buckets` of weeks and months."""

    mode: Literal["group", "code"]
    is_plh_site: bool
    days: list[PayrollDayShape]
    buckets: list[PayrollBucketShape]
    totals: PayrollTotalsShape
    salaried: SalariedShape
    unassigned: UnassignedShape
    average_rates: list[PayrollRateShape]
    missing_rates: list[str] = Field(description="Codes with hours that have no rate: the cost is incomplete")


class SavedPayrollShape(PayrollShape):
    """The payroll after a PUT, and how many cells it changed."""

    changes: ChangesShape


def payroll_members(view: PayrollView, shown: View = "all") -> dict[str, Any]:
    """The members of a payroll besides its header, with the blocks of the view `shown`."""
    blocks = SHOWN[shown]
    totals = view.totals
    return {
        "mode": view.mode.value,
        "is_plh_site": view.is_plh_site,
        "days": [_day(day, blocks) for day in view.days],
        "buckets": [_bucket(bucket, blocks) for bucket in view.buckets],
        "totals": {
            "families": _rows(totals.families, blocks),
            "groups": _rows(totals.groups, blocks),
            "period": _figures(totals.period, blocks),
        },
        "salaried": view.salaried,
        "unassigned": view.unassigned,
        "average_rates": view.average_rates,
        "missing_rates": list(view.missing_rates),
    }


def _day(day: PayrollDay, blocks: frozenset[str]) -> dict[str, Any]:
    return {
        "date": day.day,
        "editable": day.lock is None,
        "lock_reason": day.lock,
        "rows": _rows(day.rows, blocks),
    }


def _bucket(bucket: PayrollBucket, blocks: frozenset[str]) -> dict[str, Any]:
    return {
        "start": bucket.start,
        "end": bucket.end,
        "label": bucket.label,
        "partial": bucket.partial,
        "editable": False,
        "lock_reason": bucket.lock,
        "rows": _rows(bucket.rows, blocks),
    }


def _rows(rows: Iterable[PayrollRow], blocks: frozenset[str]) -> list[dict[str, Any]]:
    return [
        {
            "job_family": row.head.job_family,
            "job_group_id": row.head.job_group_id,
            "job_group": row.head.job_group,
            "job_code": row.head.job_code,
            "title": row.head.title,
            "rate": row.rate,
            "active_employees": row.head.active_employees,
            "is_salaried": row.head.is_salaried,
            "masked": row.masked,
            "note": row.note,
            "alert": row.alert,
            **_figures(row.figures, blocks),
        }
        for row in rows
    ]


def _figures(figures: Figures, blocks: frozenset[str]) -> dict[str, Any]:
    entered, effective = figures.entered, figures.effective
    members: dict[str, Any] = {
        "forecast": None
        if entered is None
        else {
            "hours": entered.regular,
            "overtime_hours": entered.overtime,
            "cost": entered.cost,
            "revenue": entered.revenue,
        },
        "budget": _labor(figures.budget),
        "scheduled": _labor(figures.scheduled),
        "actual": _labor(figures.actual),
        "effective": {"hours": effective.hours, "cost": effective.cost, "source": figures.source.value},
        "variance": {"hours": figures.variance_hours, "cost": figures.variance_cost},
    }
    return {name: members[name] for name in members if name in blocks}


def _labor(labor: Labor | None) -> dict[str, Any] | None:
    return None if labor is None else {"hours": labor.hours, "cost": labor.cost}
