"""Files of exports that were too large for one answer, in parts.

Source: REST API, "Audit and export".
"""

from sqlalchemy import ForeignKey, Integer, Table

from shared_code.sql.types import Identifier, long_binary
from shared_code.storage.tables.background_jobs import background_jobs
from shared_code.storage.tables.base import FORECASTING, metadata, required

export_file_parts = Table(
    "export_file_parts",
    metadata,
    required("job_id", Identifier(), ForeignKey(background_jobs.c.job_id), primary_key=True),
    required("part_no", Integer(), primary_key=True, autoincrement=False),
    required("content", long_binary()),
    schema=FORECASTING,
)
