"""Staged payroll budgets with what is needed to bring them to job codes.

Source: Source side, "Job profile mapping (payroll budget)".
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, String, literal, select, type_coerce

from shared_code.domain.employee_shares import Headcount
from shared_code.domain.labor_hours import job_code_key
from shared_code.sql.lists import in_list
from shared_code.storage.staged_rows import restage
from shared_code.storage.tables.job_codes import site_job_codes
from shared_code.storage.tables.mappings import excluded_job_profiles, job_profile_mappings
from shared_code.storage.tables.staging import stg_budget_payroll

SITES_AT_ONCE = 200
"""Sites whose budget of a year is in memory at a time: some ten thousand rows."""

KEY_LENGTH = 20 + 7 + 100 + 2
"""Site, month, profile and the separators between them."""

SEPARATOR = "|"
"""Between the parts of a key; no site code and no month contains it."""


@dataclass(frozen=True, slots=True)
class SiteMonthProfiles:
    """The payroll budget of a site and month by profile: (profile, hours, dollars)."""

    site_id: str
    period: str
    profiles: Sequence[tuple[str, Decimal, Decimal]]
    site_codes: Sequence[Headcount]
    mapping: Mapping[str, Sequence[str]]
    excluded: frozenset[str]


def staged_months(connection: Connection, sync_run_id: str) -> Iterator[SiteMonthProfiles]:
    """The staged budget of `sync_run_id`, one site and month after the other."""
    codes = _site_codes(connection)
    mappings = _mappings(connection)
    excluded = frozenset(connection.scalars(select(excluded_job_profiles.c.job_profile)))
    for rows in _portions(connection, sync_run_id):
        for (site_id, period), group in groupby(rows, key=lambda row: (row.site_id, row.period)):
            yield SiteMonthProfiles(
                site_id,
                period,
                [(row.job_profile, row.hours, row.dollars) for row in group],
                codes.get(site_id, ()),
                _in_force(mappings.get(site_id, ()), period),
                excluded,
            )


def _portions(connection: Connection, sync_run_id: str) -> Iterator[Sequence[Any]]:
    """The staged rows of some sites at a time, each portion read whole: the reader writes between two of them."""
    table = stg_budget_payroll
    staged = table.c.sync_run_id == sync_run_id
    sites = connection.scalars(select(table.c.site_id).where(staged).distinct().order_by(table.c.site_id)).all()
    for start in range(0, len(sites), SITES_AT_ONCE):
        portion = sites[start : start + SITES_AT_ONCE]
        yield connection.execute(
            select(table.c.site_id, table.c.period, table.c.job_profile, table.c.hours, table.c.dollars)
            .where(staged, table.c.site_id.between(portion[0], portion[-1]))
            .order_by(table.c.site_id, table.c.period, table.c.job_profile)
        ).all()


def profile_key(site_id: str, period: str, profile: str) -> str:
    """A staged profile as one text."""
    return SEPARATOR.join((site_id, period, profile))


def note_treatments(connection: Connection, sync_run_id: str, unmapped: Collection[str]) -> None:
    """Mark staged profiles that are excluded, and those that reached no job code (`profile_key`)."""
    table = stg_budget_payroll
    excluded = table.c.job_profile.in_(select(excluded_job_profiles.c.job_profile))
    restage(connection, table, sync_run_id, excluded, {"treatment": literal("excluded", String(10))})
    if unmapped:
        # Of its own width: a list of keys is cast to the width of what it is compared with.
        parts = table.c.site_id + SEPARATOR + table.c.period + SEPARATOR + table.c.job_profile
        key = type_coerce(parts, String(KEY_LENGTH))
        left = in_list(key, unmapped)
        restage(connection, table, sync_run_id, left, {"treatment": literal("unmapped", String(10))})


def _site_codes(connection: Connection) -> dict[str, list[Headcount]]:
    found: dict[str, list[Headcount]] = {}
    rows = connection.execute(
        select(site_job_codes.c.site_id, site_job_codes.c.job_code_id, site_job_codes.c.active_employee_count)
        .where(site_job_codes.c.is_active)
        .order_by(site_job_codes.c.site_id, site_job_codes.c.job_code_id)
    )
    for site_id, job_code_id, employees in rows:
        found.setdefault(site_id, []).append(Headcount(job_code_id, Decimal(employees)))
    return found


_Mapping = tuple[str, str, str, str | None]


def _mappings(connection: Connection) -> dict[str, list[_Mapping]]:
    """By site: profile key, job code, first and last month."""
    found: dict[str, list[_Mapping]] = {}
    rows = connection.execute(select(job_profile_mappings).order_by(job_profile_mappings.c.job_code_id))
    for row in rows:
        found.setdefault(row.site_id, []).append(
            (job_code_key(row.job_profile), row.job_code_id, row.effective_from, row.effective_to)
        )
    return found


def _in_force(mappings: Iterable[_Mapping], period: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for profile, job_code_id, first, last in mappings:
        if first <= period and (last is None or period <= last):
            found.setdefault(profile, []).append(job_code_id)
    return found
