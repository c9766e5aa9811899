"""Who writes, and what they have read before.

Source: REST API, "Versions and concurrency" and "Audit and export".
"""

from dataclasses import dataclass
from typing import Final

ADMINISTRATOR: Final = "forecasting_admin"
"""The role that may write locked keys, with a reason."""

NEVER: Final = -1
"""A version that no record has."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, in which role, from where (`ui`, `api`, `copy`, `import`, `system`), why, and by which request."""

    user_id: str
    role: str | None = None
    source: str = "api"
    reason: str | None = None
    request_id: str = ""

    @property
    def may_unlock(self) -> bool:
        """Whether locked keys may be written: administrators may when they say why."""
        return self.role == ADMINISTRATOR and self.reason is not None


@dataclass(frozen=True, slots=True)
class Precondition:
    """The version that the writer has read; None matches every version."""

    version: int | None


ANY_VERSION: Final = Precondition(None)
"""What `If-Match: *` demands."""
