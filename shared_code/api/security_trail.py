"""Security in the audit trail: `DeniedCalls` around the app, `note_export` and `note_pay_read` for operations.

Source: REST API, "Audit and export".
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from shared_code.api.errors import RefusedError
from shared_code.api.fields import site_code_fault
from shared_code.api.gate import SITE_PARAMETERS, Call, RuntimeProvider, source_of
from shared_code.logs import current_request
from shared_code.services.security_trail import (
    SecurityEvent,
    SecurityEventKind,
    record_denied_call,
    record_security_event,
)

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class DeniedCalls:
    """Writes down every call that is refused to an established caller (403); the refusal goes on as it is."""

    def __init__(self, app: ASGIApp, runtime_provider: RuntimeProvider) -> None:
        self._app = app
        self._runtime_provider = runtime_provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._app(scope, receive, send)
        except RefusedError as error:
            if error.status == 403 and "caller" in scope:
                await run_in_threadpool(self._record, scope, error)
            raise

    def _record(self, scope: Scope, error: RefusedError) -> None:
        detail = error.entries[0].details.get("reason")
        record_denied_call(self._runtime_provider(), _denied(scope, None if detail is None else str(detail)))


def note_export(call: Call[Any, Any], file_format: str) -> None:
    """Write an export down, before the file leaves."""
    _note(call, SecurityEventKind.EXPORT, file_format)


def note_pay_read(call: Call[Any, Any]) -> None:
    """Write down that pay of salaried job codes is shown unmasked, before it is shown."""
    _note(call, SecurityEventKind.PAY_READ, None)


def _note(call: Call[Any, Any], kind: SecurityEventKind, detail: str | None) -> None:
    author = call.author()
    event = SecurityEvent(
        kind,
        author.user_id,
        _operation(),
        detail,
        call.found_site.site_id if call.found_site else None,
        _month_of(call.path),
        author.role,
        author.source,
        author.request_id,
    )
    record_security_event(call.runtime, event)


def _denied(scope: Scope, reason: str | None) -> SecurityEvent:
    path: Mapping[str, str] = scope.get("path_params", {})
    note = current_request()
    return SecurityEvent(
        SecurityEventKind.DENIED,
        scope["caller"].user_id,
        _operation(),
        reason,
        _site_of(path),
        _month_of(path),
        source=source_of(Request(scope)),
        request_id=note.request_id if note else "",
    )


def _operation() -> str:
    note = current_request()
    return f"{note.method} {note.endpoint or '-'}" if note else "-"


def _site_of(path: Mapping[str, str]) -> str | None:
    """The site that the path names, if its code is one that may exist."""
    given = next((path[name] for name in SITE_PARAMETERS if name in path), None)
    return given.upper() if given is not None and site_code_fault(given) is None else None


def _month_of(path: Mapping[str, str]) -> str | None:
    """The month that the path names; other periods have no place in the trail."""
    given = path.get("period", "")
    return given if _MONTH.fullmatch(given) else None
