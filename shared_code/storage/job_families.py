"""Job families, and the job codes that belong to them.

Source: Data model, "Job codes and rates".
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from shared_code.storage.tables.job_codes import job_codes, job_families, job_groups


@dataclass(frozen=True, slots=True)
class StoredFamily:
    """A job family; `source` says where it comes from."""

    family_id: str
    title: str
    is_productive: bool
    is_salaried: bool
    source: str


@dataclass(frozen=True, slots=True)
class FamilyCode:
    """A job code with its family and its group, None where it belongs to none."""

    job_code: str
    title: str
    is_active: bool
    family_id: str | None
    group_id: str | None
    group_title: str | None


def all_families(connection: Connection) -> list[StoredFamily]:
    """The active families by title."""
    table = job_families
    statement = (
        select(table.c.job_family_id, table.c.title, table.c.is_productive, table.c.is_salaried, table.c.source)
        .where(table.c.is_active)
        .order_by(table.c.title)
    )
    return [StoredFamily(*row) for row in connection.execute(statement)]


def codes_of_families(connection: Connection) -> list[FamilyCode]:
    """Every job code, active or not, in order. There are a few hundred of them in the company."""
    table = job_codes
    statement = (
        select(
            table.c.job_code_id,
            table.c.title,
            table.c.is_active,
            table.c.job_family_id,
            job_groups.c.job_group_id,
            job_groups.c.title.label("group_title"),
        )
        .outerjoin_from(table, job_groups, job_groups.c.job_group_id == table.c.job_group_id)
        .order_by(table.c.job_code_id)
    )
    return [FamilyCode(*row) for row in connection.execute(statement)]
