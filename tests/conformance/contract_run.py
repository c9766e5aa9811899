"""Generated requests to the served API, and what each answer has to hold to."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import BaseSchema
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from shared_code.api.app import create_app
from shared_code.api.errors import STATUSES
from shared_code.services.exports import jobs
from tests.api.serving import BASE, Api, served
from tests.conformance.generated_requests import Learned, Operation, Request, is_refused_for_its_form, requests_of
from tests.support.whole_company import BY_CODE, OWN, whole_company

CHECKS: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
WITHOUT_SUCCESS: Final = (
    f"GET {BASE}/data-quality",
    f"GET {BASE}/export/jobs/{{exportId}}/file",
)
"""Operations that cannot succeed here: nothing is validated, and nothing works off the queue."""
QUERY_BY_PLACE: Final = (f"GET {BASE}/export/{{module}}/{{siteId}}/{{period}}",)
"""Operations whose query depends on their path: the document lists the parameters of all, others are ignored."""
_LEARNED: Final = ("snapshotId", "job_id", "jobGroupId", "exportId")
_LAST_IDS: Final = 5
_ROWS_AT_ONCE: Final = 25

Callers = Mapping[str, Api]
"""Who calls, by a name."""


@dataclass
class Report:
    """What was sent and what came back: answers by caller, operation and status, and every fault with its request."""

    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Count what another run sent as well."""
        self.answers += other.answers
        self.faults += other.faults

    @property
    def sent(self) -> int:
        """How many requests there were."""
        return self.answers.total()

    def by_status(self) -> dict[int, int]:
        """Answers by status."""
        found: Counter[int] = Counter()
        for (_, _, status), count in self.answers.items():
            found[status] += count
        return dict(sorted(found.items()))

    def by_operation(self) -> dict[str, dict[int, int]]:
        """Answers by operation and status."""
        found: dict[str, dict[int, int]] = {}
        for (_, operation, status), count in sorted(self.answers.items()):
            statuses = found.setdefault(operation, {})
            statuses[status] = statuses.get(status, 0) + count
        return found

    def never_carried_out(self) -> list[str]:
        """Operations of which not one request was carried out, although the company has what it takes."""
        found = self.by_operation().items()
        return [name for name, statuses in found if min(statuses) >= 300 and name not in WITHOUT_SUCCESS]


@contextmanager
def served_company(folder: Path) -> Iterator[Callers]:
    """The company over HTTP, for an administrator and for the account manager of two of its sites.

    Exports of more than a few rows are made in the background, so that their jobs are met too.
    """
    world = whole_company(folder)
    with (
        patch.object(jobs, "MOST_ROWS_AT_ONCE", _ROWS_AT_ONCE),
        served(create_app(lambda: world.runtime)) as api,
    ):
        yield {"administrator": api, "account manager": api.signed_in("am", "account_manager", sites=[OWN, BY_CODE])}
    world.close()


def published(api: Api) -> BaseSchema:
    """The document that the API publishes, without its tokens, so that every request carries the caller's."""
    document = api.get(f"{BASE}/openapi.json").json()
    for path in document["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    loaded: BaseSchema = schemathesis.openapi.from_dict(document)
    return loaded


def operations_of(document: BaseSchema) -> list[Operation]:
    """Its operations."""
    return [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]


def send_generated(callers: Callers, examples: int, number: int = 0) -> Report:
    """Send up to `examples` requests for each operation and caller; another `number` makes others."""
    report, learned = Report(), Learned()
    document = published(next(iter(callers.values())))
    with requests.Session() as session:
        for name, api in callers.items():
            for operation in operations_of(document):
                _try_out(operation, Sender(name, api, session, report, learned), examples, number)
    return report


@dataclass
class Sender:
    """Sends requests in the name of one caller and notes what is wrong with the answers."""

    name: str
    api: Api
    session: requests.Session
    report: Report
    learned: Learned

    def send(self, case: Request) -> None:
        """Send one request and look at the answer."""
        response = case.call(
            base_url=str(self.api.client.base_url), session=self.session, headers=self.api.bearer.headers
        )
        self.report.answers[self.name, case.operation.label, response.status_code] += 1
        is_judged = is_refused_for_its_form(case) and case.operation.label not in QUERY_BY_PLACE
        more = [checks.negative_data_rejection] if is_judged else []
        try:
            case.validate_response(response, checks=[*CHECKS, *more])
        except FailureGroup as failures:
            self.report.faults += [f"{self.name}: {case.operation.label}: {failures.message}"]
        if (fault := envelope_fault(response.status_code, response.content, response.headers)) is not None:
            self.report.faults.append(f"{self.name}: {case.operation.label}: {fault}\n{case.as_curl_command()}")
        elif response.headers.get("content-type") == ["application/json"]:
            _learn(json.loads(response.content), self.learned)


def envelope_fault(status: int, content: bytes, headers: Mapping[str, Any]) -> str | None:
    """What is wrong with a failure's envelope; None for a good one, and for a success."""
    if status < 300:
        return None
    try:
        body = json.loads(content)
    except ValueError:
        return f"{status} without an envelope: {content[:100]!r}"
    request_id = headers.get("x-request-id", [None])[0]
    if body["success"] is not False or body["data"] is not None or "meta" in body:
        return "a failure looks like a success"
    if body["requestId"] != request_id:
        return f"the header names request {request_id}, the body {body['requestId']}"
    unknown = [error["code"] for error in body["errors"] if status not in STATUSES.get(error["code"], ())]
    return f"{unknown} are no codes of {status}" if unknown else None


def _try_out(operation: Operation, sender: Sender, examples: int, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests_of(operation, sender.learned))
    def every(case: Request) -> None:
        sender.send(case)

    every()


def _learn(value: Any, learned: Learned) -> None:
    """Note the ids that an answer holds."""
    if isinstance(value, list):
        for one in value:
            _learn(one, learned)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name in _LEARNED and isinstance(one, str):
                learned[name] = [*learned.get(name, [])[1 - _LAST_IDS :], one]
            else:
                _learn(one, learned)
