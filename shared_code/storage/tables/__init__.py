"""The tables of the operational database, one module an aggregate, on one `metadata`.

Source: Data model.
"""

from shared_code.storage.tables import (
    access,
    accounts,
    alerts,
    background_jobs,
    contracts,
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
    "background_jobs",
    "contracts",
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
