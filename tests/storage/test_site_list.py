"""Lists of sites, job groups and job codes as SQL Server is asked for them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.storage import job_code_list, job_groups, site_list
from shared_code.storage.job_code_list import JobCodeFilter
from shared_code.storage.site_list import SiteChoice
from tests.support.operational import SteppedDatabase, executed_statements, operational_database, t_sql

EVERYTHING = SiteChoice("tp", ["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"], is_active=False)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SteppedDatabase]:
    with operational_database(tmp_path) as database:
        yield database


def test_every_filter_of_a_list_of_sites_is_one_parameter(database: SteppedDatabase) -> None:
    with executed_statements(database) as seen, database.reading() as connection:
        scope, day = SiteScope.of(["TP001", "TP002"]), date(2025, 7, 1)
        site_list.count_sites(connection, scope, EVERYTHING, day)
        site_list.site_page(connection, scope, EVERYTHING, day, offset=50, limit=50)
    count, page = (t_sql(statement) for statement in seen)
    assert "is_active = 0" in page
    assert " IS 0" not in count + page
    assert count.count("OPENJSON") == 11


def test_filters_are_values_and_never_part_of_a_statement(database: SteppedDatabase) -> None:
    hostile = "x' OR 1=1 --"
    with executed_statements(database) as seen, database.reading() as connection:
        choice = SiteChoice(hostile, [hostile], contract_types=[hostile])
        assert site_list.count_sites(connection, SiteScope.all_sites(), choice, date(2025, 7, 1)) == 0
        assert job_code_list.count_codes(connection, JobCodeFilter.NEW, hostile) == 0
    assert not any(hostile in t_sql(statement) for statement in seen)


def test_lists_of_job_codes_and_groups_are_plain_t_sql(database: SteppedDatabase) -> None:
    with executed_statements(database) as seen, database.reading() as connection:
        job_code_list.code_page(connection, JobCodeFilter.INACTIVE, "a", offset=0, limit=50)
        job_groups.groups_of_sites(connection, SiteScope.all_sites(), ["TP001"])
        job_groups.sites_using(connection, ["VLT1"])
    texts = [t_sql(statement) for statement in seen]
    assert "is_active = 0" in texts[0]
    assert not any("LIMIT" in text or " IS 1" in text for text in texts)
