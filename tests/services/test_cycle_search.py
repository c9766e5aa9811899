"""Pausing the search for reference cycles."""

import gc
from collections.abc import Iterator

import pytest

from shared_code.services.cycle_search import no_cycle_search


@pytest.fixture(autouse=True)
def search_is_on() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_the_search_is_paused_inside_the_block_alone() -> None:
    with no_cycle_search():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_ends_the_pause() -> None:
    with pytest.raises(ValueError, match="broken"), no_cycle_search():
        raise ValueError("broken")
    assert gc.isenabled()


def test_overlapping_pauses_end_with_the_last_one_in_whatever_order() -> None:
    first, second = no_cycle_search(), no_cycle_search()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_a_search_that_was_off_stays_off() -> None:
    gc.disable()
    with no_cycle_search():
        pass
    assert not gc.isenabled()
