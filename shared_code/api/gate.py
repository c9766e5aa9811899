"""The gate: every check of a request in the order of the contract. The first stage that fails answers.

The entrance takes the stages before the operation is known: (1) token, (2) rate limit, (3) route. `Demands` says what
an operation asks, and takes the stages that follow: (4) scope and role, (5) site, (6) period, (7) query, (8) body.
Versions, locks and rules (9 to 12) are the use case's.

Source: REST API, "Order of checks".
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from shared_code.api.caller import Access, Caller
from shared_code.api.errors import refusal, shown_value
from shared_code.api.fields import BAD_SITE_CODE, JOB_CODE, site_code_fault
from shared_code.api.json_body import LARGEST_BODY, BadJsonError, parse_object
from shared_code.api.media_types import JSON, accepts, is_json
from shared_code.api.validation import Query, read_body, read_query
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import NotFoundError
from shared_code.logs import current_request
from shared_code.services.forecast.author import ANY_VERSION, NEVER, Author, Precondition
from shared_code.services.periods import MONTHLY_FORMS, Period, PeriodType, parse_period, require_available
from shared_code.services.pnl_site_cells import OpenSite, open_site, opened
from shared_code.services.rollup_members import Level, find_organization, level_named
from shared_code.services.runtime import Runtime

Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B")

RuntimeProvider = Callable[[], Runtime]
AccessOfPath = Callable[[Mapping[str, str]], Access]

_ENTITY_TAG: Final = re.compile(r'(?P<weak>W/)?"(?P<version>[0-9]{1,100})"', re.ASCII)

SITE_PARAMETERS: Final = ("siteId", "site_id")
"""Names of the path parameter that holds a site code, in the two spellings of the contract."""


class NoQuery(Query):
    """The query of an operation that knows no parameter."""


class NoBody:
    """The body of an operation that reads none."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """A request that has passed the gate.

    `scope` holds the sites that the caller reaches with this operation's permission. `site` and `period` are there
    where the path names them.
    """

    runtime: Runtime
    caller: Caller
    access: Access
    scope: SiteScope
    path: dict[str, str]
    found_site: OpenSite | None
    found_period: Period | None
    query: Q
    body: B
    if_match: Precondition | None
    source: str

    @property
    def site(self) -> OpenSite:
        """The site of the path."""
        assert self.found_site is not None, "the path names no site"
        return self.found_site

    @property
    def period(self) -> Period:
        """The period of the path."""
        assert self.found_period is not None, "the path names no period"
        return self.found_period

    def author(self, reason: str | None = None) -> Author:
        """Who writes by this request, in the role that lets them, and why."""
        note = current_request()
        return Author(
            self.caller.user_id,
            role=self.caller.role_on(self.access, self.site.site_id) if self.found_site else None,
            source=self.source,
            reason=reason,
            request_id=note.request_id if note else "",
        )


@dataclass(frozen=True, slots=True)
class Place:
    """What a path names, as far as the caller may have it, and the right and the sites that it was judged by."""

    access: Access
    scope: SiteScope
    site: OpenSite | None
    period: Period | None


class Demands(Generic[Q, B]):
    """What an operation asks of a request; as a dependency it takes stages 4 to 8 and gives the `Call`.

    `access` may depend on the path; `query` and `body` are the models of the two; `forms` are the forms of period
    that the operation takes, `is_written` says that it changes the period.
    """

    def __init__(
        self,
        access: Access | AccessOfPath,
        *,
        query: type[Q],
        body: type[B],
        forms: Collection[PeriodType] = MONTHLY_FORMS,
        is_written: bool = False,
    ) -> None:
        self.access: AccessOfPath = access if callable(access) else lambda _: access
        self.query = query
        self.body = body
        self.forms = frozenset(forms)
        self.is_written = is_written

    @property
    def takes_body(self) -> bool:
        """Whether the operation reads a body."""
        return issubclass(self.body, BaseModel)

    async def __call__(self, request: Request) -> Call[Q, B]:
        """The request as the operation may use it. Raises `RefusedError` and errors of the product (400 to 415)."""
        body = await _received_body(request) if self.takes_body else b""
        return await run_in_threadpool(self.admit, request, body)

    def admit(self, request: Request, body: bytes | None = b"") -> Call[Q, B]:
        """The request with its `body` (None: too large) as the operation may use it. Raises as a call does."""
        runtime: Runtime = request.app.state.runtime_provider()
        caller: Caller = request.scope["caller"]
        path: dict[str, str] = request.path_params
        place = self.place(runtime, caller, path)
        query = read_query(self.query_of(path), query_pairs(request))
        check_accept(request, self.answers_in(query))
        read = self._body(request, body, place.period)
        return Call(
            runtime,
            caller,
            place.access,
            place.scope,
            path,
            place.site,
            place.period,
            query,
            read,
            if_match(request),
            source_of(request),
        )

    def place(self, runtime: Runtime, caller: Caller, path: Mapping[str, str]) -> Place:
        """Stages 4 to 6: what the path names, as far as the caller may have it. Raises as a call does."""
        access = self.access_in(runtime, path)
        scope = caller.reach(access)
        site = _site(runtime, caller, path, scope)
        _check_organization(runtime, caller, access, path)
        _check_job_code(path)
        return Place(access, scope, site, self._period(path, site))

    def access_in(self, runtime: Runtime, path: Mapping[str, str]) -> Access:
        """Who may call, where that depends on the installation."""
        return self.access(path)

    def query_of(self, path: Mapping[str, str]) -> type[Q]:
        """The model of the query, where it depends on the path."""
        return self.query

    def forms_of(self, path: Mapping[str, str]) -> Collection[PeriodType]:
        """The forms of period, where they depend on the path."""
        return self.forms

    def answers_in(self, query: Q) -> Sequence[str]:
        """The media types of the answer, where they depend on the query."""
        return (JSON,)

    def _period(self, path: Mapping[str, str], site: OpenSite | None) -> Period | None:
        """The period of the path, where there is one: grammar, then horizon."""
        if "period" not in path:
            return None
        period = parse_period(path["period"], self.forms_of(path), is_written=self.is_written)
        if site is not None:
            require_available(period, site.business_date)
        return period

    def _body(self, request: Request, body: bytes | None, period: Period | None) -> B:
        if not issubclass(self.body, BaseModel):
            return self.body()
        check_content_type(request)
        if body is None:
            raise refusal(
                "PAYLOAD_TOO_LARGE",
                f"The body may have {LARGEST_BODY} bytes at most.",
                "body",
                details={"maximum": LARGEST_BODY},
            )
        try:
            members = parse_object(body)
        except BadJsonError as error:
            raise refusal("INVALID_DATA_TYPE", f"{error}.", "body") from None
        return read_body(self.body, members, period)


def check_accept(request: Request, offered: Sequence[str] = (JSON,)) -> None:
    """Refuse a client that takes none of the media types that are offered (406)."""
    accepted = ",".join(request.headers.getlist("accept"))
    if not any(accepts(accepted, media_type) for media_type in offered):
        message = f"The answer is available as {', '.join(offered)} only."
        details = {"providedValue": shown_value(accepted), "accepted": list(offered)}
        raise refusal("NOT_ACCEPTABLE", message, "Accept", details=details)


def check_content_type(request: Request) -> None:
    """Refuse a body that is not JSON, or compressed (415)."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        details = {"providedValue": shown_value(encoding), "accepted": ["identity"]}
        raise refusal("UNSUPPORTED_MEDIA_TYPE", "The body must not be compressed.", "Content-Encoding", details=details)
    given = request.headers.getlist("content-type")
    if len(given) != 1 or not is_json(given[0]):
        details = {"providedValue": shown_value(", ".join(given)), "accepted": [JSON]}
        message = f"The body must be sent as {JSON} in UTF-8."
        raise refusal("UNSUPPORTED_MEDIA_TYPE", message, "Content-Type", details=details)


