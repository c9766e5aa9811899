"""What hours cost and earn, calculated without saving them, or on the way to saving them.

Source: REST API, "Payroll"; Calculations, "Entry by group or by cost", "PTEB" and "Insurance".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from shared_code.domain.employee_shares import Headcount, split_by_employees
from shared_code.domain.errors import CalculationError
from shared_code.domain.expense_rows import InsuranceRates
from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.months import first_day, last_day
from shared_code.domain.payroll import SiteJobCode
from shared_code.domain.payroll_entry import hours_for_cost
from shared_code.domain.rates_in_force import RateMethod, rate_in_force
from shared_code.domain.rounding import ZERO
from shared_code.errors import CalculationRefusedError, ForecastError, together
from shared_code.services.forecast.payroll_entries import STORED_PLACES, Target, codes_of
from shared_code.services.forecast.payroll_months import PayrollMonth, SitePayroll, read_site_payroll
from shared_code.services.forecast.payroll_rows import Level
from shared_code.services.forecast.payroll_saving import PayrollRequest, PayrollSection
from shared_code.services.forecast.saving import Plan, Section, Unit
from shared_code.services.pnl_freshness import insurance_rates
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime


class Burden(StrEnum):
    """What is added to a calculation besides wages."""

    PTEB = "pteb"
    INSURANCE = "insurance"
    REVENUE = "revenue"


class RateOrigin(StrEnum):
    """Where the rate of a calculation comes from."""

    REQUEST = "request"
    SITE = "site"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class HoursToPrice:
    """Hours of a job code, group or family, on a day or (None) in the month; `path` is their place in the request.

    Rates are dollars per hour that stand in for those in force.
    """

    path: str
    day: date | None
    target: Target
    hours: Decimal
    overtime_hours: Decimal
    rate: Decimal | None = None
    overtime_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """Hours and dollars, unrounded; PTEB, insurance and revenue are None where they are not asked for or not known."""

    regular_hours: Decimal
    overtime_hours: Decimal
    regular_cost: Decimal
    overtime_cost: Decimal
    pteb_cost: Decimal | None
    insurance_cost: Decimal | None
    billable_revenue: Decimal | None

    @property
    def total_hours(self) -> Decimal:
        """Regular and overtime hours."""
        return self.regular_hours + self.overtime_hours

    @property
    def labor_cost(self) -> Decimal:
        """Wages for all hours."""
        return self.regular_cost + self.overtime_cost

    @property
    def burdened_cost(self) -> Decimal:
        """Wages with PTEB and insurance, as far as they are asked for."""
        return self.labor_cost + (self.pteb_cost or ZERO) + (self.insurance_cost or ZERO)

    @property
    def blended_rate(self) -> Decimal | None:
        """Wages of an hour; None without hours."""
        return self.labor_cost / self.total_hours if self.total_hours else None


@dataclass(frozen=True, slots=True)
class PricedEntry:
    """An entry with its costs."""

    target: Target
    rate: Decimal
    rate_origin: RateOrigin
    costs: Costs


@dataclass(frozen=True, slots=True)
class Calculation:
    """Entries, their sum, and its distance from the budget of the month in hours and dollars."""

    entries: tuple[PricedEntry, ...]
    totals: Costs
    hours_from_budget: Decimal
    cost_from_budget: Decimal


@dataclass(frozen=True, slots=True)
class CalculationRequest:
    """What is to be calculated for a month (`YYYY-MM`)."""

    month: str
    entries: tuple[HoursToPrice, ...]
    include: frozenset[Burden] = frozenset()


def calculate_payroll(runtime: Runtime, site: OpenSite, request: CalculationRequest) -> Calculation:
    """The calculation; nothing is stored. Raises `CalculationRefusedError` (422)."""
    with runtime.database.reading() as connection:
        payroll = read_site_payroll(connection, site, [request.month])
    return _Calculator(payroll, request, insurance_rates(runtime.settings)).calculate()


@dataclass(frozen=True, slots=True)
class PersistRequest(PayrollRequest):
    """Entries that are calculated and saved; `results` takes the calculation of each attempt."""

    calculation: CalculationRequest = field(kw_only=True)
    results: list[Calculation] = field(default_factory=list, kw_only=True)

    def open(self, unit: Unit) -> Section:
        """The section that calculates and saves."""
        return _PersistSection(unit, self)


class _PersistSection(PayrollSection):
    """A write of entries that can also be calculated: what cannot be is not saved."""

    def __init__(self, unit: Unit, request: PersistRequest) -> None:
        self._persist = request
        super().__init__(unit, request)

    def plan(self) -> Plan:
        """The plan of the entries, or what stands against their calculation."""
        plan = super().plan()
        rates = insurance_rates(self.unit.runtime.settings)
        try:
            self._persist.results.append(_Calculator(self.payroll, self._persist.calculation, rates).calculate())
        except ForecastError as problem:
            return Plan(locked=plan.locked, problem=problem)
        return plan


class _Calculator:
    """One calculation on what is known of the month."""

    def __init__(self, payroll: SitePayroll, request: CalculationRequest, insurance: InsuranceRates) -> None:
        self._payroll = payroll
        self._request = request
        self._month: PayrollMonth = payroll.months[0]
        contract = self._month.contract
        self._insurance_percent = insurance.for_contract(() if contract is None else contract.contract_types)

    def calculate(self) -> Calculation:
        """Every entry and the sum. Raises `CalculationRefusedError` (422)."""
        self._check_targets()
        entries = self._price_all()
        totals = _sum([entry.costs for entry in entries])
        budget_hours = sum(self._month.inputs.budget_hours.values(), ZERO)
        return Calculation(
            entries,
            totals,
            totals.total_hours - budget_hours,
            totals.labor_cost - self._month.inputs.budget_payroll,
        )

    def _check_targets(self) -> None:
        """Refuse unknown codes, all of them at once, and codes that are paid by salary."""
        unknown: dict[str, set[str]] = {}
        salaried: set[str] = set()
        for entry in self._request.entries:
            codes = self._codes(entry.target)
            if not codes:
                unknown.setdefault(_UNKNOWN_DETAILS[entry.target.level], set()).add(entry.target.name)
            elif all(code.is_salaried for code in codes):
                salaried |= {code.job_code for code in codes}
        if unknown:
            names = sorted(name for of_kind in unknown.values() for name in of_kind)
            raise CalculationRefusedError(
                f"{', '.join(names)} cannot be calculated: nothing of that name is in use at this site.",
                field="entries",
                details={kind: sorted(of_kind) for kind, of_kind in unknown.items()},
            )
        if salaried:
            raise CalculationRefusedError(
                f"{', '.join(sorted(salaried))} are paid by salary: their hours cost nothing.",
                field="entries",
                details={"reason": "salaried", "jobCodes": sorted(salaried)},
            )

    def _codes(self, target: Target) -> list[SiteJobCode]:
        return codes_of(self._payroll, target, self._month.period)

    def _price_all(self) -> tuple[PricedEntry, ...]:
        priced, problems = [], []
        for entry in self._request.entries:
            try:
                priced.append(self._price(entry))
            except ForecastError as problem:
                problems.append(problem)
        if (refusal := together(problems)) is not None:
            raise refusal
        return tuple(priced)

    def _price(self, entry: HoursToPrice) -> PricedEntry:
        codes = [code for code in self._codes(entry.target) if not code.is_salaried]
        day = entry.day or self._reference_day()
        regular, overtime = (_shares(hours, codes) for hours in (entry.hours, entry.overtime_hours))
        if entry.rate is not None:
            rate, origin = entry.rate, RateOrigin.REQUEST
            regular_cost = entry.hours * rate
        else:
            rate, origin = self._rate(entry, codes, day)
            pairs = zip(codes, regular, strict=True)
            regular_cost = sum((hours * (code.rate_on(day) or ZERO) for code, hours in pairs), ZERO)
        overtime_cost = entry.overtime_hours * (rate if entry.overtime_rate is None else entry.overtime_rate)
        labor_cost = regular_cost + overtime_cost
        costs = Costs(
            entry.hours,
            entry.overtime_hours,
            regular_cost,
            overtime_cost,
            self._pteb(labor_cost),
            labor_cost * self._insurance_percent / 100 if Burden.INSURANCE in self._request.include else None,
            self._revenue(codes, regular, overtime),
        )
        return PricedEntry(entry.target, rate, origin, costs)

    def _reference_day(self) -> date:
        """The day whose rates price hours of the whole month: today in the running month, else the nearest day."""
        today, period = self._payroll.window.business_date, self._month.period
        return min(max(today, first_day(period)), last_day(period))

    def _rate(self, entry: HoursToPrice, codes: Sequence[SiteJobCode], day: date) -> tuple[Decimal, RateOrigin]:
        """The rate in force, of several codes weighted by employees. Raises `CalculationRefusedError` without one."""
        try:
            rate = 1 / hours_for_cost(Decimal(1), codes, day)
        except CalculationError as error:
            names = sorted(code.job_code for code in codes if code.rate_on(day) is None)
            raise CalculationRefusedError(
                f"{', '.join(names)} have no hourly rate on {day}: send a rate, or enter one.",
                field=f"{entry.path}.rate",
                details={"jobCodes": names},
            ) from error
        dated = [rate_in_force(code.rates, code.default_rate, day) for code in codes]
        if len(codes) == 1 and dated[0] is not None:
            rate = dated[0].rate
        is_default = any(found is not None and found.method is RateMethod.DEFAULT for found in dated)
        return rate, RateOrigin.DEFAULT if is_default else RateOrigin.SITE

    def _pteb(self, labor_cost: Decimal) -> Decimal | None:
        """PTEB at the ratio of the budget; None where there is no budget payroll to take it from."""
        budget = self._month.inputs.budget_payroll
        if Burden.PTEB not in self._request.include or not budget:
            return None
        return labor_cost * self._month.budget_pteb / budget

    def _revenue(
        self, codes: Sequence[SiteJobCode], regular: Sequence[Decimal], overtime: Sequence[Decimal]
    ) -> Decimal | None:
        """What the client pays for the hours; None where the contract does not pay by the hour of these codes."""
        if Burden.REVENUE not in self._request.include:
            return None
        billable = self._month.labor.billable
        known = [
            hours * rate.regular + extra * rate.overtime
            for code, hours, extra in zip(codes, regular, overtime, strict=True)
            for rate in [billable.get(job_code_key(code.job_code))]
            if rate is not None
        ]
        return sum(known, ZERO) if known else None


def _shares(hours: Decimal, codes: Sequence[SiteJobCode]) -> list[Decimal]:
    """Hours of each code, as they would be saved."""
    heads = [Headcount(code.job_code, code.active_employees) for code in codes]
    return split_by_employees(hours, heads, STORED_PLACES)


def _sum(costs: Sequence[Costs]) -> Costs:
    return Costs(
        sum((entry.regular_hours for entry in costs), ZERO),
        sum((entry.overtime_hours for entry in costs), ZERO),
        sum((entry.regular_cost for entry in costs), ZERO),
        sum((entry.overtime_cost for entry in costs), ZERO),
        _sum_of_known([entry.pteb_cost for entry in costs]),
        _sum_of_known([entry.insurance_cost for entry in costs]),
        _sum_of_known([entry.billable_revenue for entry in costs]),
    )


def _sum_of_known(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, ZERO) if known else None


_UNKNOWN_DETAILS: Final = {Level.CODE: "jobCodes", Level.GROUP: "jobGroups", Level.FAMILY: "jobFamilies"}
