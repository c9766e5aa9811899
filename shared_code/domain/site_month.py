"""One month of a site in all its lines: budget, posted, forecast, and blended where it is the running one.

Source: Calculations, "Cells", "Current month" and "Order of dependencies".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.contract import ContractType
from shared_code.domain.contract_drivers import ContractDrivers
from shared_code.domain.internal_revenue import Components, InternalRevenueSource, price_contract
from shared_code.domain.internal_revenue_line import budget_internal_line, contract_line
from shared_code.domain.ledger import Balance
from shared_code.domain.month_blend import BlendedMonth, PostedMonth, blend_month, posted_to_date
from shared_code.domain.month_budget import BudgetMonth, accounts_of, budget_month
from shared_code.domain.month_drivers import (
    blended_drivers,
    blended_revenue,
    closed_drivers,
    closed_revenue,
    forecast_drivers,
    forecast_revenue,
)
from shared_code.domain.month_forecast import ForecastMonth, forecast_month, insurance_rate
from shared_code.domain.months import MonthKind, month_kind
from shared_code.domain.pnl_components import NOTHING, UNAVAILABLE, FigureSource, Line, ledger_lines
from shared_code.domain.pnl_rows import CELL_ROWS, PnlRow
from shared_code.domain.revenue_share import MonthRevenue
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_year_inputs import MonthInputs, SiteYearInputs
from shared_code.domain.trend_figures import Accumulated, TrendFigures

Lines = Mapping[PnlRow, Line]
"""The line of every row that has cells."""


@dataclass(frozen=True, slots=True)
class ComputedMonth:
    """The lines of one month and what it leaves to the later ones.

    `trend` are the lines of the running month; the trend of others is their posted or forecast lines. `revenue`,
    `claims` and `profit` are trend figures in dollars; `revenue` is None where a source could not be read, `profit`
    also where no management agreement is priced. `forecast_components` are those of the contract by the forecast,
    `trend_components` those of the running month on its blended drivers, in which external revenue is recorded
    through `external_through`; they are None where nothing is priced. `missing_rates` names the job codes whose
    forecast hours have no rate; it `blend_lacks_rates` when hours after the last paid day have none.
    """

    inputs: MonthInputs
    kind: MonthKind
    budget: Lines
    posted: Lines
    forecast: Lines
    trend: Lines
    internal_source: InternalRevenueSource
    actual_through: date | None
    missing_rates: tuple[str, ...]
    blend_lacks_rates: bool
    revenue: MonthRevenue | None
    claims: Decimal
    profit: Decimal | None
    forecast_components: Components | None = None
    trend_components: Components | None = None
    external_through: date | None = None

    @property
    def trend_lines(self) -> Lines:
        """The lines of the trend: posted in a closed month, blended in the running one, forecast in a later one."""
        if self.kind is MonthKind.CURRENT:
            return self.trend
        return self.posted if self.kind is MonthKind.ACTUAL else self.forecast


def compute_month(month: MonthInputs, inputs: SiteYearInputs, trend: TrendFigures) -> ComputedMonth:
    """The lines of `month`, with what `trend` has of the months before it.

    Source: Calculations, "Order of dependencies".
    """
    return _Month(month, inputs, trend).compute()


def carry(month: ComputedMonth, trend: TrendFigures, *, is_of_earlier_year: bool = False) -> None:
    """Add the trend figures of a month to those of the months before it.

    A month of an earlier year that no source has ever been read for is one without a figure.

    Source: Calculations, "Tiers".
    """
    period = month.inputs.period
    if month.revenue is None:
        if not is_of_earlier_year:
            trend.unavailable.add(period)
        return
    trend.revenue[period] = month.revenue
    trend.claims[period] = month.claims
    if month.profit is not None:
        trend.profits[period] = month.profit
    elif _pays_management(month.inputs):
        trend.unavailable.add(period)


class _Month:
    """One month on its way: every step uses what the steps before it have found."""

    def __init__(self, month: MonthInputs, inputs: SiteYearInputs, trend: TrendFigures) -> None:
        self._month = month
        self._inputs = inputs
        self._kind = month_kind(month.period, inputs.business_date)
        self._contract = month.contract
        self._before = None if month.contract is None else trend.before(month.contract, month.period)
        self._budget = self._budget_of(month.budget)
        self._posted = self._posted_of(month.posted)
        self._forecast = self._forecast_of(self._budget)
        self._priced: Components | None = None

    def compute(self) -> ComputedMonth:
        """All lines, then what the later months need."""
        forecast = self._forecast_lines()
        forecast_components, trend_components = self._priced, None
        blended: BlendedMonth | None = None
        trend: Lines = {}
        if self._kind is MonthKind.CURRENT:
            blended = self._blend()
            trend = self._trend_lines(blended)
            trend_components = self._priced
        elif self._kind is MonthKind.ACTUAL:
            self._price_posted()
        priced = self._priced
        return ComputedMonth(
            inputs=self._month,
            kind=self._kind,
            budget=_NEVER_PUBLISHED if self._budget is None else self._budget.lines,
            posted=_NEVER_PUBLISHED if self._posted is None else self._posted.lines,
            forecast=forecast,
            trend=trend,
            internal_source=InternalRevenueSource.BUDGET if self._contract is None else InternalRevenueSource.CONTRACT,
            actual_through=None if blended is None else blended.actual_through,
            missing_rates=() if self._forecast is None else self._forecast.missing_rates,
            blend_lacks_rates=blended is not None and bool(blended.missing_rates),
            revenue=self._carried_revenue(blended),
            claims=ZERO if priced is None else priced.management_agreement.claims.amount,
            profit=None
            if priced is None or not _pays_management(self._month)
            else priced.management_agreement.profit_share.profit,
            forecast_components=forecast_components,
            trend_components=trend_components,
            external_through=None if blended is None else blended.external.last_day,
        )

    def _budget_of(self, balances: Sequence[Balance] | None) -> BudgetMonth | None:
        if balances is None:
            return None
        lines = ledger_lines(balances, self._inputs.account_names, FigureSource.BUDGET)
        return budget_month(self._month.period, balances, lines)

    def _posted_of(self, balances: Sequence[Balance] | None) -> PostedMonth | None:
        if balances is None:
            return None
        lines = ledger_lines(balances, self._inputs.account_names, FigureSource.ACTUAL)
        return PostedMonth(balances, accounts_of(balances), lines)

    def _forecast_of(self, budget: BudgetMonth | None) -> ForecastMonth | None:
        if budget is None:
            return None
        inputs = self._inputs
        by_category = inputs.shares_categories
        return forecast_month(self._month, budget, inputs.terms, inputs.account_names, by_category=by_category)

    def _forecast_lines(self) -> Lines:
        """The forecast; without a published budget only claims are known."""
        budget, forecast = self._budget, self._forecast
        if budget is None or forecast is None:
            return _NEVER_PUBLISHED | {PnlRow.CLAIMS: NOTHING}
        line = self._internal_line(budget, lambda before: forecast_drivers(self._month, budget, forecast, before))
        return {**forecast.lines, PnlRow.INTERNAL_REVENUE: line}

    def _blend(self) -> BlendedMonth | None:
        inputs = self._inputs
        if self._budget is None or self._forecast is None:
            return None
        percent = insurance_rate(self._contract, inputs.terms)
        return blend_month(inputs.business_date, self._budget, self._posted, self._forecast, inputs.recorded, percent)

    def _trend_lines(self, blended: BlendedMonth | None) -> Lines:
        """The trend of the running month; without a published budget only posted claims are known."""
        budget, forecast = self._budget, self._forecast
        if budget is None or forecast is None or blended is None:
            return _NEVER_PUBLISHED | posted_to_date(self._posted)
        if self._posted is None and self._bills_accounts():
            self._priced = None
            return {**blended.lines, PnlRow.INTERNAL_REVENUE: UNAVAILABLE}
        recorded = self._inputs.recorded
        line = self._internal_line(
            budget,
            lambda before: blended_drivers(self._month, budget, self._posted, forecast, blended, recorded, before),
        )
        return {**blended.lines, PnlRow.INTERNAL_REVENUE: line}

    def _internal_line(self, budget: BudgetMonth, drivers: Callable[[Accumulated], ContractDrivers]) -> Line:
        """Internal revenue by the contract on `drivers`, else by the budget."""
        adjustments = self._month.saved.adjustments
        if self._contract is None:
            return budget_internal_line(budget, adjustments)
        if self._before is None:
            return UNAVAILABLE
        self._priced = price_contract(self._contract, self._month.period, drivers(self._before))
        return contract_line(self._contract, self._priced, adjustments)

    def _price_posted(self) -> None:
        """Price the management agreement of a closed month on its posted figures, for its claims and its profit."""
        self._priced = None
        if self._contract is None or self._before is None or self._posted is None:
            return
        if _pays_management(self._month):
            drivers = closed_drivers(self._month, self._posted, self._before)
            self._priced = price_contract(self._contract, self._month.period, drivers)

    def _bills_accounts(self) -> bool:
        """Whether the contract bills balances that are posted to date."""
        types = () if self._contract is None else self._contract.contract_types
        return ContractType.BILLABLE_ACCOUNTS in types or ContractType.MANAGEMENT_AGREEMENT in types

    def _carried_revenue(self, blended: BlendedMonth | None) -> MonthRevenue | None:
        """External revenue of the trend as shares see it; None where its source could not be read."""
        if self._kind is MonthKind.ACTUAL:
            return None if self._posted is None else closed_revenue(self._month, self._posted)
        if self._forecast is None:
            return None
        if blended is not None:
            return blended_revenue(self._forecast, blended, self._inputs.recorded)
        return forecast_revenue(self._forecast)


def _pays_management(month: MonthInputs) -> bool:
    return month.contract is not None and month.contract.pays_for(ContractType.MANAGEMENT_AGREEMENT)


_NEVER_PUBLISHED: dict[PnlRow, Line] = dict.fromkeys(CELL_ROWS, UNAVAILABLE)
"""The lines of a source that was never published for the month."""
