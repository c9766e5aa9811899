"""Files of exports, kept in parts so that no process holds a whole one.

Source: REST API, "Audit and export".
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from shared_code.storage.tables.background_jobs import background_jobs
from shared_code.storage.tables.export_files import export_file_parts

KIND = "export"
"""The kind of the background jobs whose files these are."""


def store(connection: Connection, job_id: str, parts: Iterable[bytes]) -> None:
    """Keep the file of a job, part by part, in place of what was kept before."""
    table = export_file_parts
    connection.execute(delete(table).where(table.c.job_id == job_id))
    for part_no, content in enumerate(parts, 1):
        connection.execute(insert(table).values(job_id=job_id, part_no=part_no, content=content))


def part(connection: Connection, job_id: str, part_no: int) -> bytes | None:
    """A part of a file, from 1 on; None after the last one."""
    table = export_file_parts
    statement = select(table.c.content).where(table.c.job_id == job_id, table.c.part_no == part_no)
    content: bytes | None = connection.execute(statement).scalar_one_or_none()
    return content


def remove_entered_before(connection: Connection, moment: datetime) -> None:
    """Forget the exports that were asked for before `moment`, with their files."""
    jobs = background_jobs
    is_old = (jobs.c.kind == KIND) & (jobs.c.created_at < moment)
    old = select(jobs.c.job_id).where(is_old)
    connection.execute(delete(export_file_parts).where(export_file_parts.c.job_id.in_(old)))
    connection.execute(delete(jobs).where(is_old))
