"""What puts sites into groups that are compared: where they belong, how they are paid, how large they are.

Source: Data model, "Organisation, access, accounts".
"""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from shared_code.domain.site_scope import SiteScope
from shared_code.storage.database import within
from shared_code.storage.tables.organisation import site_organizations, sites


@dataclass(frozen=True, slots=True)
class SiteTraits:
    """A site as it is grouped; `rooms` and `spaces` are those of one day, None where they are not known."""

    site_id: str
    district: str | None
    region: str | None
    contract_type: str | None
    segment: str | None
    rooms: int | None
    spaces: int | None


def site_traits(connection: Connection, scope: SiteScope, month: str) -> list[SiteTraits]:
    """The sites of `scope`, in order, with the district and region to which they belong in `month` (`YYYY-MM`)."""
    own = site_organizations
    in_month = and_(
        own.c.site_id == sites.c.site_id,
        own.c.effective_from <= month,
        or_(own.c.effective_to.is_(None), own.c.effective_to >= month),
    )
    rows = connection.execute(
        select(
            sites.c.site_id,
            own.c.district_code,
            own.c.region_code,
            sites.c.contract_type_text,
            sites.c.business_segment,
            sites.c.total_rooms,
            sites.c.total_parking_spaces,
        )
        .join_from(sites, own, in_month, isouter=True)
        .where(within(scope, sites.c.site_id))
        .order_by(sites.c.site_id)
    )
    return [SiteTraits(*row) for row in rows]
