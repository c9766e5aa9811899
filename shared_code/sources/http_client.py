"""One HTTP exchange with a source under the rules that all HTTP sources share.

HTTPS, JSON only, one time limit for a whole page, bounded answers, no redirects, retries with growing waits.
Nothing here repeats an address, a secret or an answer's text in a message or a log.

Source: Source side, "HTTP sources"; Operations, "Retries and dead letters".
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import SystemRandom
from typing import Literal, Protocol

import httpx

from shared_code.clock import Clock, SystemClock
from shared_code.errors import SourceError, TransientSourceError
from shared_code.sources.circuit_breaker import CircuitBreaker
from shared_code.sources.exact_json import JsonObject, MalformedJsonError, parse_exact_json

# Both write addresses with their query at every request.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

RETRY_WAITS_S = (1.0, 2.0, 4.0)
JITTER = 0.25
LONGEST_RETRY_AFTER_S = 60.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

Parameters = Sequence[tuple[str, str]]
random_fraction = SystemRandom().random


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON object that a source answered, and the `X-Request-Id` it was asked with, for the run's lineage."""

    body: JsonObject
    request_id: str


class Authorization(Protocol):
    """How a source is logged in to."""

    def header(self, connection: "HttpConnection") -> str:
        """The value of the `Authorization` header for the next request; may itself use `connection`."""
        ...

    def renew(self) -> bool:
        """Forget what the source has just refused; whether a new header may be worth another try."""
        ...


@dataclass(frozen=True, slots=True)
class _Request:
    """What is sent. `target` is how messages call it; `parameters` is the query of a GET, the form of a POST."""

    method: Literal["GET", "POST"]
    url: str
    target: str
    parameters: Parameters
    request_id: str


@dataclass(frozen=True, slots=True)
class _Reply:
    """What came back; `body` is read for status 200 only, and None when it is larger than the limit."""

    status: int
    headers: httpx.Headers
    body: bytes | None


@dataclass(frozen=True, slots=True)
class _PassingFault:
    """Why one try failed although the next may not. `retry_after_s` is the wait that the source asks for."""

    code: str
    sentence: str
    retry_after_s: float = 0.0


