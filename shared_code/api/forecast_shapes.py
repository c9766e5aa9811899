"""What the modules of a forecast have in common: headers and changes of answers, members of bodies.

Source: REST API, "PUT means merge" and "Shapes used in several places".
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared_code.api.envelope import CamelModel
from shared_code.api.fields import Reason
from shared_code.api.pnl_shapes import WarningShape
from shared_code.api.validation import Body
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.saving import SavedSection
from shared_code.services.pnl_table import ViewWarning

LockWord = Literal["past", "actual_posted", "site_closed", "role", "granularity"]


class SitePeriodShape(CamelModel):
    """The header of an answer about a site and period, without a version."""

    site_id: str
    site_name: str
    period: str = Field(examples=["2025-04"])
    period_type: Literal["day", "month", "quarter", "year"]
    updated_at: datetime | None
    updated_by: str | None
    status: Literal["draft", "submitted", "returned", "approved"]
    editable: bool
    lock_reason: LockWord | None
    warnings: list[WarningShape]


class HeaderShape(SitePeriodShape):
    """The header of what can be saved: `version` is 0 before the first save."""

    version: int


class ChangesShape(CamelModel):
    """How many cells have a value now and had none, have another one, have none any more."""

    created: int
    updated: int
    cleared: int


class WriteBody(Body):
    """Members that every body of a PUT may have.

    `updatedAt` and `updatedBy` may be sent back as they were read, and are ignored.
    """

    model_config = ConfigDict(alias_generator=to_camel)

    version: Annotated[int, Field(ge=0)] | None = None
    reason: Reason | None = None
    overwrite: bool = False
    updated_at: str | None = None
    updated_by: str | None = None


def precondition_of(if_match: Precondition | None, body: WriteBody) -> Precondition | None:
    """The version that a write names: in the header, else in the body."""
    if if_match is not None:
        return if_match
    return None if body.version is None else Precondition(body.version)


def etag(version: int) -> Mapping[str, str]:
    """The header that names the version of what is answered."""
    return {"ETag": f'"{version}"'}


def shown(warnings: Iterable[ViewWarning]) -> list[WarningShape]:
    """Warnings in JSON."""
    return [WarningShape.model_validate(warning) for warning in warnings]


def changes_of(saved: SavedSection) -> dict[str, Any]:
    """The members that the answer to a PUT has besides the fresh representation, but for its warnings."""
    return {"changes": ChangesShape.model_validate(saved.changes)}
