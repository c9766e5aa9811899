"""A read is complete when its pages fit together; otherwise it starts again once."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from shared_code.errors import SourceError, TransientSourceError
from shared_code.sources.exact_json import JsonObject, JsonValue, parse_exact_json
from shared_code.sources.http_client import Answer
from shared_code.sources.paging import Page, read_pages
from shared_code.sources.row_fields import Reject, RejectReason


def _fetch_in_order(*bodies: str) -> Callable[[int], Answer]:
    """Gives the pages one after the other, whatever number is asked for."""
    waiting = iter(bodies)

    def fetch(number: int) -> Answer:
        body = parse_exact_json(next(waiting).encode())
        assert isinstance(body, JsonObject)
        return Answer(body, f"request-{number}")

    return fetch


def _number(row: JsonValue) -> Decimal | Reject | None:
    """Numbers are records, texts are rejects, everything else is ignored."""
    if isinstance(row, Decimal):
        return row
    return Reject(RejectReason.BAD_TYPE, None, {}) if isinstance(row, str) else None


def _read(*bodies: str) -> list[Page[Decimal]]:
    return list(read_pages("Budget API", _fetch_in_order(*bodies), _number))


def _body(rows: str, page: int, total: int, has_more: str) -> str:
    return f'{{"data": [{rows}], "meta": {{"page": {page}, "limit": 2, "total": {total}, "hasMore": {has_more}}}}}'


def test_reading_starts_at_page_1_and_ends_when_no_more_pages_follow() -> None:
    pages = _read(_body("1, 2", 1, 5, "true"), _body("3, 4", 2, 5, "true"), _body("5", 3, 5, "false"))

    assert [page.number for page in pages] == [1, 2, 3]
    assert [page.is_last for page in pages] == [False, False, True]
    assert [record for page in pages for record in page.records] == [1, 2, 3, 4, 5]
    assert {page.attempt for page in pages} == {1}
    assert [page.request_id for page in pages] == ["request-1", "request-2", "request-3"]


def test_a_source_without_rows_is_one_empty_page() -> None:
    (page,) = _read(_body("", 1, 0, "false"))

    assert page.is_last
    assert page.rows_read == 0


def test_rows_that_are_rejected_or_ignored_count_as_read() -> None:
    (page,) = _read(_body('1, "two", null', 1, 3, "false"))

    assert (len(page.records), len(page.rejects), page.ignored, page.rows_read) == (1, 1, 1, 3)


def test_a_page_is_fetched_only_when_the_consumer_asks_for_it() -> None:
    fetched: list[int] = []
    fetch = _fetch_in_order(_body("1", 1, 2, "true"), _body("2", 2, 2, "false"))

    def counting(number: int) -> Answer:
        fetched.append(number)
        return fetch(number)

    pages = read_pages("Budget API", counting, _number)
    next(pages)

    assert fetched == [1]


def test_a_total_that_changes_starts_the_read_again_at_page_1() -> None:
    pages = _read(
        _body("1", 1, 2, "true"),
        _body("2", 2, 3, "true"),
        _body("1", 1, 3, "true"),
        _body("2, 3", 2, 3, "false"),
    )

    assert [(page.number, page.attempt) for page in pages] == [(1, 1), (1, 2), (2, 2)]


def test_a_consumer_that_discards_at_page_1_ends_with_the_rows_of_the_complete_read() -> None:
    staged: list[Decimal] = []
    pages = [
        _body("10", 1, 3, "true"),
        _body("20", 2, 3, "true"),
        _body("30", 3, 2, "false"),
        _body("1", 1, 2, "true"),
        _body("2", 2, 2, "false"),
    ]
    for page in read_pages("Budget API", _fetch_in_order(*pages), _number):
        if page.number == 1:
            staged.clear()
        staged.extend(page.records)

    assert staged == [1, 2]


@pytest.mark.parametrize(
    ("pages", "finding"),
    [
        ([_body("1", 1, 2, "true"), _body("2", 2, 3, "false")], "meta.total changed from 2 to 3 on page 2"),
        ([_body("1", 1, 2, "false")], "1 rows up to page 1, but meta.total is 2"),
        ([_body("1, 2, 3", 1, 2, "true")], "3 rows up to page 1, but meta.total is 2"),
        ([_body("1", 1, 3, "true"), _body("", 2, 3, "true")], "page 2 has no row although more pages follow"),
        ([_body("1", 1, 2, "true"), _body("1", 1, 2, "false")], "page 1 came instead of page 2"),
    ],
)
def test_a_read_that_is_inconsistent_twice_is_incomplete(pages: list[str], finding: str) -> None:
    with pytest.raises(SourceError) as caught:
        _read(*pages, *pages)

    assert caught.value.code == "INCOMPLETE_READ"
    assert finding in caught.value.message
    assert not isinstance(caught.value, TransientSourceError)


def test_a_source_that_repeats_a_page_for_ever_is_cut_off() -> None:
    endless = [_body("1, 2", number, 5, "true") for number in (1, 2, 3)]

    with pytest.raises(SourceError) as caught:
        _read(*endless, *endless)

    assert caught.value.code == "INCOMPLETE_READ"


def test_a_source_that_does_not_number_its_pages_is_read_by_its_counts() -> None:
    pages = _read(
        '{"data": [1], "meta": {"total": 2, "hasMore": true}}', '{"data": [2], "meta": {"total": 2, "hasMore": false}}'
    )

    assert [record for page in pages for record in page.records] == [1, 2]


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"data": [], "meta": []}',
        '{"data": {}, "meta": {"total": 0, "hasMore": false}}',
        '{"data": [], "meta": {"hasMore": false}}',
        '{"data": [], "meta": {"total": "0", "hasMore": false}}',
        '{"data": [], "meta": {"total": -1, "hasMore": false}}',
        '{"data": [], "meta": {"total": 0.5, "hasMore": false}}',
        '{"data": [], "meta": {"total": 1e999999, "hasMore": false}}',
        '{"data": [], "meta": {"total": 1e99999999999999999999, "hasMore": false}}',
        '{"data": [], "meta": {"total": true, "hasMore": false}}',
        '{"data": [], "meta": {"total": 0, "hasMore": "false"}}',
        '{"data": [], "meta": {"total": 0}}',
        '{"data": [1], "data": [], "meta": {"total": 0, "hasMore": false}}',
        '{"data": [], "meta": {"total": 1, "total": 0, "hasMore": false}}',
    ],
)
def test_a_page_without_clear_rows_and_counts_is_a_schema_mismatch(body: str) -> None:
    with pytest.raises(SourceError) as caught:
        _read(body)

    assert caught.value.code == "SOURCE_SCHEMA_MISMATCH"