def if_match(request: Request) -> Precondition | None:
    """The version that the header names; a weak one never matches. Raises `RefusedError` (400) for what is malformed.

    Source: REST API, "Versions and concurrency".
    """
    given = request.headers.getlist("if-match")
    if not given:
        return None
    if len(given) == 1:
        if given[0].strip() == "*":
            return ANY_VERSION
        if (found := _ENTITY_TAG.fullmatch(given[0].strip())) is not None:
            return Precondition(NEVER if found["weak"] else int(found["version"]))
    raise refusal(
        "INVALID_DATA_TYPE",
        'If-Match holds the version that was read, such as "4", or *.',
        "If-Match",
        details={"providedValue": shown_value(", ".join(given)), "expectedFormat": '"<int>"'},
    )


def source_of(request: Request) -> str:
    """From where a change comes, as the audit trail says: `ui`, `import` or `api`.

    Source: REST API, "Audit and export".
    """
    named = request.headers.get("x-source", "").lower()
    return named if named in {"ui", "import"} else "api"


def query_pairs(request: Request) -> list[tuple[str, str]]:
    """The parameters of the query, decoded, in order."""
    text = request.scope["query_string"].decode("utf-8", "replace")
    return parse_qsl(text, keep_blank_values=True)


async def _received_body(request: Request) -> bytes | None:
    """The body; None as soon as it is larger than what is accepted."""
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > LARGEST_BODY:
            return None
    return bytes(received)


