"""How a user and a site stand, which every request on a site has to know: in one statement.

Source: REST API, "Order of checks" and "Caching and freshness".
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, bindparam, func, literal, select

from shared_code.storage.tables.messages import cache_versions
from shared_code.storage.tables.organisation import sites
from shared_code.storage.user_access import permissions_tag
from shared_code.storage.user_rights import RightsVersion, run_of_sites
from shared_code.storage.versions import SHARED_TAG, AnswerVersions, site_tag


@dataclass(frozen=True, slots=True)
class Standing:
    """Versions of a user's rights and of the answers about `site_id`, with name and time zone of the site.

    `name` is None where there is no such site. All of it is read before the rights are judged: nothing of it may show
    in a refusal.
    """

    site_id: str
    rights: RightsVersion
    answers: AnswerVersions
    name: str | None
    time_zone: str | None


def standing_of(connection: Connection, principal_name: str, site_id: str) -> Standing:
    """How a user and a site, which need not exist, stand now."""
    values = {"user_tag": permissions_tag(principal_name), "site_tag": site_tag(site_id), "site_id": site_id}
    user, run, site, shared, name, zone = connection.execute(_STANDING, values).one()
    return Standing(site_id, (user, run), (site, shared), name, zone)


def _version(tag: ColumnElement[str]) -> ColumnElement[int]:
    found = select(cache_versions.c.version).where(cache_versions.c.tag == tag)
    return func.coalesce(found.scalar_subquery(), 0)


_TAG: Final = cache_versions.c.tag.type
_IS_SITE: Final = sites.c.site_id == bindparam("site_id", type_=sites.c.site_id.type)

# Built once: the statement of every request.
_STANDING: Final = select(
    _version(bindparam("user_tag", type_=_TAG)),
    run_of_sites().scalar_subquery(),
    _version(bindparam("site_tag", type_=_TAG)),
    _version(literal(SHARED_TAG, _TAG)),
    select(sites.c.name).where(_IS_SITE).scalar_subquery(),
    select(sites.c.time_zone).where(_IS_SITE).scalar_subquery(),
)
