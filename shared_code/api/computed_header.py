"""The header of answers that are computed: P&L and FLC.

Source: REST API, "Shapes used in several places".
"""

from collections.abc import Sequence
from typing import Any

from shared_code.api.gate import Call
from shared_code.api.pnl_shapes import shown_warnings
from shared_code.services.forecast.computed_header import read_computed_header
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.source_age import SourceAge


def computed_header(call: Call[Any, Any], warnings: Sequence[ViewWarning], age: SourceAge) -> dict[str, Any]:
    """The members of `SitePeriodShape`; nothing of such an answer can be edited, because all of it follows."""
    site, period = call.site, call.period
    saved = read_computed_header(call.runtime, site, period)
    return {
        "site_id": site.site_id,
        "site_name": site.name,
        "period": period.text,
        "period_type": period.type.value,
        "updated_at": saved.updated_at,
        "updated_by": saved.updated_by,
        "status": saved.status.value,
        "editable": False,
        "lock_reason": "granularity",
        "warnings": shown_warnings(warnings, age),
    }
