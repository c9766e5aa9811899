"""The site that a message is about.

Source: Operations, "Retries and dead letters".
"""

from sqlalchemy import Connection

from shared_code.dead_letter_reasons import PoisonReason
from shared_code.domain.site_scope import SiteScope
from shared_code.messaging.contracts import PoisonError
from shared_code.storage import sites


def scope_of(connection: Connection, site_id: str) -> SiteScope:
    """The scope of this one site. Raises `PoisonError` (`UNKNOWN_SITE`) when there is none of this code."""
    scope = SiteScope.of([site_id])
    if sites.find(connection, scope, site_id) is None:
        raise unknown_site(site_id)
    return scope


def unknown_site(site_id: str) -> PoisonError:
    """What a message about a site that there is not ends with."""
    return PoisonError(f"There is no site {site_id!r}", PoisonReason.UNKNOWN_SITE)