class HttpSource:
    """An HTTP source: its name in messages, its time limit for one page (seconds), its waits and its breaker.

    `sleep` takes seconds; `jitter` gives a fraction 0–1 of the largest addition to a wait (25 %). Share `breaker`
    between the objects of one source in a process, so that it counts their failures together.
    """

    def __init__(
        self,
        name: str,
        timeout_s: float,
        *,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random_fraction,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self.name = name
        self.timeout_s = timeout_s
        self.clock = clock or SystemClock()
        self.sleep = sleep
        self.jitter = jitter
        self.breaker = breaker or CircuitBreaker(self.clock)

    @contextmanager
    def connect(self) -> Iterator["HttpConnection"]:
        """A connection kept alive from page to page; for one thread, and not from inside an event loop."""
        connection = HttpConnection(self)
        try:
            yield connection
        finally:
            connection.close()

    def wait_before_retry(self, wait_s: float, retry_after_s: float) -> float:
        """Seconds before the next try: `wait_s` plus jitter, or what the source asks for up to 60 s, if longer."""
        return max(wait_s * (1 + JITTER * self.jitter()), min(retry_after_s, LONGEST_RETRY_AFTER_S))


class HttpConnection:
    """Requests to one source over connections that stay open between them.

    The exchange itself runs in a private event loop: only there can one limit cover connecting, sending and every
    byte of the answer, so that a source that trickles is cut off like one that is silent.
    """

    def __init__(self, source: HttpSource) -> None:
        self._source = source
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._client: httpx.AsyncClient | None = None

    def get(self, url: str, target: str, parameters: Parameters, authorization: Authorization) -> Answer:
        """The JSON object at `url`; `target` is its name in messages.

        At most 3 retries of passing faults after 1, 2 and 4 s, so that one page takes at most 4 time limits and
        3 waits; one renewal after a 401. Raises `TransientSourceError` (`SOURCE_UNAVAILABLE`, `SOURCE_TIMEOUT`) when
        the retries are used up or the breaker is open, and `SourceError` for an answer that no retry will mend
        (`SOURCE_PERMISSION`, `SOURCE_SCHEMA_MISMATCH`, `SOURCE_UNAVAILABLE`).

        Source: Source side, "HTTP sources" and "Run history, lineage, failure".
        """
        request = _Request("GET", url, target, parameters, uuid.uuid4().hex)
        waits = iter(RETRY_WAITS_S)
        reply = self._send(request, authorization.header(self), waits)
        if reply.status == httpx.codes.UNAUTHORIZED and authorization.renew():
            reply = self._send(request, authorization.header(self), waits)
        return self._answer(request, reply)

    def post_form(self, url: str, target: str, form: Parameters) -> Answer:
        """The JSON object that `url` answers to `form`, without a login; retries and errors as for `get`."""
        request = _Request("POST", url, target, form, uuid.uuid4().hex)
        return self._answer(request, self._send(request, None, iter(RETRY_WAITS_S)))

    def close(self) -> None:
        """Close what is open; afterwards the connection cannot be used."""
        try:
            if self._client is not None:
                self._runner.run(self._client.aclose())
        finally:
            self._runner.close()

    def _send(self, request: _Request, authorization: str | None, waits: Iterator[float]) -> _Reply:
        """The first reply that is no passing fault, trying again while `waits` lasts."""
        while True:
            outcome = self._try_once(request, authorization)
            if isinstance(outcome, _Reply):
                return outcome
            wait = next(waits, None)
            if wait is None:
                raise TransientSourceError(
                    f"{self._source.name}: {request.target} {outcome.sentence}", code=outcome.code
                )
            self._source.sleep(self._source.wait_before_retry(wait, outcome.retry_after_s))

    def _try_once(self, request: _Request, authorization: str | None) -> _Reply | _PassingFault:
        """One exchange, reported to the breaker; raises `TransientSourceError` when that is open."""
        breaker = self._source.breaker
        if not breaker.may_call():
            raise TransientSourceError(
                f"{self._source.name} failed several times in a row and is not called for a minute",
                details={"reason": "breaker_open"},
            )
        outcome = self._exchange_or_fault(request, authorization)
        if isinstance(outcome, _Reply):
            breaker.succeeded()
        else:
            breaker.failed()
        return outcome

    def _exchange_or_fault(self, request: _Request, authorization: str | None) -> _Reply | _PassingFault:
        try:
            reply = self._runner.run(self._exchange(request, authorization))
        except (TimeoutError, httpx.TimeoutException):
            return _PassingFault("SOURCE_TIMEOUT", f"did not answer within {self._source.timeout_s:g} s")
        except httpx.TransportError as error:
            return _PassingFault("SOURCE_UNAVAILABLE", f"could not be reached ({type(error).__name__})")
        if reply.status in TRANSIENT_STATUSES:
            code = "SOURCE_TIMEOUT" if reply.status in {408, 504} else "SOURCE_UNAVAILABLE"
            return _PassingFault(code, f"answered with status {reply.status}", self._retry_after(reply.headers))
        return reply

    async def _exchange(self, request: _Request, authorization: str | None) -> _Reply:
        if self._client is None:
            # A proxy named in the environment is for the network, not for this machine's own addresses.
            use_environment = request.url.startswith("https:")
            self._client = httpx.AsyncClient(
                follow_redirects=False, timeout=self._source.timeout_s, trust_env=use_environment
            )
        is_get = request.method == "GET"
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "X-Request-Id": request.request_id}
        if authorization is not None:
            headers["Authorization"] = authorization
        exchange = self._client.stream(
            request.method,
            request.url,
            params=httpx.QueryParams(list(request.parameters)) if is_get else None,
            data=None if is_get else dict(request.parameters),
            headers=headers,
        )
        async with asyncio.timeout(self._source.timeout_s), exchange as response:
            is_success = response.status_code == httpx.codes.OK
            return _Reply(response.status_code, response.headers, await _bounded_body(response) if is_success else b"")

    def _retry_after(self, headers: httpx.Headers) -> float:
        """Seconds that `Retry-After` asks for, given as a number or as a date; 0 without a readable one."""
        text = headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return min(float(text[:12]), LONGEST_RETRY_AFTER_S)
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max((moment - self._source.clock.now()).total_seconds(), 0.0)

    def _answer(self, request: _Request, reply: _Reply) -> Answer:
        """The JSON object of a reply with status 200; raises `SourceError` for any other reply."""
        if reply.status != httpx.codes.OK:
            raise self._refusal(request, reply.status)
        media_type = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in {"application/json", ""}:
            raise self._mismatch(request, "did not answer with the content type application/json")
        if reply.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise self._mismatch(request, "compressed its answer although that was not accepted")
        if reply.body is None:
            raise self._mismatch(request, f"answered with more than {MAX_ANSWER_BYTES} bytes")
        try:
            body = parse_exact_json(reply.body)
        except MalformedJsonError:
            raise self._mismatch(request, "answered with a text that is not JSON") from None
        if not isinstance(body, JsonObject):
            raise self._mismatch(request, "did not answer with a JSON object")
        return Answer(body, request.request_id)

    def _mismatch(self, request: _Request, sentence: str) -> SourceError:
        return SourceError(f"{self._source.name}: {request.target} {sentence}", code="SOURCE_SCHEMA_MISMATCH")

    def _refusal(self, request: _Request, status: int) -> SourceError:
        """The error for a status that is neither success nor worth a retry."""
        code, sentence = "SOURCE_UNAVAILABLE", "which is not expected of it"
        if status == httpx.codes.UNAUTHORIZED or (request.method == "POST" and status == httpx.codes.BAD_REQUEST):
            sentence = "the login was refused"
        elif status == httpx.codes.FORBIDDEN:
            code, sentence = "SOURCE_PERMISSION", "the right to read it is missing"
        elif status in {httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY}:
            code, sentence = "SOURCE_SCHEMA_MISMATCH", "it does not accept the request's parameters"
        elif status == httpx.codes.NOT_FOUND:
            sentence = "it does not exist at the configured address"
        elif 300 <= status < 400:
            sentence = "redirects are not followed"
        return SourceError(
            f"{self._source.name}: {request.target} answered with status {status}: {sentence}", code=code
        )


async def _bounded_body(response: httpx.Response) -> bytes | None:
    """The body as it was sent, or None as soon as it is larger than `MAX_ANSWER_BYTES`."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            return None
    return bytes(body)


def utc_text(moment: datetime) -> str:
    """`moment` in ISO 8601 UTC with whole seconds, never later than it is; raises `ValueError` without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs its zone, got {moment!r}")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
