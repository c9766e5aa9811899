"""Revenue codes and category texts, and the category that each stands for.

Source: Source side, "Revenue codes".
"""

from sqlalchemy import Connection, select

from shared_code.storage.tables.mappings import revenue_code_mappings


def categories(connection: Connection) -> dict[str, str]:
    """The category of every known code or text, in upper case."""
    rows = connection.execute(select(revenue_code_mappings.c.code_or_text, revenue_code_mappings.c.category))
    return {row.code_or_text: row.category for row in rows}
