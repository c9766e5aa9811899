"""Parts that several terms of a contract have: amounts, rows with a start and an end, tiers, escalators.

Source: Calculations, "Records"; Data model, "Contract terms".
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from shared_code.domain.escalation import Escalator, EscalatorType
from shared_code.domain.tiers import Tier
from shared_code.services.reference_data.decimal_limits import DecimalLimits
from shared_code.services.reference_data.fields import Fields
from shared_code.services.reference_data.spans import Span, overlaps
from shared_code.storage.tables.base import COMPONENT, HOURLY_RATE, MONEY
from shared_code.storage.tables.contracts import PERCENT

NAME_LENGTH = 200

_MOST = Decimal(999_999_999)
MONEY_LIMITS = DecimalLimits(MONEY, -_MOST, _MOST)
POSITIVE_MONEY = DecimalLimits(MONEY, Decimal(0), _MOST)
ROOM_RATE = DecimalLimits(COMPONENT, Decimal(0), _MOST)
VALUE_LIMITS = DecimalLimits(COMPONENT, -_MOST, _MOST)
RATE_PER_HOUR = DecimalLimits(HOURLY_RATE, Decimal(0), excludes_lowest=True)
OVERTIME_RATE = DecimalLimits(HOURLY_RATE, Decimal(0))
PERCENT_POINTS = DecimalLimits(PERCENT)
TIER_PERCENT = DecimalLimits(PERCENT, Decimal(0), Decimal(100))


def check_order(fields: Fields, start: date | None, name: str, end: date | None) -> date | None:
    """The `end`, in the field `name`; noted when it lies before the start."""
    if start is not None and end is not None and end < start:
        fields.note(name, end, f"lies before the start {start}", "a later date, or nothing")
    return end


def check_job_rows(fields: Fields, name: str, rows: Iterable[tuple[str, date, date | None]]) -> None:
    """Note rows of one job code (code, start, end) that overlap."""
    spans = [Span(code, start.isoformat(), None if end is None else end.isoformat()) for code, start, end in rows]
    for earlier, later in overlaps(spans):
        problem = f"has a row from {later.first} that begins before the one from {earlier.first} has ended"
        fields.note(name, later.group, problem, "rows of one job code that do not overlap")


def read_tiers(fields: Fields) -> tuple[Tier, ...]:
    """The tiers of a share, in the order of the file."""
    return tuple(_read_tier(tier) for tier in fields.blocks("tiers"))


def _read_tier(fields: Fields) -> Tier:
    first = fields.day_or_none("effective_from")
    tier = Tier(
        fields.amount("limit", POSITIVE_MONEY),
        fields.amount("percent", TIER_PERCENT),
        first,
        check_order(fields, first, "effective_to", fields.day_or_none("effective_to")),
    )
    fields.refuse_others()
    return tier


def read_escalator(fields: Fields) -> Escalator | None:
    """The escalator of a component; None where there is none."""
    steps = fields.block("escalator")
    if not fields.has("escalator"):
        return None
    escalator = Escalator(
        steps.whole("month", 1, 12), steps.choice("type", EscalatorType), steps.amount("value", VALUE_LIMITS)
    )
    steps.refuse_others()
    return escalator