def _site(runtime: Runtime, caller: Caller, path: Mapping[str, str], scope: SiteScope) -> OpenSite | None:
    """The site of the path, where there is one: format, access, existence."""
    field = next((name for name in SITE_PARAMETERS if name in path), None)
    if field is None:
        return None
    if (fault := site_code_fault(path[field])) is not None:
        raise refusal("INVALID_SITE_ID", BAD_SITE_CODE, field, details=fault)
    site_id = path[field].upper()
    require_site(scope, site_id)
    standing = caller.standing
    if standing is not None and standing.site_id == site_id and standing.name is not None:
        return opened(runtime, site_id, standing.name, standing.time_zone)
    try:
        return open_site(runtime, scope, site_id)
    except NotFoundError:
        raise refusal("SITE_NOT_FOUND", "There is no such site.", field, details={"providedValue": site_id}) from None


def _check_organization(runtime: Runtime, caller: Caller, access: Access, path: Mapping[str, str]) -> None:
    """The organisation of the path, in the place of a site: one that is not theirs looks like one that is not there."""
    if "organizationLevel" not in path:
        return
    level, name = level_named(path["organizationLevel"]), path["organizationId"]
    found = find_organization(runtime, level, name)
    needs_own = level in {Level.DISTRICT, Level.REGION} or found is None
    if needs_own and not caller.oversees(access, level, found.id if found else None):
        message = "You have no access to this organization."
        raise refusal("INSUFFICIENT_PERMISSIONS", message, details={"reason": "organization_scope"})
    if found is None:
        details = {"providedValue": shown_value(name)}
        raise refusal("NOT_FOUND", "There is no such organization.", "organizationId", details=details)


def require_site(scope: SiteScope, site_id: str) -> None:
    """Refuse a site that the caller's permission does not reach (403); the answer says nothing about the site."""
    if not scope.covers(site_id):
        raise refusal("INSUFFICIENT_PERMISSIONS", "You have no access to this site.", details={"reason": "site_scope"})


def _check_job_code(path: Mapping[str, str]) -> None:
    code = path.get("job_code_id")
    if code is not None and not re.fullmatch(JOB_CODE, code):
        raise refusal(
            "INVALID_DATA_TYPE",
            "A job code has 1 to 50 letters, digits, blanks, underscores, dots or hyphens.",
            "job_code_id",
            details={"providedValue": shown_value(code), "expectedFormat": JOB_CODE},
        )
