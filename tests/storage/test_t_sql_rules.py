"""The rules by which statements are judged that SQL Server is going to get: each finds what breaks it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import case, exists, func, insert, literal, select, text, tuple_, update

from shared_code.storage.tables.facts import feed_versions
from shared_code.storage.tables.messages import cache_versions, queue_messages
from tests.support.t_sql_rules import MOST_PARAMETERS, breaches

TAG, VERSION = cache_versions.c.tag, cache_versions.c.version
QUEUE, NUMBER, IS_DEAD = queue_messages.c.destination, queue_messages.c.message_no, queue_messages.c.is_dead_letter
NOW = datetime(2025, 6, 10, 12, tzinfo=UTC)
OF_QUEUE = exists(select(1).select_from(cache_versions).where(TAG == QUEUE))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (select(exists(select(TAG))), "a condition where a value is to stand"),
        (select(TAG == "a"), "a condition where a value is to stand"),
        (select(TAG).where(text("tag")), "a value where a condition is to stand"),
        (select(QUEUE).where(IS_DEAD.is_(True)), "no T-SQL"),
        (select(TAG).order_by(TAG.desc().nulls_last()), "no T-SQL"),
        (select(func.json_extract(TAG, "$")), "not known to be a function"),
        (select(func.length(TAG)), "not known to be a function"),
        (select(TAG).where(tuple_(TAG, VERSION).in_([("a", 1)])), "compares rows"),
        (select(VERSION.concat("a")), "concatenated, but no text"),
        (select(TAG).group_by(TAG, case((TAG == "a", 1), else_=0)), "with a parameter or a subquery"),
        (select(TAG, func.max(VERSION)), "neither grouped by nor aggregated"),
        (select(TAG).group_by(TAG).having(VERSION > 1), "neither grouped by nor aggregated"),
        (select(func.count()).select_from(cache_versions).order_by(TAG), "neither grouped by nor aggregated"),
        (select(func.sum(case((OF_QUEUE, 1), else_=0))), "an aggregate over a subquery"),
        (select(func.max(func.count())), "an aggregate over a subquery or an aggregate"),
        (select(func.sum(IS_DEAD)), "is of a bit"),
        (select(TAG).distinct().order_by(VERSION), "not among the distinct columns"),
        (select(TAG).order_by(TAG, TAG.desc()), "ordered by twice"),
        (select(TAG).order_by(literal(1)), "a constant to order by"),
        (select(func.row_number().over()), "has no order"),
        (select(func.row_number().over(order_by=literal(1))), "ordered by a constant"),
        (insert(queue_messages).values(message_no=1), "given out by the server"),
        (update(cache_versions).values(updated_at=func.coalesce(cache_versions.c.updated_at, NOW)), "is bound as"),
        (select(TAG).where(literal(Decimal(1)) == 1), "is bound as"),
        (select(TAG).where(VERSION.in_(range(MOST_PARAMETERS + 1))), "are the most"),
    ],
)
def test_what_sql_server_refuses_is_found(statement: Any, said: str) -> None:
    assert any(said in breach for breach in breaches(statement)), breaches(statement)


@pytest.mark.parametrize(
    "statement",
    [
        select(QUEUE).where(~IS_DEAD, queue_messages.c.locked_until.is_(None)).order_by(NUMBER).limit(5).offset(5),
        select(QUEUE).where(QUEUE.is_distinct_from("a"), NUMBER.between(1, 2), OF_QUEUE | IS_DEAD),
        select(QUEUE, func.sum(func.count()).over(partition_by=QUEUE)).group_by(QUEUE).order_by(QUEUE.desc()),
        select(case((OF_QUEUE, 1), else_=0), func.row_number().over(order_by=NUMBER)).order_by(NUMBER),
        select(func.count(case((NUMBER.is_not(None), 1))), func.coalesce(func.max(NUMBER), 0)),
        select(TAG).distinct().order_by(TAG.desc()),
        select(TAG).union(select(feed_versions.c.feed)).order_by("tag"),
        insert(queue_messages).from_select(["destination"], select(TAG).where(VERSION != 0)),
    ],
)
def test_what_sql_server_takes_breaks_no_rule(statement: Any) -> None:
    assert breaches(statement) == []
