"""The budget API: approved budget amounts per site, account and period.

Source: Source side, "Budget API".
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared_code.clock import Clock, SystemClock
from shared_code.settings import Settings
from shared_code.sources.circuit_breaker import CircuitBreaker
from shared_code.sources.client_credentials import ClientCredentials
from shared_code.sources.exact_json import JsonObject, JsonValue
from shared_code.sources.http_client import HttpSource, random_fraction, utc_text
from shared_code.sources.paging import Page, read_pages
from shared_code.sources.row_fields import Reject, RejectReason, RowFields, RowRefusedError, is_day, raw_row
from shared_code.sources.source_address import needed_secret, needed_setting, source_address

BUDGET_PATH = "/api/v1/budget"
BUDGET_SCOPE = "budget:read"
MAX_SITES = 100
PUBLISHED_VERSION = "final"

_REQUIRED = ("siteId", "period", "amount", "account")
_KNOWN: dict[str, tuple[str, ...]] = dict.fromkeys((*_REQUIRED, "periodType", "currency", "version", "updatedAt"), ())
_PERIOD = re.compile(r"(?!0000)[0-9]{4}-?(0[1-9]|1[0-2])|FY(?!0000)[0-9]{4}-P(0[1-9]|1[0-2])")
_PERIOD_TYPES = frozenset({"month", "quarter", "year"})
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class BudgetAmount:
    """One row of the budget as the API means it, before period, currency and account are mapped.

    `period` is `yyyyMM`, `yyyy-MM`, `yyyy-MM-dd` or `FYyyyy-Pnn`; `period_type` is `month`, `quarter` or `year`.
    `amount` is in `currency`, or a count for a statistics account, with the ledger's sign. `updated_at` is in UTC.

    Source: Source side, "Budget API" and "Budget normalisation, in this order".
    """

    site_id: str
    account: str
    period: str
    period_type: str
    amount: Decimal
    currency: str
    updated_at: datetime | None


class BudgetApi:
    """Reads the budget API that the settings `BUDGET_*` describe. Keeps its token from read to read.

    Raises `ConfigurationError` when one of them is missing. `clock`, `sleep` (seconds), `jitter` (0–1) and `breaker`
    are those of `HttpSource`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random_fraction,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._url = source_address(settings, "budget_api_host") + BUDGET_PATH
        needed_secret(settings, "budget_client_secret")
        self._login = ClientCredentials(
            token_url=source_address(settings, "budget_token_url"),
            client_id=needed_setting(settings, "budget_client_id"),
            client_secret=settings.budget_client_secret,
            scope=BUDGET_SCOPE,
            clock=clock,
        )
        self._page_size = settings.budget_page_size
        self._source = HttpSource(
            "Budget API", settings.budget_api_timeout_s, clock=clock, sleep=sleep, jitter=jitter, breaker=breaker
        )

    def budget(
        self, year: int, site_ids: Sequence[str] | None = None, updated_since: datetime | None = None
    ) -> Iterator[Page[BudgetAmount]]:
        """The pages of the budget of `year`, of all sites or of at most 100, or only what changed `updated_since`.

        Rows of another version than `final` are ignored. No site in `site_ids` means no page. A page with number 1
        replaces everything read before it (see `Page`). Raises `ValueError` for arguments outside these limits and
        `SourceError` as `HttpConnection.get` and `read_pages` do.

        Source: Source side, "Budget API".
        """
        if site_ids is not None and len(site_ids) > MAX_SITES:
            raise ValueError(f"at most {MAX_SITES} sites in one read of the budget, got {len(site_ids)}")
        parameters = [("year", f"{year:04d}"), *[("siteId", site_id) for site_id in site_ids or ()]]
        if updated_since is not None:
            parameters.append(("updatedSince", utc_text(updated_since)))
        return iter(()) if site_ids is not None and not site_ids else self._pages(parameters)

    def _pages(self, parameters: list[tuple[str, str]]) -> Iterator[Page[BudgetAmount]]:
        with self._source.connect() as connection:
            yield from read_pages(
                self._source.name,
                lambda number: connection.get(
                    self._url,
                    BUDGET_PATH,
                    [*parameters, ("page", str(number)), ("limit", str(self._page_size))],
                    self._login,
                ),
                parse_budget_row,
            )


def parse_budget_row(row: JsonValue) -> BudgetAmount | Reject | None:
    """The amount that `row` holds, the reason why it holds none, or None for a version that is not published.

    Source: Source side, "Budget API".
    """
    if not isinstance(row, JsonObject):
        return Reject(RejectReason.NOT_AN_OBJECT, None, raw_row(row, _KNOWN, frozenset()))
    try:
        return _budget_amount(RowFields(row))
    except RowRefusedError as refused:
        return Reject(refused.reason, refused.field, raw_row(row, _KNOWN, frozenset()), _business_key(row))


def _budget_amount(fields: RowFields) -> BudgetAmount | None:
    if (fields.text("version", 30) or PUBLISHED_VERSION).lower() != PUBLISHED_VERSION:
        return None
    fields.require(*_REQUIRED)
    period = fields.required("period", fields.text("period", 10))
    if not _PERIOD.fullmatch(period) and not is_day(period):
        fields.refuse(RejectReason.BAD_VALUE, "period")
    period_type = (fields.text("periodType", 10) or "month").lower()
    if period_type not in _PERIOD_TYPES:
        fields.refuse(RejectReason.BAD_VALUE, "periodType")
    currency = (fields.text("currency", 10) or "USD").upper()
    if not _CURRENCY.fullmatch(currency):
        fields.refuse(RejectReason.BAD_VALUE, "currency")
    return BudgetAmount(
        site_id=fields.required("siteId", fields.site("siteId")),
        account=fields.required("account", fields.text("account", 30)),
        period=period,
        period_type=period_type,
        amount=fields.required("amount", fields.number("amount")),
        currency=currency,
        updated_at=fields.moment("updatedAt"),
    )


def _business_key(row: JsonObject) -> str | None:
    """Site, account and period as far as they are texts, for the reject table."""
    parts = [value if isinstance(value := row.get(name), str) else "" for name in ("siteId", "account", "period")]
    return "/".join(part.strip()[:50] for part in parts) if any(parts) else None
