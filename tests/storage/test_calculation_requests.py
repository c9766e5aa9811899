"""Requests for the P&L of site-years, as the database keeps them."""

from datetime import timedelta

from sqlalchemy import select

from shared_code.storage.calculation_requests import Wish, begin, enter, fail_abandoned
from shared_code.storage.tables.results import calculation_requests
from tests.support.operational import NOON, SteppedDatabase
from tests.support.t_sql_rules import judged_statements

HOUR = timedelta(hours=1)


def test_a_request_that_was_begun_today_is_not_abandoned_before_its_time(database: SteppedDatabase) -> None:
    with judged_statements(database) as breaches, database.writing() as connection:
        enter(connection, [Wish("TP001", 2025, "2025-01", "RefreshRequested", 1)], NOON)
        begin(connection, "TP001", [2025], NOON + HOUR)
        begin(connection, "TP001", [2025], NOON + 2 * HOUR)

        assert fail_abandoned(connection, NOON, NOON + 3 * HOUR) == 0
        assert connection.scalar(select(calculation_requests.c.started_at)) == NOON + HOUR
        assert fail_abandoned(connection, NOON + HOUR, NOON + 3 * HOUR) == 1
    assert breaches == {}
