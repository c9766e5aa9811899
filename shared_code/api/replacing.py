"""`mode=replace`: a PUT that also clears what it does not send.

Source: REST API, "PUT means merge".
"""

from typing import Any, Literal

from shared_code.api.errors import refusal
from shared_code.api.gate import Call
from shared_code.api.validation import Query
from shared_code.services.forecast.author import ADMINISTRATOR


class ModeQuery(Query):
    """Whether what is not sent stays as it is (`merge`), or is cleared (`replace`)."""

    mode: Literal["merge", "replace"] = "merge"


def is_replacing(call: Call[ModeQuery, Any]) -> bool:
    """Whether the call clears what it does not send. Raises `RefusedError` (403): only an administrator may do that."""
    if call.query.mode == "merge":
        return False
    if call.caller.role_on(call.access, call.site.site_id) != ADMINISTRATOR:
        raise refusal("INSUFFICIENT_PERMISSIONS", "Only an administrator may replace.", details={"reason": "role"})
    return True
