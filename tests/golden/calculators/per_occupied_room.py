"""Cases of the fee per occupied room."""

from typing import Any

from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics
from shared_code.domain.occupied_room_fee import occupied_room_fee
from shared_code.domain.statistics import Volumes
from tests.golden.calculators.statistics import read_available_rooms, read_statistics_days
from tests.golden.case_contract import read_contract
from tests.golden.case_values import read_amount, read_rows


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """Rooms of the month, where they come from, and the fee."""
    month = StatisticsMonth(
        given["month"],
        read_available_rooms(given),
        Volumes(occupied_rooms=read_amount(given, "budget_occupied_rooms")),
        read_statistics_days(read_rows(given, "days")),
    )
    rooms = effective_statistics(month).occupied_rooms
    fee = occupied_room_fee(read_contract(given), rooms, month.rooms_source)
    return {"rooms": fee.rooms, "rooms_source": fee.rooms_source, "total": fee.total}
