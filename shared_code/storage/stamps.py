"""Who wrote a row and when, for the columns that every kept row has.

Source: Data model, "Conventions".
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Table


def inserted(user_id: str, now: datetime) -> dict[str, Any]:
    """The standard columns of a new row."""
    return {"created_at": now, "created_by": user_id, "updated_at": now, "updated_by": user_id, "version": 1}


def updated(table: Table, user_id: str, now: datetime) -> dict[str, Any]:
    """The standard columns of a changed row: its version grows by one."""
    return {"updated_at": now, "updated_by": user_id, "version": table.c.version + 1}
