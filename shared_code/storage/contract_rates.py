"""Hourly rates that contracts lay down, as rows of the history of entered rates.

Of a site and job code the entered rates, whoever entered them, form one history in which no day is covered twice: a
rate ends at the latest on the day before the next one begins.

Source: Data model, "Job codes and rates" (history and effective dating) and "Reference data that no feed brings".
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from shared_code.domain.rates_in_force import RateMethod
from shared_code.domain.salaries import is_salaried_code
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.rates import ENTERED, Pair
from shared_code.storage.reference_rows import ROWS_PER_FETCH
from shared_code.storage.tables.job_codes import site_job_code_rates, site_job_codes
from shared_code.storage.tables.messages import resource_leases

RateKey = tuple[str, str, date]
"""Site, job code and effective date."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ContractRate:
    """A rate in dollars per hour from `effective_date` to `end_date` (None: until the next one), and why."""

    site_id: str
    job_code_id: str
    effective_date: date
    hourly_rate: Decimal
    end_date: date | None = None
    reason: str | None = None

    @property
    def key(self) -> RateKey:
        """The key of the rate in its history."""
        return (self.site_id, self.job_code_id, self.effective_date)


@dataclass(frozen=True, slots=True)
class EnteredRow:
    """A row of the history of entered rates that is in use."""

    rate_id: int
    rate: ContractRate
    method: RateMethod
    version: int


def pairs_of_codes(connection: Connection, codes: Collection[str]) -> list[Pair]:
    """The sites that use the job codes, with the code."""
    columns = site_job_codes.c.site_id, site_job_codes.c.job_code_id
    rows = connection.execute(select(*columns).where(in_list(site_job_codes.c.job_code_id, codes)).order_by(*columns))
    return [(site_id, job_code) for site_id, job_code in rows]


def site_codes(connection: Connection, site_ids: Collection[str]) -> dict[Pair, bool]:
    """The job codes that the sites use, and whether each is salaried, so that its pay is not shown."""
    table = site_job_codes
    rows = connection.execute(
        select(table.c.site_id, table.c.job_code_id, table.c.is_salaried, table.c.allocated_annual_salary).where(
            in_list(table.c.site_id, site_ids)
        )
    )
    return {(site_id, code): is_salaried_code(flag, salary) for site_id, code, flag, salary in rows}


