"""Salaries in the breakdown of a P&L: those of a single person stand apart from hours only for who may read pay.

Source: REST API, "Who may call what" and "P&L"; Data model, "Masking".
"""

from dataclasses import replace
from typing import Final

from shared_code.domain.pnl_components import HOURLY_COST, SALARIED_COST, common_source
from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.services.forecast.payroll_view import salaried_pay_is_masked
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ComponentPart, MonthBreakdown
from shared_code.services.pnl_view import SitePnl
from shared_code.services.runtime import Runtime
from shared_code.storage.payroll_reading import described_codes

PAYROLL_COST: Final = "payroll_cost"
"""The addend that hours and salaries are together, where they may not stand apart."""

_APART: Final = frozenset({HOURLY_COST, SALARIED_COST})


def with_pay_masked(runtime: Runtime, site: OpenSite, pnl: SitePnl, *, reads_pay: bool) -> tuple[SitePnl, bool]:
    """`pnl` as somebody who `reads_pay` or does not may see it, and whether it shows pay that others see masked."""
    line = pnl.line(PnlRow.PAYROLL)
    months = line.breakdown or ()
    if not any(part.component == SALARIED_COST for month in months for part in month.components):
        return pnl, False
    with runtime.database.reading() as connection:
        codes = described_codes(connection, site.scope, site.site_id)
    if not salaried_pay_is_masked(codes):
        return pnl, False
    if reads_pay:
        return pnl, True
    masked = replace(line, breakdown=tuple(_together(month) for month in months))
    return replace(pnl, lines=tuple(masked if one is line else one for one in pnl.lines)), False


def _together(month: MonthBreakdown) -> MonthBreakdown:
    """Hours and salaries of a month as one addend, without the codes and hours from which it would follow."""
    parts = [part for part in month.components if part.component in _APART]
    if not parts:
        return month
    source = common_source((part.component, part.source) for part in parts)
    cost = sum((part.amount for part in parts), ZERO)
    others = [part for part in month.components if part.component not in _APART]
    addend = ComponentPart(PAYROLL_COST, "Hours at their rates, and salaries", cost, source.value, None)
    return replace(month, components=(addend, *others))
