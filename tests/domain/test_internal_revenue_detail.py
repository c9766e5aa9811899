"""The steps of internal revenue as a controller reads them: what is printed can be calculated again by hand."""

import re
from datetime import date
from decimal import Decimal

import pytest

from shared_code.domain.contract import (
    Contract,
    ContractType,
    FeeRow,
    FeeType,
    LaborJob,
    ManagementFeeTerm,
    ManagementTerms,
)
from shared_code.domain.contract_drivers import ContractDrivers
from shared_code.domain.effective_statistics import RoomsSource
from shared_code.domain.escalation import Increment
from shared_code.domain.fixed_fee import fixed_fee
from shared_code.domain.internal_revenue_detail import (
    Detail,
    fixed_fee_detail,
    labor_hour_detail,
    management_agreement_detail,
    occupied_room_detail,
)
from shared_code.domain.labor_hour_fee import labor_hour_fee
from shared_code.domain.labor_hours import HoursSource, JobHours
from shared_code.domain.management_agreement import management_agreement
from shared_code.domain.occupied_room_fee import occupied_room_fee
from shared_code.domain.revenue_share import forecast_month_revenue
from tests.domain.test_management_agreement import COMPLETE, DRIVERS

START = date(2023, 1, 1)
TYPES = frozenset({ContractType.FIXED_FEE, ContractType.PER_LABOR_HOUR, ContractType.PER_OCCUPIED_ROOM})
CONTRACT = Contract(
    TYPES,
    START,
    increment=Increment(1, Decimal(3)),
    fees=(FeeRow(Decimal("29378.90"), START, name="Parking services"),),
    labor_jobs=(LaborJob("VLT1", Decimal("6.02"), Decimal("9.03"), START),),
    occupied_room_rate=Decimal("2.47"),
)


def recalculated(formula: str) -> Decimal:
    """What the arithmetic of a printed formula gives; words and remarks are passed over."""
    bare = re.sub(r"\((?![\d(])[^()]*\)|\((?=\d[\d.,]* to |\d+, escalated)[^()]*\)", "", formula)
    bare = re.sub(r"(\d[\d.]*)\s*%", r"(\1 / 100)", bare.replace(" h", "").replace(" rooms", ""))
    bare = re.sub(r"(\d[\d.]*)", r"D('\1')", bare.replace("×", "*").replace("^", "**"))
    assert re.fullmatch(r"[D('\d.)\s*/+-]*", bare), bare
    result = eval(bare, {"D": Decimal})
    assert isinstance(result, Decimal)
    return result


def check_steps(detail: Detail, *names: str) -> None:
    for name in names:
        assert abs(recalculated(detail[f"{name}Formula"]) - Decimal(detail[name])) < Decimal("0.00001"), name


def test_a_fixed_fee_is_its_amount_with_the_increments_so_far() -> None:
    detail = fixed_fee_detail(fixed_fee(CONTRACT, "2025-06"))
    assert detail["fee1Formula"] == "29378.9 × (1 + 3 %) ^ 2 (Parking services, from 2023-01-01)"
    check_steps(detail, "fee1")


def test_labor_hours_are_priced_before_the_increments() -> None:
    hours = {"VLT1": JobHours(Decimal("529.71"), Decimal(8), HoursSource.BLENDED)}
    detail = labor_hour_detail(labor_hour_fee(CONTRACT, "2024-06", hours))
    assert detail["VLT1Formula"] == "(529.71 h (blended) × 6.02 + 8 h × 9.03) × (1 + 3 %)"
    check_steps(detail, "VLT1")


def test_rooms_are_multiplied_by_their_rate() -> None:
    detail = occupied_room_detail(occupied_room_fee(CONTRACT, Decimal(2709), RoomsSource.BUDGET))
    assert detail["feeFormula"] == "2709 rooms × 2.47"
    check_steps(detail, "fee")


def test_a_fee_of_revenue_shows_the_revenue_also_where_it_makes_the_amount_equal_the_percentage() -> None:
    terms = ManagementTerms(ManagementFeeTerm(FeeType.REVENUE_PERCENTAGE, percent=Decimal(5)))
    contract = Contract(frozenset({ContractType.MANAGEMENT_AGREEMENT}), START, management=terms)
    drivers = ContractDrivers(external_revenue=forecast_month_revenue(Decimal(100)))
    detail = management_agreement_detail(management_agreement(contract, "2025-06", drivers))
    assert (detail["fee"], detail["feeFormula"]) == ("5", "100 × 5 %")


def test_every_step_of_a_management_agreement_leads_to_its_profit_share() -> None:
    detail = management_agreement_detail(management_agreement(COMPLETE, "2025-06", DRIVERS))
    check_steps(detail, "fee", "pteb", "insurance", "profit", "profitShare")
    assert detail["profitFormula"].startswith("210000 - ")
    assert "(0 to 200000)" in detail["profitShareFormula"]
    assert detail["supportFormula"] == "fixed, as agreed"


@pytest.mark.parametrize("formula", ["1 + 1", "2 × (1 + 50 %) ^ 2"])
def test_the_arithmetic_of_this_test_is_right(formula: str) -> None:
    assert recalculated(formula) == {"1 + 1": Decimal(2)}.get(formula, Decimal("4.5"))
