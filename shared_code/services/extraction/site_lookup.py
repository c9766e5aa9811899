"""Sites of source rows: normalised once a spelling, and looked up among the known ones.

Source: Source side, "Scope and vocabulary" and "Data-quality rules".
"""

from sqlalchemy import Connection

from shared_code.domain.site_codes import normalise_site
from shared_code.domain.site_scope import SiteScope
from shared_code.storage import sites

INVALID = ""
"""What is found for a blank code, or one with a character outside A-Z0-9: the row is refused."""


class SiteLookup:
    """The product's code of a spelling: a known site, None for a site that the product does not have, or `INVALID`."""

    def __init__(self, connection: Connection) -> None:
        self._known = frozenset(sites.site_ids(connection, SiteScope.all_sites()))
        self._found: dict[str | None, str | None] = {}

    def __getitem__(self, spelling: str | None) -> str | None:
        try:
            return self._found[spelling]
        except KeyError:
            site_id = normalise_site(spelling)
            found = INVALID if site_id is None else site_id if site_id in self._known else None
            self._found[spelling] = found
            return found
