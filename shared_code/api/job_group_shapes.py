"""Job groups and job codes in JSON.

Source: REST API, "Job groups and job codes".
"""

import unicodedata
from typing import Annotated, Any, Final

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from shared_code.api.envelope import CamelModel
from shared_code.api.fields import JobCode, ReadOnly, Text, wrong
from shared_code.api.paging import PageQuery
from shared_code.api.unique_items import each_once
from shared_code.api.validation import Body, Query
from shared_code.services.job_code_list import Outcome
from shared_code.services.job_groups import GroupStatus
from shared_code.sql.types import text_length
from shared_code.storage.job_code_list import JobCodeFilter

LONGEST_TITLE: Final = 255
MOST_CODES: Final = 100
"""Job codes of one request."""


def _title(value: str) -> str:
    """A title without the blanks around it."""
    title = value.strip()
    if not title:
        raise wrong("MISSING_REQUIRED_FIELD", "A title has at least one character")
    if text_length(title) > LONGEST_TITLE:
        raise wrong("VALUE_OUT_OF_RANGE", "The text is too long", maxLength=LONGEST_TITLE)
    if any(unicodedata.category(character) == "Cc" for character in title):
        raise wrong("INVALID_DATA_TYPE", "A title may not hold control characters or line breaks")
    return title


NOT_SENT: Any = Field(default_factory=lambda: None)
"""A field that stays as it is; null is no value that it could get."""

Title = Annotated[
    str, AfterValidator(_title), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_TITLE})
]
"""A title, trimmed."""

CodeList = Annotated[
    list[JobCode], Field(min_length=1, max_length=MOST_CODES), each_once("This job code is named more than once")
]
"""Job codes, each named once."""


class JobGroupQuery(Query):
    """Which groups are listed."""

    status: GroupStatus = GroupStatus.ALL


class JobCodeQuery(PageQuery):
    """Which job codes are listed; `search` is part of the code or the title."""

    wanted: JobCodeFilter = Field(JobCodeFilter.ALL, alias="filter")
    search: Text | None = None


class CamelBody(Body):
    """A body whose members are in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


class JobGroupMembers(CamelBody):
    """What an answer tells of a group and no request may send."""

    job_group_id: ReadOnly = None
    job_codes: ReadOnly = None


class JobGroupBody(JobGroupMembers):
    """A new group, which is active."""

    title: Title
    is_active: ReadOnly = None


class JobGroupPatch(JobGroupMembers):
    """What is to become of a group; what is not sent stays."""

    title: Title = NOT_SENT
    is_active: bool = NOT_SENT


class JobCodePatch(CamelBody):
    """What is to become of a job code; what is not sent stays."""

    title: Title = NOT_SENT
    is_active: bool = NOT_SENT
    is_productive: bool = NOT_SENT
    job_code: ReadOnly = None
    job_group_id: ReadOnly = None
    job_group: ReadOnly = None
    is_new: ReadOnly = None
    active_employees: ReadOnly = None
    site_count: ReadOnly = None


class AssignmentBody(CamelBody):
    """Job codes that are to be in a group."""

    job_codes: CodeList
    job_group_id: Annotated[str, Field(min_length=1, max_length=50)]


class JobCodeStatusBody(CamelBody):
    """Job codes that are to be switched on or off."""

    job_codes: CodeList
    is_active: bool


class JobGroupReference(CamelModel):
    """A group."""

    job_group_id: str = Field(examples=["valet"])
    title: str
    is_active: bool


class GroupedCodeShape(CamelModel):
    """A job code in its group."""

    job_code: str
    title: str
    is_active: bool


class JobGroupShape(JobGroupReference):
    """A group with all its job codes, by code."""

    job_codes: list[GroupedCodeShape]


class SiteAssignmentShape(CamelModel):
    """The groups whose job codes are used at a site, by title."""

    site_id: str
    site_name: str
    district: str | None
    assigned_job_groups: list[JobGroupReference]
    job_group_count: int
    has_unassigned_job_codes: bool


class JobCodeShape(CamelModel):
    """A job code; employees and sites are those at which it is in use."""

    job_code: str
    title: str
    job_group_id: str | None
    job_group: str | None
    is_active: bool
    is_productive: bool
    is_new: bool
    active_employees: int
    site_count: int


class AssignmentShape(CamelModel):
    """A job code that was to be in a group."""

    job_code: str
    previous_group_id: str | None
    new_group_id: str
    outcome: Outcome


class AssignmentsShape(CamelModel):
    """What became of every job code, in the order of the request."""

    results: list[AssignmentShape]


class StatusResultShape(CamelModel):
    """A job code that was to be switched on or off."""

    job_code: str
    outcome: Outcome


class StatusResultsShape(CamelModel):
    """What became of every job code, in the order of the request."""

    results: list[StatusResultShape]
