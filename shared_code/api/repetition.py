"""POSTs that create something accept a key, so that a client may safely send them again.

An operation takes `repeat: Repeatable` beside its call and answers with `repeat.once(call, lambda: ...)`, after the
checks that depend on the body and before anything is written.

Source: REST API, "Repeating a POST".
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from pydantic import BaseModel
from starlette.responses import Response

from shared_code.api.envelope import FIGURES
from shared_code.api.errors import refusal, shown_value
from shared_code.api.forecast_shapes import etag
from shared_code.api.gate import Call
from shared_code.services.idempotency import HEADER, Answer, carry_out_once
from shared_code.storage.idempotency import RequestName

REPLAYED: Final = "Idempotency-Replayed"
KEY: Final = r"^[A-Za-z0-9_-]{1,64}$"


@dataclass(frozen=True, slots=True)
class Repetition:
    """The keys that a request carries (none, or one), and the operation that it is for."""

    given: tuple[str, ...]
    route: str

    def once(self, call: Call[Any, Any], action: Callable[[], Response], *, is_versioned: bool = False) -> Response:
        """What `action` answers; a request with a key that was carried out before gets the same answer again.

        `is_versioned`: the answer names the version of what it is about, in its data and in the header `ETag`.

        Raises `RefusedError` (400) for a malformed key, and `ConflictError` (409) for one that was used for something
        else or whose first request is still running.
        """
        if not self.given:
            return action()
        name = RequestName(call.caller.user_id, self.route, self._key())
        answered: list[Response] = []

        def answer() -> Answer:
            answered.append(action())
            return Answer(answered[0].status_code, bytes(answered[0].body).decode("utf-8"))

        kept = carry_out_once(call.runtime, name, content_hash(call), answer)
        if answered:
            return answered[0]
        headers = {"Cache-Control": FIGURES, REPLAYED: "true"}
        if is_versioned:
            headers |= etag(json.loads(kept.body)["data"]["version"])
        return Response(kept.body, kept.status, headers, media_type="application/json")

    def _key(self) -> str:
        if len(self.given) == 1 and re.fullmatch(KEY, self.given[0]):
            return self.given[0]
        raise refusal(
            "INVALID_DATA_TYPE",
            "A key has 1 to 64 letters, digits, underscores or hyphens, and a request has one.",
            HEADER,
            details={"providedValue": shown_value(", ".join(self.given)), "expectedFormat": KEY},
        )


def repetition(request: Request) -> Repetition:
    """What the header of the request says of its repetition."""
    return Repetition(tuple(request.headers.getlist(HEADER)), f"{request.method} {request.scope['route'].path}")


Repeatable = Annotated[Repetition, Depends(repetition)]
"""The parameter of an operation that creates something."""


def content_hash(call: Call[Any, Any]) -> bytes:
    """What a call asks for, as SHA-256: parameters of path and query, and the members of its body in any order."""
    content = {
        "path": {name: value.upper() for name, value in call.path.items()},
        "query": _members(call.query),
        "body": _members(call.body),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).digest()


def _members(sent: object) -> dict[str, Any]:
    return sent.model_dump(by_alias=True, exclude_unset=True) if isinstance(sent, BaseModel) else {}
