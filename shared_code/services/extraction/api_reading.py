"""What reading an HTTP source page by page has in common: the pages, and what the run ledger says of them.

Source: Source side, "HTTP sources" and "Run history, lineage, failure".
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from shared_code.storage.runs import Reject, RunSource

if TYPE_CHECKING:
    from shared_code.sources.paging import Page

Record = TypeVar("Record")

API_NODE = "api"
"""What stands in a run's lineage in place of the alias of a warehouse node."""


class PagedRead(Generic[Record]):
    """The pages of one read, counted and timed while they are taken.

    `query_id` names the read in the run ledger, `api` what was read, `parameters` what was asked for.
    """

    def __init__(self, query_id: str, api: str, parameters: Mapping[str, Any], pages: "Iterator[Page[Record]]") -> None:
        self._query_id = query_id
        self._api = api
        self._parameters = dict(parameters)
        self._pages = pages
        self._rows = 0
        self._seconds = 0.0
        self._request_ids: list[str] = []

    def __iter__(self) -> "Iterator[Page[Record]]":
        started = perf_counter()
        for page in self._pages:
            self._seconds += perf_counter() - started
            if page.number == 1:
                self._rows = 0
            self._rows += page.rows_read
            self._request_ids.append(page.request_id)
            yield page
            started = perf_counter()

    def source(self, content_hash: bytes) -> RunSource:
        """The read for the run ledger; the ids of its requests are among the parameters."""
        question = f"{self._api} {json.dumps(self._parameters, default=str, sort_keys=True)}"
        return RunSource(
            self._query_id,
            hashlib.sha256(question.encode()).digest(),
            API_NODE,
            self._api,
            {**self._parameters, "requestIds": self._request_ids},
            self._rows,
            int(self._seconds * 1000),
            content_hash,
        )


def refused(page: "Page[Any]") -> list[Reject]:
    """The refused rows of a page as the run ledger keeps them."""
    return [
        Reject(reject.reason_code.value, reject.field, reject.raw_row, reject.business_key) for reject in page.rejects
    ]