def busy_pairs(connection: Connection, pairs: Iterable[Pair], now: datetime) -> list[str]:
    """The leases of sites and job codes whose rates somebody is entering just now.

    Nobody else can take one of these leases until the transaction ends.
    """
    leases = resource_leases
    rows = connection.execute(
        select(leases.c.resource_id, leases.c.owner_id, leases.c.expires_at)
        .with_hint(leases, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
        .where(in_list(leases.c.resource_id, {f"rate:{site_id}:{code}" for site_id, code in pairs}))
    )
    return sorted(row.resource_id for row in rows if row.owner_id is not None and row.expires_at > now)


def enter_pairs(connection: Connection, pairs: Collection[Pair], user_id: str, now: datetime) -> None:
    """Note that job codes are used at sites, where that is not known yet: a rate needs it."""
    known = site_codes(connection, {site_id for site_id, _ in pairs})
    stamp = stamps.inserted(user_id, now)
    new = [(*pair, *stamp.values()) for pair in sorted(set(pairs).difference(known))]
    insert_rows(connection, site_job_codes, ("site_id", "job_code_id", *stamp), new)


def entered_rates(connection: Connection, site_ids: Collection[str]) -> list[EnteredRow]:
    """The entered rates of the sites that are in use, of whatever method, by site, code and date."""
    statement = _select_entered().with_hint(site_job_code_rates, "WITH (UPDLOCK)", "mssql")
    rows = connection.execute(statement.where(in_list(site_job_code_rates.c.site_id, site_ids)))
    return [_entered_row(row) for row in rows]


def contract_rates(connection: Connection) -> Iterator[EnteredRow]:
    """Every contract rate in use, by site, code and date."""
    statement = _select_entered().where(site_job_code_rates.c.calculation_method == RateMethod.CONTRACT.value)
    rows = connection.execute(statement, execution_options={"yield_per": ROWS_PER_FETCH})
    return (_entered_row(row) for row in rows)


@dataclass(slots=True)
class HistoryPlan:
    """What becomes of the rows of the history: replaced or withdrawn, ended on a day (None: open again), or new."""

    superseded: list[int]
    ended: dict[date | None, list[int]]
    added: list[tuple[ContractRate, int]]


def plan_history(
    rows: Iterable[EnteredRow], withdrawn: Collection[RateKey], wanted: Mapping[RateKey, ContractRate]
) -> HistoryPlan:
    """The history of `rows` without the contract rates `withdrawn` and with those `wanted`.

    A wanted rate replaces whatever begins on its date, unless the row says the same. Every rate ends at the latest on
    the day before the next one begins. A rate that replaces a contract rate has the version after it.
    """
    plan = HistoryPlan([], defaultdict(list), [])
    kept: dict[RateKey, EnteredRow] = {}
    replaced: dict[RateKey, int] = {}
    for row in rows:
        key, is_contract = row.rate.key, row.method is RateMethod.CONTRACT
        new = wanted.get(key)
        stays = not (is_contract and key in withdrawn) if new is None else is_contract and _says_the_same(row.rate, new)
        if stays:
            kept[key] = row
        else:
            plan.superseded.append(row.rate_id)
            replaced[key] = row.version if is_contract else 0
    timeline = {key: row.rate for key, row in kept.items()} | dict(wanted)
    for key, end in _ends(timeline.values()):
        if key not in kept:
            plan.added.append((replace(wanted[key], end_date=end), replaced.get(key, 0) + 1))
        elif kept[key].rate.end_date != end:
            plan.ended[end].append(kept[key].rate_id)
    return plan


def write_history(connection: Connection, plan: HistoryPlan, user_id: str, now: datetime) -> None:
    """Carry the plan out; belongs into the transaction in which the rows were read."""
    if plan.superseded:
        _update(connection, plan.superseded, {"superseded_at": now}, user_id, now)
    for end, rate_ids in plan.ended.items():
        _update(connection, rate_ids, {"end_date": end}, user_id, now)
    stamp = stamps.inserted(user_id, now)
    insert_rows(
        connection,
        site_job_code_rates,
        (*_RATE_COLUMNS, "as_of_date", "calculation_method", *stamp),
        (
            (
                *[getattr(rate, name) for name in _RATE_COLUMNS],
                *(rate.effective_date, RateMethod.CONTRACT.value),
                *(stamp | {"version": version}).values(),
            )
            for rate, version in plan.added
        ),
    )


_RATE_COLUMNS = ("site_id", "job_code_id", "effective_date", "hourly_rate", "end_date", "reason")


def _says_the_same(row: ContractRate, new: ContractRate) -> bool:
    return (row.hourly_rate, row.reason) == (new.hourly_rate, new.reason)


def _ends(rates: Iterable[ContractRate]) -> Iterator[tuple[RateKey, date | None]]:
    """The last day of each rate: its own, but no day of the next one."""
    ordered = sorted(rates, key=lambda rate: rate.key)
    for rate, later in zip(ordered, [*ordered[1:], None], strict=True):
        end = rate.end_date
        if later is not None and later.key[:2] == rate.key[:2]:
            before_next = later.effective_date - _DAY
            end = before_next if end is None else min(end, before_next)
        yield rate.key, end


def _update(
    connection: Connection, rate_ids: Sequence[int], values: Mapping[str, Any], user_id: str, now: datetime
) -> None:
    connection.execute(
        update(site_job_code_rates)
        .where(in_list(site_job_code_rates.c.rate_id, map(str, rate_ids)))
        .values(**values, **stamps.updated(site_job_code_rates, user_id, now))
    )


def _select_entered() -> Select[Any]:
    table = site_job_code_rates
    columns = [table.c[name] for name in ("rate_id", *_RATE_COLUMNS, "calculation_method", "version")]
    return (
        select(*columns)
        .where(table.c.rate_class == ENTERED, table.c.superseded_at.is_(None))
        .order_by(table.c.site_id, table.c.job_code_id, table.c.effective_date)
    )


def _entered_row(row: Row[Any]) -> EnteredRow:
    rate = ContractRate(*[getattr(row, name) for name in _RATE_COLUMNS])
    return EnteredRow(row.rate_id, rate, RateMethod(row.calculation_method), row.version)
