"""The tables of the operational database, one module an aggregate, on one `metadata`.

Source: Data model.
"""

from shared_code.storage.tables import (
    access,
    accounts,
    background_jobs,
    contracts,
    facts,
    forecasts,
    job_codes,
    mappings,
    messages,
    organisation,
    results,
    runs,
    staging,
)
from shared_code.storage.tables.base import metadata

__all__ = [
    "access",
    "accounts",
    "background_jobs",
    "contracts",
    "facts",
    "forecasts",
    "job_codes",
    "mappings",
    "messages",
    "metadata",
    "organisation",
    "results",
    "runs",
    "staging",
]
