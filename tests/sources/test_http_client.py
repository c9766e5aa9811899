"""The rules that all HTTP sources share, against a real server."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from shared_code.clock import FixedClock
from shared_code.errors import SourceError, TransientSourceError
from shared_code.sources import http_client
from shared_code.sources.http_client import Answer, HttpConnection, HttpSource, utc_text
from tests.sources.scripted_server import Behaviour, Reply, ScriptedServer, scripted_server, unused_address

NOON = datetime(2025, 6, 10, 12, tzinfo=UTC)
PATH = "/rows"
GOOD = Reply({"data": []})


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@dataclass
class Login:
    """Gives `token-1`, after a renewal `token-2`, and so on."""

    may_renew: bool = True
    renewals: int = 0

    def header(self, connection: HttpConnection) -> str:
        return f"Bearer token-{self.renewals + 1}"

    def renew(self) -> bool:
        self.renewals += 1
        return self.may_renew


@dataclass
class Waits:
    """Instead of sleeping, notes for how long; `jitter` is what the random part comes out as."""

    jitter: float = 0.0
    seconds: list[float] = field(default_factory=list)

    def source(self, clock: FixedClock | None = None, timeout_s: float = 5) -> HttpSource:
        return HttpSource(
            "Budget API",
            timeout_s,
            clock=clock or FixedClock(NOON),
            sleep=self.seconds.append,
            jitter=lambda: self.jitter,
        )


def _get(server: ScriptedServer | str, source: HttpSource, login: Login | None = None) -> Answer:
    address = server if isinstance(server, str) else server.address
    with source.connect() as connection:
        return connection.get(address + PATH, PATH, [("year", "2025")], login or Login())


def test_a_request_asks_for_json_and_carries_the_id_that_the_answer_names(server: ScriptedServer) -> None:
    server.answer(PATH, GOOD)

    answer = _get(server, Waits().source())

    (request,) = server.received
    assert request.method == "GET"
    assert request.query == {"year": ["2025"]}
    assert request.headers["accept"] == "application/json"
    assert request.headers["authorization"] == "Bearer token-1"
    assert request.headers["x-request-id"] == answer.request_id
    assert answer.body == {"data": []}


def test_every_page_has_a_request_id_of_its_own_and_a_retry_keeps_it(server: ScriptedServer) -> None:
    server.answer(PATH, Reply(status=503), GOOD, GOOD)
    source = Waits().source()

    first, second = _get(server, source), _get(server, source)

    ids = [request.headers["x-request-id"] for request in server.received]
    assert ids == [first.request_id, first.request_id, second.request_id]
    assert first.request_id != second.request_id


def test_pages_share_one_connection(server: ScriptedServer) -> None:
    server.answer(PATH, GOOD, GOOD, GOOD)

    with Waits().source().connect() as connection:
        for _ in range(3):
            connection.get(server.address + PATH, PATH, [], Login())

    assert len({request.connection for request in server.received}) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_status_is_tried_again_after_1_2_and_4_seconds(server: ScriptedServer, status: int) -> None:
    server.answer(PATH, Reply(status=status), Reply(status=status), Reply(status=status), GOOD)
    waits = Waits()

    answer = _get(server, waits.source())

    assert answer.body == {"data": []}
    assert waits.seconds == [1, 2, 4]


def test_jitter_adds_up_to_a_quarter_to_each_wait(server: ScriptedServer) -> None:
    server.answer(PATH, Reply(status=503), Reply(status=503), Reply(status=503), GOOD)
    waits = Waits(jitter=1.0)

    _get(server, waits.source())

    assert waits.seconds == [1.25, 2.5, 5]


@pytest.mark.parametrize(
    ("status", "code"), [(503, "SOURCE_UNAVAILABLE"), (429, "SOURCE_UNAVAILABLE"), (504, "SOURCE_TIMEOUT")]
)
def test_after_the_third_retry_the_source_is_given_up_for_now(server: ScriptedServer, status: int, code: str) -> None:
    server.answer(PATH, *[Reply(status=status)] * 5)

    with pytest.raises(TransientSourceError, match=f"answered with status {status}") as caught:
        _get(server, Waits().source())

    assert caught.value.code == code
    assert len(server.received) == 4


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "SOURCE_SCHEMA_MISMATCH"),
        (403, "SOURCE_PERMISSION"),
        (404, "SOURCE_UNAVAILABLE"),
        (422, "SOURCE_SCHEMA_MISMATCH"),
        (501, "SOURCE_UNAVAILABLE"),
        (202, "SOURCE_UNAVAILABLE"),
    ],
)
def test_a_lasting_status_is_not_tried_again(server: ScriptedServer, status: int, code: str) -> None:
    server.answer(PATH, Reply(status=status), GOOD)

    with pytest.raises(SourceError) as caught:
        _get(server, Waits().source())

    assert caught.value.code == code
    assert not isinstance(caught.value, TransientSourceError)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ("30", 30),
        ("60", 60),
        ("3600", 60),
        ("9" * 5000, 60),
        ("0", 1),
        ("Tue, 10 Jun 2025 12:00:20 GMT", 20),
        ("Tue, 10 Jun 2025 13:00:00 GMT", 60),
        ("Tue, 10 Jun 2025 11:00:00 GMT", 1),
        ("Tue, 10 Jun 2025 12:00:20 -0000", 20),
        ("soon", 1),
        ("-5", 1),
        ("1e9", 1),
        ("Tue, 99 Jun 2025 12:00:20 GMT", 1),
    ],
)
def test_the_wait_that_the_source_asks_for_counts_up_to_60_seconds(
    server: ScriptedServer, retry_after: str, wait: float
) -> None:
    server.answer(PATH, Reply(status=429, headers={"Retry-After": retry_after}), GOOD)
    waits = Waits()

    _get(server, waits.source())

    assert waits.seconds == [wait]


def test_a_source_that_nobody_listens_for_is_unavailable_after_3_retries() -> None:
    waits = Waits()

    with pytest.raises(TransientSourceError, match="could not be reached") as caught:
        _get(unused_address(), waits.source())

    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert waits.seconds == [1, 2, 4]


@pytest.mark.parametrize("behaviour", ["cut_half_way", "half_close"])
def test_a_connection_that_breaks_is_tried_again(server: ScriptedServer, behaviour: Behaviour) -> None:
    server.answer(PATH, Reply({"data": ["a row"]}, behaviour=behaviour), Reply({"data": ["a row"]}))

    assert _get(server, Waits().source()).body == {"data": ["a row"]}


def test_a_connection_that_breaks_every_time_is_unavailable(server: ScriptedServer) -> None:
    server.answer(PATH, *[Reply({"data": ["a row"]}, behaviour="cut_half_way")] * 4)

    with pytest.raises(TransientSourceError) as caught:
        _get(server, Waits().source())

    assert caught.value.code == "SOURCE_UNAVAILABLE"


@pytest.mark.parametrize("behaviour", ["silent", "half_then_silent", "trickle_headers", "trickle_body"])
def test_a_slow_source_is_cut_off_at_the_time_limit_of_a_page(server: ScriptedServer, behaviour: Behaviour) -> None:
    server.answer(PATH, *[Reply({"data": ["x" * 1000]}, behaviour=behaviour)] * 4)

    with pytest.raises(TransientSourceError, match=r"did not answer within 0\.2 s") as caught:
        _get(server, Waits().source(timeout_s=0.2))

    assert caught.value.code == "SOURCE_TIMEOUT"
    assert len(server.received) == 4


def test_a_page_after_a_timeout_is_read_on_a_new_connection(server: ScriptedServer) -> None:
    server.answer(PATH, Reply(behaviour="silent"), GOOD)

    assert _get(server, Waits().source(timeout_s=0.5)).body == {"data": []}
    assert len({request.connection for request in server.received}) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: ScriptedServer, status: int) -> None:
    server.answer(PATH, Reply(status=status, headers={"Location": f"{server.address}/elsewhere"}))
    server.answer("/elsewhere", GOOD)

    with pytest.raises(SourceError, match="redirects are not followed") as caught:
        _get(server, Waits().source())

    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert [request.path for request in server.received] == [PATH]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b'{"data": []', headers={}),
        Reply(b"<html>maintenance</html>", headers={}),
        Reply(b"<html>maintenance</html>", headers={"Content-Type": "text/html"}),
        Reply({"data": []}, headers={"Content-Type": "text/plain"}),
        Reply(b""),
        Reply([1, 2]),
        Reply(b'{"data": [NaN]}'),
        Reply(b'{"data": "\xff"}'),
        Reply(b"[" * 100_000),
        Reply({"data": []}, headers={"Content-Encoding": "gzip"}),
    ],
)
def test_an_answer_of_another_kind_is_a_schema_mismatch_and_not_tried_again(
    server: ScriptedServer, reply: Reply
) -> None:
    server.answer(PATH, reply, GOOD)

    with pytest.raises(SourceError) as caught:
        _get(server, Waits().source())

    assert caught.value.code == "SOURCE_SCHEMA_MISMATCH"
    assert len(server.received) == 1


@pytest.mark.parametrize("content_type", ["Application/JSON; charset=utf-8", ""])
def test_the_content_type_may_carry_a_character_set_or_be_left_open(server: ScriptedServer, content_type: str) -> None:
    server.answer(PATH, Reply({"data": []}, headers={"Content-Type": content_type}))

    assert _get(server, Waits().source()).body == {"data": []}


def test_an_answer_larger_than_the_limit_is_refused(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "MAX_ANSWER_BYTES", 1000)
    at_limit = b'{"data": "' + b"x" * 988 + b'"}'
    server.answer(PATH, Reply(at_limit), Reply(at_limit[:-2] + b'x"}'))

    assert len(at_limit) == 1000
    _get(server, Waits().source())
    with pytest.raises(SourceError, match="more than 1000 bytes") as caught:
        _get(server, Waits().source())
    assert caught.value.code == "SOURCE_SCHEMA_MISMATCH"


def test_a_refused_login_is_renewed_once(server: ScriptedServer) -> None:
    server.answer(PATH, Reply(status=401), GOOD)

    _get(server, Waits().source())

    assert [request.headers["authorization"] for request in server.received] == ["Bearer token-1", "Bearer token-2"]


def test_a_login_that_is_refused_again_after_its_renewal_has_failed(server: ScriptedServer) -> None:
    server.answer(PATH, Reply(status=401), Reply(status=401), GOOD)

    with pytest.raises(SourceError, match="the login was refused") as caught:
        _get(server, Waits().source())

    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert not isinstance(caught.value, TransientSourceError)
    assert len(server.received) == 2


def test_a_login_that_cannot_be_renewed_is_not_tried_again(server: ScriptedServer) -> None:
    server.answer(PATH, Reply(status=401), GOOD)

    with pytest.raises(SourceError, match="the login was refused"):
        _get(server, Waits().source(), Login(may_renew=False))

    assert len(server.received) == 1


def test_a_renewed_login_does_not_bring_new_retries(server: ScriptedServer) -> None:
    server.answer(PATH, *[Reply(status=503)] * 2, Reply(status=401), *[Reply(status=503)] * 5)
    waits = Waits()

    with pytest.raises(TransientSourceError):
        _get(server, waits.source())

    assert waits.seconds == [1, 2, 4]


def test_five_failures_in_a_row_stop_calls_until_a_minute_has_passed(server: ScriptedServer) -> None:
    server.answer(PATH, *[Reply(status=503)] * 5, GOOD)
    clock = FixedClock(NOON)
    source = Waits().source(clock)

    with pytest.raises(TransientSourceError, match="status 503"):
        _get(server, source)
    for _ in range(2):
        with pytest.raises(TransientSourceError, match="is not called for a minute") as caught:
            _get(server, source)
    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert caught.value.details == {"reason": "breaker_open"}
    assert len(server.received) == 5

    clock.moment = NOON + timedelta(seconds=60)
    assert _get(server, source).body == {"data": []}


def test_neither_messages_nor_logs_show_address_login_or_answer(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    refusals: list[Callable[[], Reply]] = [
        lambda: Reply(b"secret-answer", status=403),
        lambda: Reply(b"secret-answer"),
        lambda: Reply(b"secret-answer", status=302, headers={"Location": "https://secret-host/"}),
        lambda: Reply(b"secret-answer", status=401),
    ]
    texts: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for refusal in refusals:
            server.answer(PATH, refusal())
            with pytest.raises(SourceError) as caught:
                _get(server, Waits().source(), Login(may_renew=False))
            texts.append(f"{caught.value} {caught.value.details} {caught.value.__cause__!r}")
        with pytest.raises(TransientSourceError) as unreachable:
            _get(unused_address(), Waits().source())
        texts.append(f"{unreachable.value} {unreachable.value.details} {unreachable.value.__cause__!r}")

    shown = " ".join([*texts, caplog.text])
    assert "Budget API: /rows" in shown
    for hidden in ("secret", "token-1", "127.0.0.1", str(server.server_port)):
        assert hidden not in shown


def test_a_moment_is_sent_in_utc_with_whole_seconds_and_never_later_than_it_is() -> None:
    eastern = datetime.fromisoformat("2025-04-02T01:10:00.999999-04:00")

    assert utc_text(eastern) == "2025-04-02T05:10:00Z"


def test_a_moment_without_a_zone_is_not_sent() -> None:
    with pytest.raises(ValueError, match="needs its zone"):
        utc_text(datetime(2025, 4, 2, 5, 10))  # noqa: DTZ001 - the missing zone is the case
