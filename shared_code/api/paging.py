"""Paged lists: which page a client asks for, and what the answer says about it.

Source: REST API, "Paging".
"""

from typing import Annotated, Final

from shared_code.api.envelope import Meta
from shared_code.api.fields import QueryCount, Within
from shared_code.api.validation import Query

LARGEST_PAGE: Final = 200


class PageQuery(Query):
    """The parameters of a paged list. Inherit it beside others."""

    page: Annotated[QueryCount, Within(1)] = 1
    limit: Annotated[QueryCount, Within(1, LARGEST_PAGE)] = 50

    @property
    def offset(self) -> int:
        """How many entries come before the page."""
        return (self.page - 1) * self.limit

    def meta(self, total: int) -> Meta:
        """The meta of this page of a list of `total` entries; a page past the end is empty."""
        return Meta.of_page(total, self.page, self.limit)
