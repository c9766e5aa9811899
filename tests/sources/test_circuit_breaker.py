"""A source that keeps failing is left alone for a minute, then tried once."""

from datetime import UTC, datetime, timedelta

from shared_code.clock import FixedClock
from shared_code.sources.circuit_breaker import CircuitBreaker

NOON = datetime(2025, 6, 10, 12, tzinfo=UTC)


def _after_failures(clock: FixedClock, count: int) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    for _ in range(count):
        breaker.failed()
    return breaker


def test_four_failures_in_a_row_leave_it_closed() -> None:
    assert _after_failures(FixedClock(NOON), 4).may_call()


def test_the_fifth_failure_in_a_row_opens_it() -> None:
    assert not _after_failures(FixedClock(NOON), 5).may_call()


def test_a_success_between_failures_starts_the_count_again() -> None:
    breaker = _after_failures(FixedClock(NOON), 4)
    breaker.succeeded()
    breaker.failed()

    assert breaker.may_call()


def test_after_sixty_seconds_one_trial_call_is_let_through() -> None:
    clock = FixedClock(NOON)
    breaker = _after_failures(clock, 5)

    clock.moment = NOON + timedelta(seconds=59)
    assert not breaker.may_call()
    clock.moment = NOON + timedelta(seconds=60)
    assert breaker.may_call()
    assert not breaker.may_call()


def test_a_good_trial_closes_it() -> None:
    clock = FixedClock(NOON)
    breaker = _after_failures(clock, 5)
    clock.moment = NOON + timedelta(seconds=60)
    assert breaker.may_call()

    breaker.succeeded()

    assert breaker.may_call()
    assert breaker.may_call()


def test_a_failed_trial_opens_it_for_another_sixty_seconds() -> None:
    clock = FixedClock(NOON)
    breaker = _after_failures(clock, 5)
    clock.moment = NOON + timedelta(seconds=90)
    assert breaker.may_call()

    breaker.failed()

    clock.moment = NOON + timedelta(seconds=149)
    assert not breaker.may_call()
    clock.moment = NOON + timedelta(seconds=150)
    assert breaker.may_call()


def test_a_trial_that_never_reports_does_not_block_the_source_for_ever() -> None:
    clock = FixedClock(NOON)
    breaker = _after_failures(clock, 5)
    clock.moment = NOON + timedelta(seconds=60)
    assert breaker.may_call()

    clock.moment = NOON + timedelta(seconds=120)

    assert breaker.may_call()


def test_a_clock_that_is_put_back_does_not_prolong_the_open_time() -> None:
    clock = FixedClock(NOON)
    breaker = _after_failures(clock, 5)
    clock.moment = NOON - timedelta(hours=2)
    assert breaker.may_call()
    assert not breaker.may_call()
    clock.moment += timedelta(seconds=60)
    assert breaker.may_call()
