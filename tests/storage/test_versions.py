"""Versions: counted once a change, for exactly what was changed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_code.domain.site_scope import SiteScope
from shared_code.storage import versions
from shared_code.storage.versions import SiteYear
from tests.support.operational import NOON, SteppedDatabase, executed_statements, operational_database

site_years = st.sets(st.tuples(st.sampled_from(["0001", "0002", "TP01"]), st.sampled_from([2024, 2025, 2026])))


def _raise(database: SteppedDatabase, wanted: set[SiteYear]) -> dict[SiteYear, int]:
    with database.writing() as connection:
        return versions.raise_inputs_versions(connection, wanted, NOON)


def _current(database: SteppedDatabase, scope: SiteScope, wanted: set[SiteYear]) -> dict[SiteYear, int]:
    with database.reading() as connection:
        return versions.inputs_versions(connection, scope, wanted)


@pytest.fixture(scope="module")
def shared_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteppedDatabase]:
    with operational_database(tmp_path_factory.mktemp("versions")) as database:
        yield database


@given(st.lists(site_years, max_size=6))
@settings(deadline=None)
def test_a_version_is_the_number_of_changes(shared_database: SteppedDatabase, changes: list[set[SiteYear]]) -> None:
    counted: dict[SiteYear, int] = {}
    with shared_database.engine.connect() as connection:
        for change in changes:
            raised = versions.raise_inputs_versions(connection, change, NOON)
            counted |= {site_year: counted.get(site_year, 0) + 1 for site_year in change}
            assert raised == {site_year: counted[site_year] for site_year in change}
        assert versions.inputs_versions(connection, SiteScope.all_sites(), counted) == counted
        connection.rollback()


def test_what_was_never_changed_has_version_0(database: SteppedDatabase) -> None:
    assert _current(database, SiteScope.all_sites(), {("0001", 2025)}) == {("0001", 2025): 0}
    assert _raise(database, set()) == {}


def test_versions_of_sites_outside_the_scope_are_not_told(database: SteppedDatabase) -> None:
    wanted = {("0001", 2025), ("0002", 2025)}
    _raise(database, wanted)

    assert _current(database, SiteScope.of(["0002"]), wanted) == {("0002", 2025): 1}
    assert _current(database, SiteScope.of([]), wanted) == {}


def test_a_change_that_is_taken_back_counts_nothing(database: SteppedDatabase) -> None:
    with database.engine.connect() as connection:
        versions.raise_inputs_versions(connection, {("0001", 2025)}, NOON)
        connection.rollback()

    assert _current(database, SiteScope.all_sites(), {("0001", 2025)}) == {("0001", 2025): 0}


def test_changes_of_several_writers_are_all_counted(database: SteppedDatabase) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: _raise(database, {("0001", 2025), ("0002", 2025)}), range(20)))

    assert set(_current(database, SiteScope.all_sites(), {("0001", 2025), ("0002", 2025)}).values()) == {20}


def test_ten_thousand_site_years_take_as_many_statements_as_one(database: SteppedDatabase) -> None:
    counts = []
    for sites in (1, 10_000):
        _raise(database, {(f"S{number}", 2025) for number in range(sites)})
        with executed_statements(database) as statements:
            _raise(database, {(f"S{number}", 2025) for number in range(sites)})
        counts.append(len(statements))

    assert counts[0] == counts[1]
