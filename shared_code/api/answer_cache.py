"""Answers that are kept: by caller and by the versions of what they show, so that a change makes them unfindable.

The gate has judged the caller before a kept answer is used. An answer is kept under the versions that were read before
it was computed: what changes meanwhile leaves it behind, never wrongly fresh.

Source: REST API, "Caching and freshness".
"""

import hashlib
import json
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Final

from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import Content, Success
from shared_code.api.gate import Call
from shared_code.domain.site_year import CALCULATION_VERSION
from shared_code.services.answer_versions import answer_versions
from shared_code.settings import Settings

AnyCall = Call[Any, Any]
Endpoint = Callable[..., Response]


class Kept(StrEnum):
    """Kinds of answers, which are kept for different times."""

    REFERENCE = "reference"
    BUDGET = "budget"
    FIGURES = "figures"

    def ttl_s(self, settings: Settings) -> int:
        """Seconds for which an answer of this kind is kept at most."""
        return {
            Kept.REFERENCE: settings.cache_ttl_static_s,
            Kept.BUDGET: settings.cache_ttl_budget_s,
            Kept.FIGURES: settings.cache_ttl_actual_s,
        }[self]


def cached(kind: Kept = Kept.FIGURES, *, unless: Callable[[AnyCall], bool] | None = None) -> Callable[[Any], Any]:
    """Keep the successful answers of an operation; those to calls for which `unless` holds are computed each time."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        name = f"{endpoint.__module__}.{endpoint.__name__}"

        @wraps(endpoint)
        def answered(call: AnyCall) -> Response:
            if unless is not None and unless(call):
                return endpoint(call)
            key = _key(name, call)
            if (found := call.runtime.cache.get(key)) is not None:
                return Success(_unpacked(found))
            response = endpoint(call)
            if isinstance(response, Success) and response.status_code == 200:
                chosen = Kept.BUDGET if getattr(call.query, "view", None) == "budget" else kind
                call.runtime.cache.put(key, _packed(response.content), chosen.ttl_s(call.runtime.settings))
            return response

        return answered

    return decorate


def _key(name: str, call: AnyCall) -> str:
    """What tells one answer from another: operation, period, query, caller with all rights, versions, and the day."""
    site, caller = call.found_site, call.caller
    reach = "*" if call.scope.site_ids is None else ",".join(sorted(call.scope.site_ids))
    path = {key: value for key, value in call.path.items() if key not in {"siteId", "site_id", "period"}}
    site_id = None if site is None else site.site_id
    parts = (
        name,
        CALCULATION_VERSION,
        answer_versions(call.runtime, site_id),
        site_id,
        site.business_date if site else call.runtime.clock.now().strftime("%Y-%m-%dT%H"),
        call.found_period.text if call.found_period else None,
        sorted(path.items()),
        call.query,
        caller.user_id,
        caller.roles,
        sorted(caller.permissions),
        [caller.role_on(access, site_id) for access in _WRITES] if site_id else None,
        reach,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


_WRITES: Final = tuple(Access(f"{module}:write") for module in ("forecasting", "payroll", "revenue"))
"""What decides whether a caller sees rows as editable."""


def _packed(content: Content) -> bytes:
    """Content as bytes: a line of what is short, then data and meta."""
    head = {
        "status": content.status,
        "headers": dict(content.headers),
        "message": content.message.decode(),
        "data": len(content.data),
    }
    return json.dumps(head).encode() + b"\n" + content.data + content.meta


def _unpacked(kept: bytes) -> Content:
    head_bytes, _, rest = kept.partition(b"\n")
    head = json.loads(head_bytes)
    length = head["data"]
    return Content(rest[:length], head["message"].encode(), rest[length:], head["status"], head["headers"])
