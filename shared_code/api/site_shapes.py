"""Sites in JSON, and the filters by which lists of them are asked for.

Source: REST API, "Forecast, summary, sites, me".
"""

from datetime import date
from typing import Literal

from pydantic import Field

from shared_code.api.envelope import CamelModel
from shared_code.api.fields import QueryFlag, Text
from shared_code.api.paging import PageQuery
from shared_code.domain.contract import ContractType
from shared_code.storage.site_list import SiteChoice

Names = tuple[Text, ...]
"""Values of a filter that may be given several times."""


class SiteFilters(PageQuery):
    """Which sites are wanted: every filter that is sent must hold; one that is sent several times holds by either."""

    search: Text | None = None
    districts: Names = Field((), alias="district")
    regions: Names = Field((), alias="region")
    legal_entities: Names = Field((), alias="legalEntity")
    contract_types: Names = Field((), alias="contractType")
    pl_categories: Names = Field((), alias="plCategory")
    cog_segments: Names = Field((), alias="cogSegment")
    business_segments: Names = Field((), alias="businessSegment")
    is_active: QueryFlag | None = Field(None, alias="active")

    @property
    def choice(self) -> SiteChoice:
        """The filters as the services take them."""
        filters = {name: getattr(self, name) for name in SiteChoice.__slots__ if name != "search"}
        return SiteChoice(search=(self.search or "").strip() or None, **filters)


class SiteShape(CamelModel):
    """A site. `access` says whether the caller may also write its forecast; rooms are per day."""

    site_id: str = Field(examples=["TP001"])
    site_name: str
    district: str | None
    region: str | None
    legal_entity: str | None
    pl_category: str | None
    cog_segment: str | None
    business_segment: str | None
    contract_types: list[ContractType]
    available_rooms: int
    available_parking: int | None
    time_zone: str
    is_active: bool
    start_date: date | None
    close_date: date | None
    payroll_mode: Literal["group", "code"]
    access: Literal["read", "write"]
