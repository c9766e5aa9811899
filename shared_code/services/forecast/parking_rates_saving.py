"""Saving parking rates, and carrying them forward to the later months of the year.

Source: REST API, "Parking rates — GET, PUT /parking-rates/{siteId}/{period}".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, Final

from shared_code.domain.month_budget import accounts_of
from shared_code.domain.months import add_months, months_between, period_of
from shared_code.domain.parking_rates import budget_rates
from shared_code.domain.rounding import money
from shared_code.domain.statistics import Category
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.cells import Cell, CellChange, Module
from shared_code.services.forecast.monthly_section import MonthlySection, MonthlyValues, monthly_cell
from shared_code.services.forecast.parking_rate_warnings import RateReferences, closed_rates, deviation_warnings
from shared_code.services.forecast.saving import Section, Unit, WriteRequest
from shared_code.services.pnl_table import ViewWarning, line_code
from shared_code.storage import forecast_inputs, month_ledger, monthly_writing

CATEGORY_FIELDS: Final[Mapping[str, Category]] = {line_code(category): category for category in Category}
"""The categories under their names in JSON."""


@dataclass(frozen=True, slots=True)
class ParkingRatesRequest(WriteRequest):
    """Rates in dollars per vehicle; `carry_forward` also to later months, `overwrite` over what is saved there."""

    precondition: Precondition | None
    rates: MonthlyValues
    carry_forward: bool = False
    overwrite: bool = False

    def open(self, unit: Unit) -> Section:
        """The section that saves these rates."""
        return ParkingRatesSection(unit, self)


class ParkingRatesSection(MonthlySection):
    """A write of parking rates."""

    module = Module.PARKING_RATES
    keys: ClassVar = {name: category.value for name, category in CATEGORY_FIELDS.items()}

    def __init__(self, unit: Unit, request: ParkingRatesRequest) -> None:
        self.request = request
        super().__init__(unit, request.precondition, request.rates)

    def months_at_stake(self) -> Sequence[str]:
        """The months of the period, and those to which rates are carried forward."""
        months = self.unit.period.months
        return months_between(months[0], f"{months[-1][:4]}-12") if self.request.carry_forward else months

    def read_saved(self, first: str, last: str) -> Mapping[Cell, Decimal]:
        """The saved rates."""
        unit = self.unit
        saved = forecast_inputs.saved_parking_rates(unit.connection, unit.site.scope, [unit.site.site_id], first, last)
        return {
            monthly_cell(month, line_code(category)): money(rate)
            for (_, month), rates in saved.items()
            for category, rate in rates.items()
        }

    def carried(self) -> Mapping[Cell, Decimal]:
        """The rates that later editable months take over; those of a later entry win over those of an earlier one."""
        return {cell: rate for cell, rate in self._reached.items() if self.request.overwrite or cell not in self.saved}

    def warnings(self, wanted: Mapping[Cell, Decimal | None]) -> tuple[ViewWarning, ...]:
        """Months that kept their rate, and rates that lie far from what was last earned."""
        rates = [(cell.period, CATEGORY_FIELDS[cell.field], rate) for cell, rate in wanted.items() if rate is not None]
        if not rates:
            return ()
        rates.sort(key=lambda rate: (rate[0], _PLACES[rate[1]]))
        deviations = deviation_warnings(rates, self._references(), self.unit.runtime.settings)
        return (*self._skipped(), *deviations)

    def store(self, changes: Sequence[CellChange]) -> None:
        """The rates of `changes`."""
        unit = self.unit
        monthly_writing.write_parking_rates(
            unit.connection,
            unit.site.scope,
            unit.site.site_id,
            self.stored_values(changes),
            unit.author.user_id,
            unit.now,
        )

    def edit(self, month: str, changes: Sequence[CellChange]) -> tuple[str, Mapping[str, Any]]:
        """`RatesUpdated` with the categories that have another rate now."""
        changed = {change.cell.field for change in changes}
        return "RatesUpdated", {"categories": [name for name in CATEGORY_FIELDS if name in changed]}

    @cached_property
    def _reached(self) -> Mapping[Cell, Decimal]:
        """The rates that later editable months would take over, whatever is saved there; what is sent is left out."""
        if not self.request.carry_forward:
            return {}
        reached = {}
        for sent in sorted(self.sent.values, key=lambda value: value.month):
            if sent.value is None:
                continue
            for month in months_between(add_months(sent.month, 1), f"{sent.month[:4]}-12"):
                if self.window.month_lock(month) is None:
                    reached[monthly_cell(month, sent.field)] = sent.value
        return {cell: rate for cell, rate in reached.items() if cell not in {sent.cell for sent in self.sent.values}}

    def _skipped(self) -> list[ViewWarning]:
        """A warning for each category of which later months kept another rate."""
        if self.request.overwrite:
            return []
        found = []
        for name in CATEGORY_FIELDS:
            kept = sorted(
                cell.period
                for cell, rate in self._reached.items()
                if cell.field == name and cell in self.saved and self.saved[cell] != rate
            )
            if kept:
                message = f"{name} keeps the rate saved in {', '.join(kept)}; send overwrite to replace it there, too."
                found.append(
                    ViewWarning("CARRY_FORWARD_SKIPPED", message, "carryForward", {"category": name, "months": kept})
                )
        return found

    def _references(self) -> RateReferences:
        unit, months = self.unit, self.months_at_stake()
        asked = unit.connection, unit.site.scope, unit.site.site_id
        closed = add_months(period_of(unit.site.business_date), -1)
        balances = month_ledger.budget_balances(*asked, months[0], months[-1])
        return RateReferences(
            closed,
            closed_rates(month_ledger.parked_months(*asked, closed, closed), closed),
            {month: budget_rates(accounts_of(entries)) for month, entries in balances.items()},
        )


_PLACES = {category: place for place, category in enumerate(Category)}
"""The order in which the contract lists the categories."""
