"""Answers that are kept: by the caller's rights and by the versions of what they show, so that a change hides them.

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

from shared_code.api.envelope import Content, Success
from shared_code.api.gate import Call
from shared_code.clock import business_date
from shared_code.domain.site_year import CALCULATION_VERSION
from shared_code.services.answer_versions import answer_versions
from shared_code.services.source_age import seconds_until_stale
from shared_code.settings import Settings
from shared_code.storage.versions import AnswerVersions

AnyCall = Call[Any, Any]
Endpoint = Callable[..., Response]

_SITE_AND_PERIOD: Final = frozenset({"siteId", "site_id", "period"})
"""Parameters of a path that stand in the key as what they name."""


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


def cached(
    kind: Kept = Kept.FIGURES, *, of_all_sites: bool = False, unless: Callable[[AnyCall], bool] | None = None
) -> Callable[[Any], Any]:
    """Keep the successful answers of an operation.

    `of_all_sites` says that the answer about a site shows what lies in others, too. Calls for which `unless` holds are
    answered anew each time, and nothing of them is kept.
    """

    def decorate(endpoint: Endpoint) -> Endpoint:
        name = f"{endpoint.__module__}.{endpoint.__name__}"

        @wraps(endpoint)
        def answered(call: AnyCall) -> Response:
            if unless is not None and unless(call):
                return endpoint(call)
            key = _key(name, call, of_all_sites=of_all_sites)
            if (found := call.runtime.cache.get(key)) is not None:
                return Success(_unpacked(found))
            response = endpoint(call)
            if isinstance(response, Success) and response.status_code == 200:
                chosen = Kept.BUDGET if getattr(call.query, "view", None) == "budget" else kind
                _keep(call, key, response.content, chosen)
            return response

        return answered

    return decorate


def shows_pay(call: AnyCall) -> bool:
    """Whether the caller sees the pay of salaried codes: such an answer is written down, and stays out of caches."""
    return call.caller.reads_pay


def _keep(call: AnyCall, key: str, content: Content, kind: Kept) -> None:
    ttl_s = kind.ttl_s(call.runtime.settings)
    if kind is not Kept.REFERENCE:
        ttl_s = min(ttl_s, seconds_until_stale(call.runtime, ttl_s))
    if ttl_s > 0:
        call.runtime.cache.put(key, _packed(content), ttl_s)


def _key(name: str, call: AnyCall, *, of_all_sites: bool) -> str:
    """What tells one answer from another: operation, path, query, what the caller may do there, versions, and days."""
    site_id = None if call.found_site is None else call.found_site.site_id
    parts = (
        name,
        CALCULATION_VERSION,
        _versions(call, None if of_all_sites else site_id),
        site_id,
        _days(call, of_all_sites=of_all_sites),
        call.found_period.text if call.found_period else None,
        sorted((key, value) for key, value in call.path.items() if key not in _SITE_AND_PERIOD),
        call.query,
        call.caller.rights_on(site_id),
    )
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _versions(call: AnyCall, site_id: str | None) -> AnswerVersions:
    """The counters of the site, or of all; those of a site were read when the caller was judged."""
    standing = call.caller.standing
    if standing is not None and standing.site_id == site_id:
        return standing.answers
    return answer_versions(call.runtime, site_id)


def _days(call: AnyCall, *, of_all_sites: bool) -> tuple[str, ...]:
    """Today in the company, and at the site; where many sites are shown, no day ends but at a quarter of an hour."""
    runtime, site = call.runtime, call.found_site
    today = business_date(runtime.clock, runtime.settings.business_time_zone).isoformat()
    if site is not None and not of_all_sites:
        return today, site.business_date.isoformat()
    now = runtime.clock.now()
    return today, f"{now:%H}:{now.minute // 15}"


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
