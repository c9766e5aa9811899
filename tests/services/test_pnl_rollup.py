"""The P&L of districts, regions, the company and portfolios: sums of the cells of their sites."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_code.domain.pnl_rows import CELL_ROWS, PnlRow
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.periods import parse_period
from shared_code.services.pnl_rollup import OrganizationPnl, PartsPage, organization_pnl
from shared_code.services.pnl_table import PnlLine, line_code
from shared_code.services.pnl_view import site_pnl
from shared_code.services.rollup_members import RollupFilters
from shared_code.storage.tables.facts import actual_account_months, budget_account_months
from shared_code.storage.tables.results import pnl_results, pnl_site_years
from tests.support.pnl_world import PnlWorld

EVERYTHING = SiteScope.all_sites()
CLOSED = ("2025-01", "2025-02", "2025-03", "2025-04", "2025-05", "2025-06")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    """Two districts in the east and one in the west; TP003 moved from ALPHA to BETA with April."""
    world = PnlWorld(tmp_path)
    world.add_sites("TP001", "TP002", pl_category="HOTEL", contract_type_text="Fixed Fee")
    world.add_sites("TP003", pl_category="HOSPITAL", business_segment="CARE")
    world.add_sites("TP004", cog_segment="AIR")
    world.add_districts(ALPHA="EAST", BETA="EAST", GAMMA="WEST")
    world.belongs("TP001", "ALPHA", "EAST")
    world.belongs("TP002", "BETA", "EAST")
    world.belongs("TP003", "ALPHA", "EAST", last="2025-03")
    world.belongs("TP003", "BETA", "EAST", first="2025-04")
    world.belongs("TP004", "GAMMA", "WEST")
    for site_id, payroll in (("TP001", "1000"), ("TP002", "2000"), ("TP003", "4000"), ("TP004", "8000")):
        world.budget(site_id, {"4790": "-10000", "6000": payroll})
        world.ledger(site_id, {"4790": "-11000", "6000": f"{payroll}.01"}, *CLOSED)
    yield world
    world.close()


def rollup(
    world: PnlWorld,
    level: str = "company",
    organization: str = "all",
    period: str = "2025",
    *,
    scope: SiteScope = EVERYTHING,
    view: str = "trend",
    compare: str | None = None,
    filters: RollupFilters | None = None,
    children: PartsPage | None = None,
) -> OrganizationPnl:
    return organization_pnl(
        world.runtime, scope, level, organization, parse_period(period),
        view=view, compare=compare, filters=filters, children=children,
    )  # fmt: skip


def line(answer: OrganizationPnl, row: PnlRow) -> PnlLine:
    return next(line for line in answer.lines if line.code == line_code(row))


def shown(answer: OrganizationPnl, row: PnlRow) -> list[str | None]:
    return [None if value.value is None else str(value.value) for value in line(answer, row).values]


def test_a_district_is_the_sum_of_the_sites_that_belonged_to_it_in_the_month(world: PnlWorld) -> None:
    alpha, beta = rollup(world, "district", "ALPHA"), rollup(world, "district", "BETA")
    assert shown(alpha, PnlRow.PAYROLL) == ["5000.02"] * 3 + ["1000.01"] * 3 + ["1000.00"] * 6
    assert shown(beta, PnlRow.PAYROLL) == ["2000.01"] * 3 + ["6000.02"] * 3 + ["6000.00"] * 6
    assert (alpha.site_count, beta.site_count) == (2, 2)


def test_an_earlier_year_is_compared_with_the_sites_of_then(world: PnlWorld) -> None:
    world.ledger(["TP001", "TP003"], {"6000": "500"}, "2024-05")
    answer = rollup(world, "district", "ALPHA", "2025-05", compare="prior-year")
    payroll = line(answer, PnlRow.PAYROLL)
    assert (payroll.total.value, payroll.total.comparison) == (Decimal("1000.01"), Decimal("1000.00"))


def test_a_region_adds_its_districts_and_the_company_its_regions(world: PnlWorld) -> None:
    assert shown(rollup(world, "region", "EAST", "2025-02"), PnlRow.PAYROLL) == ["7000.03"]
    assert shown(rollup(world, "region", "WEST", "2025-02"), PnlRow.PAYROLL) == ["8000.01"]
    assert shown(rollup(world, "company", "all", "2025-02"), PnlRow.PAYROLL) == ["15000.04"]


def test_flc_percentages_and_variances_are_computed_from_the_sums(world: PnlWorld) -> None:
    answer = rollup(world, "region", "EAST", "2025-02")
    flc = line(answer, PnlRow.FLC)
    assert (flc.total.value, flc.total.comparison) == (Decimal("25999.97"), Decimal("23000.00"))
    assert flc.total.variance is not None
    assert (flc.total.variance.amount, flc.total.variance.percent) == (Decimal("2999.97"), Decimal("13.04"))
    assert line(answer, PnlRow.PAYROLL).percent_of_internal_revenue == Decimal("21.21")


def test_the_cumulative_line_runs_from_january_over_the_members_of_each_month(world: PnlWorld) -> None:
    answer = rollup(world, "district", "ALPHA", "2025-Q2")
    # Two sites in the first three months, one from April on; each is 1,000 − 0.01 a month above its budget.
    assert shown(answer, PnlRow.FLC_TO_BUDGET_CUMULATIVE) == ["6999.93", "7999.92", "8999.91"]


def test_a_portfolio_is_what_the_caller_may_see(world: PnlWorld) -> None:
    answer = rollup(world, "portfolio", "me", "2025-02", scope=SiteScope.of(["TP001", "TP004"]))
    assert (answer.organization_level, answer.site_count) == ("portfolio", 2)
    assert shown(answer, PnlRow.PAYROLL) == ["9000.02"]


def test_a_district_holds_only_those_of_its_sites_that_the_caller_may_see(world: PnlWorld) -> None:
    answer = rollup(world, "district", "BETA", "2025-05", scope=SiteScope.of(["TP002", "TP004"]))
    assert shown(answer, PnlRow.PAYROLL) == ["2000.01"]


@pytest.mark.parametrize(
    ("level", "organization"),
    [("district", "alpha"), ("districts", " Alpha "), ("district", "ALPHA"), ("region", "east"), ("regional", "East"),
     ("svp-region", "EAST"), ("corporate", "ALL"), ("enterprise", "all"), ("organization", "all"), ("portfolio", "Me")],
)  # fmt: skip
def test_organisations_are_found_by_code_or_name_in_any_case(world: PnlWorld, level: str, organization: str) -> None:
    assert rollup(world, level, organization, "2025-02").site_count >= 2


@pytest.mark.parametrize(
    ("level", "organization"),
    [("district", "DELTA"), ("district", "EAST"), ("region", ""), ("region", "%"), ("company", "me"),
     ("portfolio", "all"), ("district", "' OR 1=1 --")],
)  # fmt: skip
def test_an_organisation_that_there_is_not_is_not_found(world: PnlWorld, level: str, organization: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        rollup(world, level, organization)
    assert (refused.value.code, refused.value.field) == ("NOT_FOUND", "organizationId")


@pytest.mark.parametrize("level", ["site", "DISTRICT", "", "planet"])
def test_a_level_that_there_is_not_is_refused(world: PnlWorld, level: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        rollup(world, level)
    assert (refused.value.code, refused.value.field) == ("INVALID_DATA_TYPE", "organizationLevel")
    assert refused.value.details["accepted"] == ["district", "region", "company", "portfolio"]


@pytest.mark.parametrize(
    ("filters", "payroll"),
    [
        (RollupFilters(site_ids=["tp001", "TP004"]), "9000.02"),
        (RollupFilters(districts=["gamma"]), "8000.01"),
        (RollupFilters(site_ids=["TP001"], districts=["GAMMA"]), "9000.02"),
        (RollupFilters(regions=["WEST"], site_ids=["TP002"]), "10000.02"),
        (RollupFilters(pl_categories=["hotel"]), "3000.02"),
        (RollupFilters(contract_types=["fixed fee"], site_ids=["TP002", "TP004"]), "2000.01"),
        (RollupFilters(business_segments=["CARE"]), "4000.01"),
        (RollupFilters(cog_segments=["AIR"]), "8000.01"),
    ],
)
def test_filters_choose_one_of_the_first_four_and_each_of_the_others(
    world: PnlWorld, filters: RollupFilters, payroll: str
) -> None:
    assert shown(rollup(world, period="2025-02", filters=filters), PnlRow.PAYROLL) == [payroll]


def test_filters_that_leave_no_site_are_not_found(world: PnlWorld) -> None:
    with pytest.raises(NotFoundError) as refused:
        rollup(world, filters=RollupFilters(site_ids=["TP001"], pl_categories=["HOSPITAL"]))
    assert refused.value.code == "NOT_FOUND"


def test_the_parts_of_a_company_are_its_regions_and_add_up_to_it(world: PnlWorld) -> None:
    answer = rollup(world, period="2025-02", children=PartsPage())
    assert [(part.id, part.name, part.level) for part in answer.children] == [
        ("EAST", "East", "region"),
        ("WEST", "West", "region"),
    ]
    assert [str(part.flc) for part in answer.children] == ["25999.97", "2999.99"]
    assert sum(part.flc or 0 for part in answer.children) == line(answer, PnlRow.FLC).total.value
    west = answer.children[1]
    assert west.flc_variance is not None
    assert (west.internal_revenue, west.flc_variance.amount) == (Decimal("11000.00"), Decimal("999.99"))


def test_a_site_that_moved_is_part_of_both_districts_of_its_region(world: PnlWorld) -> None:
    answer = rollup(world, "region", "EAST", "2025-Q1", children=PartsPage())
    assert {part.id: str(part.internal_revenue) for part in answer.children} == {
        "ALPHA": "66000.00",
        "BETA": "33000.00",
    }


def test_parts_come_in_pages_in_the_order_of_their_names(world: PnlWorld) -> None:
    second = rollup(world, "portfolio", "me", "2025-02", children=PartsPage(page=2, limit=3))
    assert ([part.id for part in second.children], second.children_total) == (["TP004"], 4)
    assert rollup(world, "portfolio", "me", "2025-02", children=PartsPage(page=3, limit=3)).children == ()


def test_sites_without_a_region_are_a_part_of_their_own(world: PnlWorld) -> None:
    world.add_sites("TP005")
    world.ledger("TP005", {"4790": "-7"}, "2025-02")
    answer = rollup(world, period="2025-02", children=PartsPage())
    assert [(part.id, part.name, str(part.internal_revenue)) for part in answer.children][-1] == (
        None,
        "Without region",
        "7.00",
    )


def test_sites_on_budget_are_named(world: PnlWorld) -> None:
    assert rollup(world, "region", "EAST").sites_without_forecast == ("TP001", "TP002", "TP003")


def test_a_site_that_cannot_be_computed_is_left_out_and_named(world: PnlWorld) -> None:
    world.add_sites("MARS1", time_zone="Mars/Olympus")
    world.belongs("MARS1", "GAMMA", "WEST")
    answer = rollup(world, "region", "WEST", "2025-02")
    assert (answer.partial, answer.site_count) == (True, 2)
    assert [(site.site_id, site.code) for site in answer.failed_sites] == [("MARS1", "CALCULATION_ERROR")]
    assert shown(answer, PnlRow.PAYROLL) == ["8000.01"]
    assert not rollup(world, "region", "EAST", "2025-02").partial


def test_an_unavailable_part_leaves_the_sum_empty_and_its_sites_named(world: PnlWorld) -> None:
    world.clock.moment = datetime(2025, 9, 20, 16, tzinfo=UTC)
    answer = rollup(world, "region", "EAST")
    assert shown(answer, PnlRow.PAYROLL)[5:9] == ["7000.03", None, None, "7000.00"]
    assert line(answer, PnlRow.PAYROLL).total.value is None
    (warning,) = [warning for warning in answer.warnings if warning.code == "SOURCE_UNAVAILABLE"]
    assert (warning.details["siteCount"], warning.details["sites"]) == (3, ["TP001", "TP002", "TP003"])


def test_the_actual_view_has_nothing_in_months_that_have_not_begun(world: PnlWorld) -> None:
    answer = rollup(world, "region", "EAST", view="actual")
    assert shown(answer, PnlRow.PAYROLL)[5:9] == ["7000.03", "0.00", None, None]
    assert answer.warnings == ()


def test_sources_follow_the_kind_of_the_month(world: PnlWorld) -> None:
    payroll = line(rollup(world), PnlRow.PAYROLL)
    assert [value.source.value for value in payroll.values] == ["actual"] * 6 + ["trend"] + ["forecast"] * 5


def test_only_the_sites_that_lag_are_computed(world: PnlWorld) -> None:
    rollup(world)
    before = {row[0]: row[1] for row in world.rows(pnl_site_years, "site_id", "calculated_at")}
    world.clock.moment = datetime(2025, 7, 16, 17, tzinfo=UTC)
    world.ledger("TP002", {"6000": "0.50"}, "2025-02", entity="02")
    world.inputs_changed("TP002")
    assert shown(rollup(world, period="2025-02"), PnlRow.PAYROLL) == ["15000.54"]
    after = {row[0]: row[1] for row in world.rows(pnl_site_years, "site_id", "calculated_at")}
    assert [site_id for site_id in after if after[site_id] != before[site_id]] == ["TP002"]


def test_something_newer_in_the_store_is_not_mixed_into_the_sums(world: PnlWorld) -> None:
    world.clock.moment = datetime(2025, 8, 2, 16, tzinfo=UTC)
    rollup(world, compare="prior-month")
    stored = world.rows(pnl_results)
    world.clock.moment = datetime(2025, 7, 16, 16, tzinfo=UTC)
    revenue = shown(rollup(world, compare="prior-month"), PnlRow.INTERNAL_REVENUE)
    assert revenue[5:8] == ["44000.00", "40000.00", "40000.00"]
    assert world.rows(pnl_results) == stored


def test_a_rollup_of_many_sites_reads_with_as_many_statements_as_one_of_few(world: PnlWorld) -> None:
    many = [f"B{number:03d}" for number in range(60)]
    world.add_sites(*many)
    world.budget(many, {"6000": "1"})
    rollup(world)
    counts = []
    for scope in (SiteScope.of(["TP001", "TP002"]), EVERYTHING):
        with world.statements() as seen:
            rollup(world, scope=scope, children=PartsPage())
        counts.append(len(seen.texts))
    assert counts[0] == counts[1] <= 20


def test_a_period_outside_the_horizon_is_not_available(world: PnlWorld) -> None:
    with pytest.raises(NotFoundError) as refused:
        rollup(world, period="2023")
    assert refused.value.code == "PERIOD_NOT_AVAILABLE"


AMOUNTS = st.dictionaries(
    st.sampled_from(["4790", "6000", "6200", "7045", "7082", "7101", "7170", "9410", "9440"]),
    st.decimals(-90_000, 90_000, places=5).map(str),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(AMOUNTS, min_size=4, max_size=4), st.lists(AMOUNTS, min_size=4, max_size=4))
def test_the_sum_of_the_sites_is_the_company_in_every_cell(
    world: PnlWorld, budgets: list[dict[str, str]], postings: list[dict[str, str]]
) -> None:
    site_ids = ["TP001", "TP002", "TP003", "TP004"]
    for table in (budget_account_months, actual_account_months):
        world.forget(table)
    for site_id, budget, posted in zip(site_ids, budgets, postings, strict=True):
        world.budget(site_id, {"9510": "1"} | budget)
        world.ledger(site_id, {"9510": "1"} | posted, *CLOSED, "2025-07")
    world.inputs_changed(*site_ids)
    company = rollup(world)
    sites = [site_pnl(world.runtime, EVERYTHING, site_id, parse_period("2025")) for site_id in site_ids]
    for row in (*CELL_ROWS, PnlRow.FLC, PnlRow.FLC_TO_BUDGET_CUMULATIVE):
        for column, value in enumerate(line(company, row).values):
            parts = [site.line(row).values[column].value for site in sites]
            assert None not in parts
            assert value.value == sum(part for part in parts if part is not None)
