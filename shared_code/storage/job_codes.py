"""Job codes as the sources name them, and where they are used.

Source: Source side, "Job family mapping"; Data model, "Job codes and rates".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Subquery, Table, case, func, select, update

from shared_code.domain.job_titles import assign_job_codes, normalise_title
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.staged_rows import restage
from shared_code.storage.tables.job_codes import job_code_aliases, job_codes, job_families, site_job_codes
from shared_code.storage.tables.mappings import job_family_mappings
from shared_code.storage.upsert import Upserted, upsert


def codes_by_title(connection: Connection) -> dict[str, str]:
    """Every known title or role (normalised) and the job code that it stands for."""
    rows = connection.execute(select(job_code_aliases.c.source_text, job_code_aliases.c.job_code_id))
    return {row.source_text: row.job_code_id for row in rows}


def name_staged_codes(connection: Connection, staging: Table, sync_run_id: str, user_id: str, now: datetime) -> int:
    """Give every staged row the job code of its title; a title never seen becomes an active code of its own.

    Returns how many codes are new. Belongs into the publishing transaction.
    """
    run = staging.c.sync_run_id == sync_run_id
    is_unnamed = staging.c.job_code_id.is_(None) & staging.c.job_title.is_not(None)
    unnamed = connection.scalars(
        select(staging.c.job_title).where(run, is_unnamed).distinct().order_by(staging.c.job_title)
    ).all()
    if not unnamed:
        return 0
    new = discover(connection, unnamed, user_id, now)
    code = (
        select(job_code_aliases.c.job_code_id)
        .where(job_code_aliases.c.source_text == staging.c.job_title)
        .scalar_subquery()
    )
    restage(connection, staging, sync_run_id, is_unnamed, {"job_code_id": code})
    return len(new)


def discover(connection: Connection, titles: Sequence[str], user_id: str, now: datetime) -> Mapping[str, str]:
    """Make job codes for titles that have none; returns the new codes by title.

    A code that somebody entered by hand, and that no source has named yet, is what its own title stands for.
    """
    entered = _codes_without_alias(connection)
    new = assign_job_codes(titles, {**entered, **codes_by_title(connection)})
    families = _families(connection)
    stamp = stamps.inserted(user_id, now)
    insert_rows(
        connection,
        job_codes,
        ("job_code_id", "title", "job_family_id", "is_active", "is_productive", "first_seen_at", *stamp),
        [(code, title, _family_of(code, families), True, True, now, *stamp.values()) for title, code in new.items()],
    )
    met = {title: entered[title] for title in titles if title in entered}
    insert_rows(
        connection,
        job_code_aliases,
        ("source_text", "job_code_id", "first_seen_at"),
        [(title, code, now) for title, code in {**met, **new}.items()],
    )
    return new


def known_codes(connection: Connection) -> frozenset[str]:
    """Every job code that there is."""
    return frozenset(connection.scalars(select(job_codes.c.job_code_id)))


def discovered_at_sites(
    connection: Connection, staging: Table, sync_run_id: str, known_before: frozenset[str]
) -> list[tuple[str, str]]:
    """Sites and job codes of the staged rows whose code was not among `known_before`; in order."""
    new = known_codes(connection) - known_before
    if not new:
        return []
    rows = connection.execute(
        select(staging.c.site_id, staging.c.job_code_id)
        .where(staging.c.sync_run_id == sync_run_id, in_list(staging.c.job_code_id, new))
        .distinct()
        .order_by(staging.c.site_id, staging.c.job_code_id)
    )
    return [(row.site_id, row.job_code_id) for row in rows]


def _codes_without_alias(connection: Connection) -> dict[str, str]:
    """Job codes that no title or role stands for yet, by their code and by their own title, as those are compared."""
    named = select(job_code_aliases.c.job_code_id)
    rows = connection.execute(
        select(job_codes.c.job_code_id, job_codes.c.title).where(job_codes.c.job_code_id.not_in(named))
    ).all()
    by_title = {normalise_title(row.title): row.job_code_id for row in rows}
    return {**by_title, **{normalise_title(row.job_code_id): row.job_code_id for row in rows}}


def enter_site_codes(
    connection: Connection, staging: Table, sync_run_id: str, day: str | None, user_id: str, now: datetime
) -> Upserted:
    """Note that the staged job codes are used at their sites, and on which day they were last seen.

    `day` is the staging column with the day; None leaves the day as it is.
    """
    grouped = [staging.c.site_id, staging.c.job_code_id]
    staged = staging.c.sync_run_id == sync_run_id, staging.c.job_code_id.is_not(None)
    if day is None:
        source = select(*grouped).where(*staged).distinct().subquery("used")
    else:
        source = _last_seen(select(*grouped, func.max(staging.c[day]).label("day")).where(*staged).group_by(*grouped))
    return upsert(
        connection,
        site_job_codes,
        source,
        ("site_id", "job_code_id"),
        ("last_seen_on",) if day is not None else (),
        on_insert={
            "is_active": True,
            "is_salaried": False,
            "active_employee_count": 0,
            **stamps.inserted(user_id, now),
        },
        on_update=stamps.updated(site_job_codes, user_id, now),
    )


def refresh_families(connection: Connection, user_id: str, now: datetime) -> int:
    """Bring the families of all job codes up to the mapping; a code without a rule keeps what it has.

    Returns how many codes have another family now. One statement for each family that gets codes.
    """
    families = _families(connection)
    moved: dict[str, list[str]] = {}
    for code, current in connection.execute(select(job_codes.c.job_code_id, job_codes.c.job_family_id)):
        family = _family_of(code, families)
        if family is not None and family != current:
            moved.setdefault(family, []).append(code)
    for family, codes in moved.items():
        connection.execute(
            update(job_codes)
            .where(in_list(job_codes.c.job_code_id, codes))
            .values(job_family_id=family, **stamps.updated(job_codes, user_id, now))
        )
    return sum(map(len, moved.values()))


def _last_seen(staged_days: Select[Any]) -> Subquery:
    """The later of the last staged day and the day that is known already, per site and code."""
    staged = staged_days.subquery("staged")
    known = site_job_codes.alias("known")
    same = (known.c.site_id == staged.c.site_id) & (known.c.job_code_id == staged.c.job_code_id)
    later = case((known.c.last_seen_on > staged.c.day, known.c.last_seen_on), else_=staged.c.day)
    return (
        select(staged.c.site_id, staged.c.job_code_id, later.label("last_seen_on"))
        .select_from(staged.outerjoin(known, same))
        .subquery("last_seen")
    )


def _families(connection: Connection) -> dict[str, str]:
    rows = connection.execute(
        select(job_family_mappings.c.source_code, job_family_mappings.c.job_family_id).join_from(
            job_family_mappings, job_families, job_families.c.job_family_id == job_family_mappings.c.job_family_id
        )
    )
    return {row.source_code: row.job_family_id for row in rows}


def _family_of(code: str, families: Mapping[str, str]) -> str | None:
    """The family of the exact code, else of the longest prefix rule (a code that ends in `*`)."""
    if code in families:
        return families[code]
    prefixes = [rule for rule in families if rule.endswith("*") and code.startswith(rule[:-1])]
    return families[max(prefixes, key=len)] if prefixes else None
