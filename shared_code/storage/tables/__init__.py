"""The tables of the operational database, one module an aggregate, on one `metadata`.

Source: Data model.
"""

from shared_code.storage.tables import (
    access,
    accounts,
    alerts,
    archive,
    background_jobs,
    contracts,
    export_files,
    facts,
    forecasts,
    idempotency,
    job_codes,
    mappings,
    messages,
    organisation,
    results,
    revenue_categories,
    runs,
    snapshots,
    staging,
    trends,
    workflow,
)
from shared_code.storage.tables.base import metadata

__all__ = [
    "access",
    "accounts",
    "alerts",
    "archive",
    "background_jobs",
    "contracts",
    "export_files",
    "facts",
    "forecasts",
    "idempotency",
    "job_codes",
    "mappings",
    "messages",
    "metadata",
    "organisation",
    "results",
    "revenue_categories",
    "runs",
    "snapshots",
    "staging",
    "trends",
    "workflow",
]
