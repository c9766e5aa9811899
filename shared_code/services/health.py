"""Whether the app can work: its database answers and has the schema that this version needs.

Source: REST API, "Operations".
"""

from shared_code.services.runtime import Runtime
from shared_code.storage import feed_versions, schema


def check_health(runtime: Runtime) -> None:
    """Returns when the app can work. Raises what the database raises, and `ConfigurationError` for another schema.

    Source: REST API, "Operations".
    """
    schema.require_current(runtime.database.engine)
    with runtime.database.reading() as connection:
        feed_versions.watermark(connection, "sites", "all")
