"""The one form of every JSON answer: success with data and meta, or failure with errors.

Source: REST API, "Envelope" and "Caching and freshness".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from shared_code.json_text import json_bytes
from shared_code.logs import current_request

T = TypeVar("T")

CONTRACT_VERSION: Final = "1.0"
FIGURES: Final = "private, no-cache"
"""`Cache-Control` of business figures."""
NOT_STORED: Final = "no-store"
"""`Cache-Control` of errors."""


class CamelModel(BaseModel):
    """A part of an answer whose members are in camelCase; can be made from a record with the same attributes."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True, frozen=True)


class SnakeModel(BaseModel):
    """A part of an answer whose members are in snake_case; can be made from a record with the same attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class DataAsOf(CamelModel):
    """When each kind of source was last read; null where it never was."""

    budget: datetime | None = None
    actual: datetime | None = None
    schedule: datetime | None = None
    contract: datetime | None = None


class Meta(CamelModel):
    """How many there are and which part of them this is; one object is 1, 1, 50, false."""

    total: int = 1
    page: int = 1
    limit: int = 50
    has_more: bool = False

    @classmethod
    def of_page(cls, total: int, page: int, limit: int, **others: Any) -> Self:
        """The meta of one page of a list; `others` are the members of a kind of meta that has more."""
        return cls(total=total, page=page, limit=limit, has_more=page * limit < total, **others)


class FiguresMeta(Meta):
    """The meta of business figures; `business_date` decides locks and blends, `stale` is for a source that lags."""

    stale: bool = False
    business_date: date
    data_as_of: DataAsOf = DataAsOf()


MetaT = TypeVar("MetaT", bound=Meta)


class Envelope(CamelModel, Generic[T, MetaT]):
    """A successful answer."""

    success: Literal[True] = True
    data: T
    message: str = Field(examples=["Rates retrieved successfully"])
    timestamp: Annotated[datetime, Field(description="UTC, milliseconds", examples=["2025-07-18T19:47:33.976Z"])]
    request_id: str = Field(examples=["req_abc123"])
    version: str = CONTRACT_VERSION
    errors: list[Any] = Field(default=[], max_length=0)
    meta: MetaT


class ErrorEntry(CamelModel):
    """One error. `field`: a path such as `days[3].occupancy`, a parameter, a header, `body`; null: none is to blame."""

    code: str
    message: str
    field: str | None = None
    details: dict[str, Any] = {}


class Failure(CamelModel):
    """An answer to a request that was not carried out."""

    success: Literal[False] = False
    data: None = None
    message: str
    timestamp: Annotated[datetime, Field(description="UTC, milliseconds", examples=["2025-07-18T19:47:33.976Z"])]
    request_id: str = Field(examples=["req_def456"])
    version: str = CONTRACT_VERSION
    errors: list[ErrorEntry] = Field(min_length=1, max_length=100)


def success(
    data: BaseModel | Sequence[BaseModel],
    message: str,
    *,
    meta: Meta | None = None,
    status: int = 200,
    cache: str = FIGURES,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a request that was carried out. Members appear in the order of the models."""
    shown = _dumped(data) if isinstance(data, BaseModel) else [_dumped(item) for item in data]
    return Success(
        Content(
            json_bytes(shown),
            json_bytes(message),
            json_bytes(_dumped(meta or Meta())),
            status,
            {"Cache-Control": cache, **(headers or {})},
        )
    )


@dataclass(frozen=True, slots=True)
class Content:
    """What an answer says, as JSON, without the request that it is given to."""

    data: bytes
    message: bytes
    meta: bytes
    status: int
    headers: Mapping[str, str]


class Success(Response):
    """A successful answer to the request under way; its `content` may be given to other requests too."""

    def __init__(self, content: Content) -> None:
        self.content = content
        stamp = json_bytes(_stamp())[1:-1]
        parts = (b'{"success":true,"data":', content.data, b',"message":', content.message, b",", stamp)
        end = (b',"errors":[],"meta":', content.meta, b"}")
        super().__init__(b"".join((*parts, *end)), content.status, content.headers, media_type="application/json")


def failure(
    status: int, message: str, entries: Sequence[ErrorEntry], headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to a request that was not carried out. The first code is noted for the log."""
    if (note := current_request()) is not None:
        note.error_code = entries[0].code
    return _response(
        status,
        {
            "success": False,
            "data": None,
            "message": message,
            **_stamp(),
            "errors": [_dumped(entry) for entry in entries],
        },
        {"Cache-Control": NOT_STORED, **(headers or {})},
    )


def _dumped(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(by_alias=True)


def _stamp() -> dict[str, Any]:
    note = current_request()
    return {
        "timestamp": datetime.now(UTC),
        "requestId": note.request_id if note else "",
        "version": CONTRACT_VERSION,
    }


def _response(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(json_bytes(body), status, headers, media_type="application/json")
