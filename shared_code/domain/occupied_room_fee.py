"""The fee per occupied room of a contract in one month.

Source: Calculations, "Per occupied room".
"""

from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.contract import Contract, ContractType
from shared_code.domain.effective_statistics import RoomsSource
from shared_code.domain.rounding import ZERO


@dataclass(frozen=True, slots=True)
class OccupiedRoomFee:
    """Dollars per occupied room, the rooms of the month and where they come from, and the product, unrounded."""

    rate: Decimal
    rooms: Decimal
    rooms_source: RoomsSource
    total: Decimal


def occupied_room_fee(contract: Contract, rooms: Decimal, rooms_source: RoomsSource) -> OccupiedRoomFee:
    """The fee for the occupied `rooms` of a month; a missing rate is 0, and so is the fee without the contract type."""
    rate = contract.occupied_room_rate or ZERO
    total = rate * rooms if contract.pays_for(ContractType.PER_OCCUPIED_ROOM) else ZERO
    return OccupiedRoomFee(rate, rooms, rooms_source, total)
