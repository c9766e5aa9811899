"""Fees per labor hour and per occupied room."""

from datetime import date
from decimal import Decimal

from shared_code.domain.contract import Contract, ContractType, LaborJob
from shared_code.domain.effective_statistics import RoomsSource
from shared_code.domain.escalation import Increment
from shared_code.domain.labor_hour_fee import labor_hour_fee
from shared_code.domain.labor_hours import HoursSource, JobHours
from shared_code.domain.occupied_room_fee import occupied_room_fee
from shared_code.domain.rounding import ZERO

START = date(2023, 1, 1)
GSA = LaborJob("GSA", Decimal(24), Decimal(36), date(2024, 1, 1))
GSC = LaborJob("gsc ", Decimal(28), None, date(2025, 7, 1))
HOURS = {
    "GSA": JobHours(Decimal(620), Decimal(12), HoursSource.FORECAST),
    "GSC": JobHours(Decimal(160), ZERO, HoursSource.BUDGET),
    "VAL": JobHours(Decimal(999), ZERO, HoursSource.FORECAST),
}


def contract_of(*jobs: LaborJob) -> Contract:
    return Contract(frozenset({ContractType.PER_LABOR_HOUR}), START, Increment(7, Decimal(3)), labor_jobs=jobs)


def test_regular_and_overtime_hours_are_paid_at_their_escalated_rates() -> None:
    fee = labor_hour_fee(contract_of(GSA, GSC), "2025-08", HOURS)
    assert [(job.steps, job.amount) for job in fee.jobs] == [(2, Decimal("16244.5008")), (0, Decimal("4480"))]
    assert fee.total == Decimal("20724.5008")


def test_hours_of_codes_without_an_active_row_earn_nothing() -> None:
    ended = LaborJob("VAL", Decimal(20), None, START, date(2025, 7, 31))
    fee = labor_hour_fee(contract_of(ended), "2025-08", HOURS)
    assert (fee.jobs, fee.total) == ((), ZERO)


def test_rows_of_one_code_that_follow_each_other_are_not_paid_twice() -> None:
    old = LaborJob("GSC", Decimal(26), None, START, date(2025, 6, 30))
    fee = labor_hour_fee(contract_of(old, GSC), "2025-08", HOURS)
    assert fee.total == Decimal(4480)


def test_jobs_without_the_contract_type_give_nothing() -> None:
    contract = Contract(frozenset({ContractType.FIXED_FEE}), START, labor_jobs=(GSA,))
    assert labor_hour_fee(contract, "2025-08", HOURS).total == 0


def test_rooms_are_paid_at_the_room_rate_without_increment() -> None:
    contract = Contract(
        frozenset({ContractType.PER_OCCUPIED_ROOM}),
        START,
        Increment(1, Decimal(50)),
        occupied_room_rate=Decimal("3.40"),
    )
    assert occupied_room_fee(contract, Decimal(5200), RoomsSource.MIXED).total == Decimal(17680)


def test_rooms_without_a_rate_or_without_the_contract_type_give_nothing() -> None:
    no_rate = Contract(frozenset({ContractType.PER_OCCUPIED_ROOM}), START)
    no_type = Contract(frozenset({ContractType.FIXED_FEE}), START, occupied_room_rate=Decimal(3))
    assert occupied_room_fee(no_rate, Decimal(100), RoomsSource.BUDGET).total == 0
    assert occupied_room_fee(no_type, Decimal(100), RoomsSource.BUDGET).total == 0
