"""Leases: one holder at a time, until the time to live is over; tokens only grow."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared_code.services.held_lease import HeldLease, LeaseLostError, held
from shared_code.sql.types import new_identifier
from shared_code.storage import leases
from shared_code.storage.leases import Lease
from tests.support.operational import SteppedDatabase

ONE, OTHER = new_identifier(), new_identifier()
TTL_S = 300


def _acquire(database: SteppedDatabase, owner: str, resource: str = "feed:budget") -> Lease | None:
    with database.writing() as connection:
        return leases.acquire(connection, resource, owner, database.clock.now(), TTL_S)


def _renew(database: SteppedDatabase, lease: Lease) -> bool:
    with database.writing() as connection:
        return leases.renew(connection, lease, database.clock.now(), TTL_S)


def _release(database: SteppedDatabase, lease: Lease) -> None:
    with database.writing() as connection:
        leases.release(connection, lease)


def _is_held(database: SteppedDatabase, lease: Lease) -> bool:
    with database.reading() as connection:
        return leases.is_held(connection, lease)


def _wait(database: SteppedDatabase, seconds: float) -> None:
    database.clock.moment += timedelta(seconds=seconds)


def test_who_comes_first_holds_it_and_the_other_does_not(database: SteppedDatabase) -> None:
    assert _acquire(database, ONE) == Lease("feed:budget", ONE, 1)
    assert _acquire(database, OTHER) is None
    assert _acquire(database, ONE) is None, "not even its holder takes it twice"
    assert _acquire(database, OTHER, "feed:ledger") == Lease("feed:ledger", OTHER, 1)


def test_a_released_lease_can_be_taken_at_once_with_a_higher_token(database: SteppedDatabase) -> None:
    first = _acquire(database, ONE)
    assert first is not None
    _release(database, first)

    assert _acquire(database, OTHER) == Lease("feed:budget", OTHER, 2)


def test_a_crashed_holder_blocks_for_one_time_to_live(database: SteppedDatabase) -> None:
    _acquire(database, ONE)
    _wait(database, TTL_S - 0.001)
    assert _acquire(database, OTHER) is None
    _wait(database, 0.001)

    assert _acquire(database, OTHER) == Lease("feed:budget", OTHER, 2)


def test_a_crashed_holder_blocks_no_longer_when_the_clock_is_put_back(database: SteppedDatabase) -> None:
    _acquire(database, ONE)
    _wait(database, -TTL_S)
    assert _acquire(database, OTHER) is None
    _wait(database, -7200)

    assert _acquire(database, OTHER) == Lease("feed:budget", OTHER, 2)


def test_a_holder_goes_on_when_the_clock_is_put_back(database: SteppedDatabase) -> None:
    with held(database, "job:x", TTL_S) as lease:
        _wait(database, -7200)
        _as_held(lease).renew_when_due()
        assert _acquire(database, OTHER, "job:x") is None
        _wait(database, TTL_S - 1)
        assert _acquire(database, OTHER, "job:x") is None


def test_a_renewed_lease_lasts_longer(database: SteppedDatabase) -> None:
    lease = _acquire(database, ONE)
    assert lease is not None
    _wait(database, TTL_S - 1)
    assert _renew(database, lease)
    _wait(database, TTL_S - 1)

    assert _acquire(database, OTHER) is None


def test_an_expired_lease_that_nobody_took_can_still_be_renewed(database: SteppedDatabase) -> None:
    lease = _acquire(database, ONE)
    assert lease is not None
    _wait(database, 10 * TTL_S)

    assert _renew(database, lease)
    assert _acquire(database, OTHER) is None


def test_who_lost_it_can_neither_renew_nor_release_it(database: SteppedDatabase) -> None:
    lost = _acquire(database, ONE)
    assert lost is not None
    _wait(database, TTL_S)
    current = _acquire(database, OTHER)
    assert current is not None

    assert not _renew(database, lost)
    assert not _is_held(database, lost)
    _release(database, lost)

    assert _is_held(database, current)
    assert _acquire(database, ONE) is None


def test_the_same_owner_with_an_older_token_has_lost_it(database: SteppedDatabase) -> None:
    first = _acquire(database, ONE)
    assert first is not None
    _release(database, first)
    assert _acquire(database, ONE) == Lease("feed:budget", ONE, 2)

    assert not _renew(database, first)
    assert not _is_held(database, first)


def test_of_many_that_come_at_once_one_gets_it(database: SteppedDatabase) -> None:
    owners = [new_identifier() for _ in range(8)]
    for round_no in range(1, 4):
        with ThreadPoolExecutor(len(owners)) as pool:
            taken = [lease for lease in pool.map(lambda owner: _acquire(database, owner), owners) if lease]

        assert [lease.fencing_token for lease in taken] == [round_no]
        _release(database, taken[0])


def _as_held(lease: HeldLease | None) -> HeldLease:
    assert lease is not None
    return lease


def test_a_held_lease_is_given_back_when_its_work_ends_or_fails(database: SteppedDatabase) -> None:
    with held(database, "job:x", TTL_S) as lease:
        assert _as_held(lease).fencing_token == 1
        with held(database, "job:x", TTL_S) as second:
            assert second is None
    with pytest.raises(ZeroDivisionError), held(database, "job:x", TTL_S) as lease:
        _as_held(lease).fencing_token // 0

    with held(database, "job:x", TTL_S) as lease:
        assert _as_held(lease).fencing_token == 3


def test_a_held_lease_is_renewed_after_a_third_of_its_time(database: SteppedDatabase) -> None:
    with held(database, "job:x", TTL_S) as lease:
        for _ in range(10):
            _wait(database, TTL_S / 3)
            _as_held(lease).renew_when_due()
        assert _acquire(database, OTHER, "job:x") is None


def test_a_holder_that_was_overtaken_stops(database: SteppedDatabase) -> None:
    with held(database, "job:x", TTL_S) as lease:
        _as_held(lease).renew_when_due()
        _wait(database, TTL_S)
        successor = _acquire(database, OTHER, "job:x")
        assert successor is not None

        with pytest.raises(LeaseLostError, match="job:x was taken over"):
            _as_held(lease).renew_when_due()
        with database.writing() as connection, pytest.raises(LeaseLostError):
            _as_held(lease).confirm(connection)

    assert _is_held(database, successor), "the one that lost it gives nothing back"
