"""What a kept answer depends on: it is good as long as these counters stand still.

Source: REST API, "Caching and freshness"; Data model, "Audit, messages, leases, cache".
"""

from shared_code.services.runtime import Runtime
from shared_code.storage import versions


def answer_versions(runtime: Runtime, site_id: str | None) -> tuple[int, int]:
    """How often the site (None: any site) and what all sites share were changed."""
    with runtime.database.reading() as connection:
        return versions.answer_versions(connection, site_id)
