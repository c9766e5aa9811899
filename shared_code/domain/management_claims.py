"""Claims of a management agreement: what of the posted claims is billed to the client.

Source: Calculations, "Management agreement".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared_code.domain.accumulation import Accumulation, accumulate, earlier_months
from shared_code.domain.contract import ClaimsTerm, ClaimsType
from shared_code.domain.pnl_lines import CLAIMS_ACCOUNTS
from shared_code.domain.rounding import ZERO

CLAIMS_ACCUMULATION = {
    ClaimsType.PER_CLAIM: Accumulation.MONTHLY,
    ClaimsType.ANNUAL_CALENDAR: Accumulation.ANNUAL_CALENDAR,
    ClaimsType.ANNUAL_ANNIVERSARY: Accumulation.ANNUAL_ANNIVERSARY,
}
"""The period over which claims of a type count against the cap."""


@dataclass(frozen=True, slots=True)
class ClaimsCharge:
    """Claims of the month, claims accumulated before it, the cap that held, and what is billed, in dollars."""

    amount: Decimal
    accumulated: Decimal
    cap: Decimal | None
    total: Decimal


def posted_claims(enabled_accounts: Iterable[str], posted: Mapping[str, Decimal]) -> Decimal:
    """Posted dollars of the claims accounts that are enabled for billing."""
    return sum((posted.get(account, ZERO) for account in CLAIMS_ACCOUNTS.intersection(enabled_accounts)), ZERO)


def accumulated_claims(term: ClaimsTerm, contract_start: date, period: str, claims: Mapping[str, Decimal]) -> Decimal:
    """Claims that count against the cap before `period`, from the trend figures of months (`YYYY-MM`)."""
    if term.type is None:
        return ZERO
    return accumulate(earlier_months(CLAIMS_ACCUMULATION[term.type], contract_start, period), claims)


def charge_claims(term: ClaimsTerm, amount: Decimal, accumulated: Decimal) -> ClaimsCharge:
    """What of the claims `amount` of a month is billed, with `accumulated` before it; never negative.

    Only the annual types have a cap.
    """
    cap = None if term.type is ClaimsType.PER_CLAIM else term.cap
    if not term.enabled:
        return ClaimsCharge(amount, accumulated, cap, ZERO)
    billed = amount if cap is None else min(amount, cap - accumulated)
    return ClaimsCharge(amount, accumulated, cap, max(ZERO, billed))


def bill_claims_by_month(
    term: ClaimsTerm, contract_start: date, claims: Mapping[str, Decimal]
) -> dict[str, ClaimsCharge]:
    """What is billed of the `claims` of each month (`YYYY-MM`), in the order of the months."""
    return {
        month: charge_claims(term, claims[month], accumulated_claims(term, contract_start, month, claims))
        for month in sorted(claims)
    }
