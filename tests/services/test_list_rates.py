"""Reading the rates of a site."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.list_rates import RatePage, list_rates
from tests.support.rate_world import RateWorld

OWN = SiteScope.of(["TP001"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RateWorld]:
    world = RateWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    for code, default in (("VLT1", None), ("VLT2", "15.5"), ("VLT3", None)):
        world.add_code(code, default)
        world.add_pair("TP001", code)
    world.add_rate("TP001", "VLT1", "16.10", "weighted_average", "2025-05-01", sample_size=12)
    world.add_rate("TP001", "VLT1", "17", "fixed", "2025-06-01", "2025-06-30")
    world.add_rate("TP001", "VLT1", "99", "manual", "2025-06-01", superseded_at=world.clock.now())
    yield world
    world.close()


def _shown(page: RatePage) -> list[tuple[str, str, str | None, str, str]]:
    return [
        (
            view.job_code_id,
            str(view.hourly_rate),
            None if view.effective_date is None else str(view.effective_date),
            view.calculation_method.value,
            view.source,
        )
        for view in page.rates
    ]


def test_every_job_code_with_a_rate_appears_once_with_the_one_in_force(world: RateWorld) -> None:
    page = list_rates(world.runtime, OWN, "tp001")
    assert (page.site_id, page.as_of, page.total) == ("TP001", date(2025, 6, 16), 2)
    assert _shown(page) == [
        ("VLT1", "17.000000", "2025-06-01", "fixed", "user"),
        ("VLT2", "15.500000", None, "default", "default"),
    ]


def test_as_of_decides_what_is_in_force(world: RateWorld) -> None:
    page = list_rates(world.runtime, OWN, "TP001", as_of=date(2025, 7, 1), job_code="vlt1")
    assert _shown(page) == [("VLT1", "16.100000", "2025-05-01", "weighted_average", "warehouse")]
    assert page.rates[0].sample_size == 12
    assert list_rates(world.runtime, OWN, "TP001", as_of=date(2025, 4, 30), job_code="VLT1").total == 0


def test_the_history_lists_every_row_that_holds_the_newest_first(world: RateWorld) -> None:
    page = list_rates(world.runtime, OWN, "TP001", history=True)
    assert _shown(page) == [
        ("VLT1", "17.000000", "2025-06-01", "fixed", "user"),
        ("VLT1", "16.100000", "2025-05-01", "weighted_average", "warehouse"),
    ]
    assert (page.as_of, page.total) == (None, 2)


def test_pages_are_parts_of_one_stable_order_and_a_page_past_the_end_is_empty(world: RateWorld) -> None:
    pages = [list_rates(world.runtime, OWN, "TP001", page=number, limit=1) for number in (1, 2, 3)]
    assert [[view.job_code_id for view in page.rates] for page in pages] == [["VLT1"], ["VLT2"], []]
    assert [page.total for page in pages] == [2, 2, 2]
    assert list_rates(world.runtime, OWN, "TP001", page=10**30, history=True).rates == ()


@pytest.mark.parametrize(("page", "limit", "field"), [(0, 50, "page"), (1, 0, "limit"), (1, 201, "limit")])
def test_a_page_that_cannot_be_is_refused(world: RateWorld, page: int, limit: int, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        list_rates(world.runtime, OWN, "TP001", page=page, limit=limit)
    assert refused.value.field == field


def test_a_site_out_of_reach_is_not_found(world: RateWorld) -> None:
    with pytest.raises(NotFoundError) as refused:
        list_rates(world.runtime, OWN, "TP002")
    assert refused.value.code == "SITE_NOT_FOUND"


def test_rates_of_salaried_codes_are_marked(world: RateWorld) -> None:
    world.add_code("MGR", "50")
    world.add_pair("TP001", "MGR", is_salaried=True, allocated_annual_salary=Decimal(65000))
    page = list_rates(world.runtime, OWN, "TP001")
    assert [(view.job_code_id, view.is_salaried) for view in page.rates] == [
        ("MGR", True),
        ("VLT1", False),
        ("VLT2", False),
    ]
