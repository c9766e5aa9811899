"""A key's way from new to running to done, and what becomes of it when its first attempt dies."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select

from shared_code.errors import ConflictError, RuleViolationError
from shared_code.services.idempotency import ABANDONED_AFTER, KEPT, Answer, carry_out_once
from shared_code.services.runtime import Runtime
from shared_code.storage import idempotency
from shared_code.storage.idempotency import RequestName
from shared_code.storage.tables.idempotency import idempotency_keys
from tests.support.operational import executed_statements, t_sql
from tests.support.pnl_world import PnlWorld

NAME = RequestName("am1@example.com", "POST /notes/{siteId}/{period}", "k1")
ONE, OTHER = b"1" * 32, b"2" * 32
DONE = Answer(201, '{"data":1}')


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def app(world: PnlWorld) -> Runtime:
    return world.runtime


def never() -> Answer:
    pytest.fail("this must not be carried out again")


def refused(app: Runtime, content: bytes = ONE) -> str:
    with pytest.raises(ConflictError) as refusal:
        carry_out_once(app, NAME, content, never)
    assert (refusal.value.status, refusal.value.code) == (409, "CONFLICT")
    reason: str = refusal.value.details["reason"]
    return reason


def begun(app: Runtime) -> None:
    """An attempt that has begun and not ended, as a process leaves it that dies."""
    now = app.clock.now()
    with app.database.writing() as connection:
        idempotency.enter(connection, NAME, ONE, now, now + KEPT)


def test_a_repetition_gets_the_first_answer(app: Runtime) -> None:
    assert carry_out_once(app, NAME, ONE, lambda: DONE) == DONE
    assert carry_out_once(app, NAME, ONE, never) == Answer(201, '{"data":1}', is_replayed=True)


def test_a_key_is_bound_to_its_content(app: Runtime) -> None:
    carry_out_once(app, NAME, ONE, lambda: DONE)
    assert refused(app, OTHER) == "idempotency_key_reused"


@pytest.mark.parametrize(
    "name",
    [
        RequestName("am2@example.com", NAME.route, NAME.key),
        RequestName(NAME.principal, "POST /snapshots", NAME.key),
        RequestName(NAME.principal, NAME.route, "k2"),
    ],
)
def test_a_key_belongs_to_one_principal_and_route(name: RequestName, app: Runtime) -> None:
    carry_out_once(app, NAME, ONE, lambda: DONE)
    assert carry_out_once(app, name, OTHER, lambda: Answer(200, "{}")) == Answer(200, "{}")


def test_a_key_is_new_again_after_a_day(app: Runtime, world: PnlWorld) -> None:
    carry_out_once(app, NAME, ONE, lambda: DONE)
    world.clock.moment += KEPT - timedelta(milliseconds=1)
    assert carry_out_once(app, NAME, ONE, never).is_replayed
    world.clock.moment += timedelta(milliseconds=1)
    assert carry_out_once(app, NAME, OTHER, lambda: DONE) == DONE


def test_an_attempt_that_is_refused_leaves_the_key_new(app: Runtime) -> None:
    def refuse() -> Answer:
        raise RuleViolationError("no")

    for _ in range(2):
        with pytest.raises(RuleViolationError):
            carry_out_once(app, NAME, ONE, refuse)
    assert carry_out_once(app, NAME, OTHER, lambda: Answer(404, "{}")) == Answer(404, "{}")
    assert carry_out_once(app, NAME, ONE, lambda: DONE) == DONE


def test_while_the_first_attempt_runs_the_key_is_in_use(app: Runtime, world: PnlWorld) -> None:
    begun(app)
    assert (refused(app), refused(app, OTHER)) == ("idempotency_key_in_use", "idempotency_key_reused")
    world.clock.moment += ABANDONED_AFTER - timedelta(milliseconds=1)
    assert refused(app) == "idempotency_key_in_use"


def test_a_crash_blocks_a_key_for_ten_minutes_only(app: Runtime, world: PnlWorld) -> None:
    begun(app)
    world.clock.moment += ABANDONED_AFTER
    assert refused(app, OTHER) == "idempotency_key_reused"
    assert carry_out_once(app, NAME, ONE, lambda: DONE) == DONE
    assert carry_out_once(app, NAME, ONE, never).is_replayed


def test_an_attempt_that_was_taken_over_keeps_no_answer(app: Runtime, world: PnlWorld) -> None:
    def outlived() -> Answer:
        world.clock.moment += ABANDONED_AFTER
        assert carry_out_once(app, NAME, ONE, lambda: DONE) == DONE
        return Answer(201, '{"data":"late"}')

    carry_out_once(app, NAME, ONE, outlived)
    assert carry_out_once(app, NAME, ONE, never).body == DONE.body


def test_of_two_attempts_at_once_one_is_carried_out(app: Runtime) -> None:
    has_begun, may_end = Event(), Event()

    def slow() -> Answer:
        has_begun.set()
        assert may_end.wait(30)
        return DONE

    with ThreadPoolExecutor(1) as other:
        first = other.submit(carry_out_once, app, NAME, ONE, slow)
        assert has_begun.wait(30)
        assert refused(app) == "idempotency_key_in_use"
        may_end.set()
        assert first.result(30) == DONE
    assert carry_out_once(app, NAME, ONE, never).is_replayed


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(app: Runtime) -> None:
    def lose_the_table() -> Answer:
        with app.database.writing() as connection:
            idempotency_keys.drop(connection)
        return DONE

    assert carry_out_once(app, NAME, ONE, lose_the_table) == DONE


def test_on_sql_server_two_attempts_do_not_both_find_that_there_is_none(app: Runtime) -> None:
    with executed_statements(app.database) as seen:
        carry_out_once(app, NAME, ONE, lambda: DONE)
    assert "WITH (UPDLOCK, HOLDLOCK)" in t_sql(seen[0])
    with app.database.reading() as connection:
        assert connection.execute(select(idempotency_keys.c.status_code)).scalar_one() == 201
