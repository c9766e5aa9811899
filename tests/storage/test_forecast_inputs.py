"""What users have saved comes back by site and month, as the records of the calculation."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from shared_code.domain.external_revenue import Override
from shared_code.domain.internal_revenue import Adjustment
from shared_code.domain.labor_hours import LaborDay
from shared_code.domain.other_revenue import OtherRevenueItems
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import Category, StatisticsDay
from shared_code.storage import forecast_inputs
from shared_code.storage.forecast_inputs import SavedLevers
from shared_code.storage.tables import forecasts
from tests.support.operational import executed_statements, t_sql
from tests.support.reference_world import ReferenceWorld

ALL = SiteScope.all_sites()
NOTHING = dict.fromkeys((*forecasts.DAY_COUNTS, *forecasts.DAY_RATIOS, "note"))
LOADERS: list[Callable[..., dict[tuple[str, str], Any]]] = [
    forecast_inputs.saved_statistics,
    forecast_inputs.saved_parking_rates,
    forecast_inputs.saved_levers,
    forecast_inputs.saved_hours,
    forecast_inputs.saved_other_revenue,
    forecast_inputs.saved_other_expenses,
    forecast_inputs.saved_adjustments,
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ReferenceWorld]:
    world = ReferenceWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.add_accounts("7045", "7113")
    world.add_codes("VLT1", "GSA1")
    yield world
    world.close()


def _load(
    world: ReferenceWorld,
    loader: Callable[..., dict[tuple[str, str], Any]],
    first: str = "2025-04",
    last: str = "2025-04",
    scope: SiteScope = ALL,
) -> dict[tuple[str, str], Any]:
    with world.reading() as connection:
        return loader(connection, scope, ["TP001", "TP002"], first, last)


def _save_statistics(world: ReferenceWorld, number: int, site_id: str, period: str, *days: dict[str, Any]) -> None:
    world.put(forecasts.site_statistics, {"site_statistics_id": number, "site_id": site_id, "period": period})
    world.put(forecasts.site_statistic_days, *({"site_statistics_id": number, **NOTHING, **day} for day in days))


def test_saved_statistics_come_by_day_with_null_for_what_is_not_saved(world: ReferenceWorld) -> None:
    _save_statistics(
        world,
        1,
        "TP001",
        "2025-04",
        {"stat_date": date(2025, 4, 2), "valet_daily": Decimal(0), "capture_ratio": Decimal("0.75")},
        {"stat_date": date(2025, 4, 1), "occupied_rooms": Decimal("180.5")},
    )
    assert _load(world, forecast_inputs.saved_statistics) == {
        ("TP001", "2025-04"): [
            StatisticsDay(date(2025, 4, 1), occupied_rooms=Decimal("180.5")),
            StatisticsDay(date(2025, 4, 2), valet_daily=Decimal(0), capture_ratio=Decimal("0.75")),
        ]
    }


def test_every_value_of_a_day_stands_in_its_own_field(world: ReferenceWorld) -> None:
    names = [name for name in StatisticsDay.__dataclass_fields__ if name != "day"]
    values = {name: Decimal(number) / 100 for number, name in enumerate(names, start=1)}
    _save_statistics(world, 1, "TP001", "2025-04", {"stat_date": date(2025, 4, 1), **values})
    (day,) = _load(world, forecast_inputs.saved_statistics)["TP001", "2025-04"]
    assert {name: getattr(day, name) for name in names} == values


def test_a_month_that_was_reset_to_budget_has_no_saved_statistics(world: ReferenceWorld) -> None:
    _save_statistics(world, 1, "TP001", "2025-04", {"stat_date": date(2025, 4, 1), "valet_daily": Decimal(7)})
    with world.writing() as connection:
        connection.execute(update(forecasts.site_statistics).values(is_active=False))
    assert _load(world, forecast_inputs.saved_statistics) == {}
    _save_statistics(world, 2, "TP001", "2025-04", {"stat_date": date(2025, 4, 1), "valet_daily": Decimal(8)})
    (day,) = _load(world, forecast_inputs.saved_statistics)["TP001", "2025-04"]
    assert day.valet_daily == 8


def test_saved_parking_rates_come_by_category_and_a_saved_zero_is_a_rate(world: ReferenceWorld) -> None:
    key = {"site_id": "TP001", "period": "2025-04"}
    world.put(
        forecasts.parking_rates,
        {**key, "category": "valet_daily", "rate": Decimal("12.5")},
        {**key, "category": "self_monthly", "rate": Decimal(0)},
    )
    assert _load(world, forecast_inputs.saved_parking_rates) == {
        ("TP001", "2025-04"): {Category.VALET_DAILY: Decimal("12.5"), Category.SELF_MONTHLY: Decimal(0)}
    }


def test_levers_are_the_adjustment_and_the_override_and_a_note_alone_is_none(world: ReferenceWorld) -> None:
    key = {"period": "2025-04", "note": "a note"}
    nothing = {"adjustment_percent": None, "override_amount": None, "override_reason": None}
    world.put(
        forecasts.external_revenue_inputs,
        {"site_id": "TP001", **key, **nothing, "adjustment_percent": Decimal("-0.05")},
        {"site_id": "TP002", **key, **nothing},
    )
    world.put(
        forecasts.external_revenue_inputs,
        {
            "site_id": "TP002",
            "period": "2025-05",
            **nothing,
            "override_amount": Decimal(0),
            "override_reason": "Site closed",
        },
    )
    assert _load(world, forecast_inputs.saved_levers, "2025-04", "2025-05") == {
        ("TP001", "2025-04"): SavedLevers(Decimal("-0.05"), None),
        ("TP002", "2025-05"): SavedLevers(None, Override(Decimal(0), "Site closed")),
    }


def test_saved_hours_come_by_day_and_code_and_a_day_without_hours_is_not_saved(world: ReferenceWorld) -> None:
    world.put(forecasts.payroll_forecasts, {"site_id": "TP001", "period": "2025-04"})
    key = {"site_id": "TP001", "period": "2025-04", "note": None}
    world.put(
        forecasts.payroll_forecast_days,
        {**key, "work_date": date(2025, 4, 30), "job_code_id": "VLT1", "regular_hours": None, "overtime_hours": None},
        {
            **key,
            "work_date": date(2025, 4, 2),
            "job_code_id": "VLT1",
            "regular_hours": Decimal(8),
            "overtime_hours": None,
        },
        {
            **key,
            "work_date": date(2025, 4, 2),
            "job_code_id": "GSA1",
            "regular_hours": Decimal(0),
            "overtime_hours": Decimal("1.25"),
        },
    )
    assert _load(world, forecast_inputs.saved_hours) == {
        ("TP001", "2025-04"): [
            LaborDay("GSA1", date(2025, 4, 2), Decimal(0), Decimal("1.25")),
            LaborDay("VLT1", date(2025, 4, 2), Decimal(8), None),
        ]
    }


def test_items_accounts_and_adjustments_come_by_site_and_month(world: ReferenceWorld) -> None:
    key = {"site_id": "TP001", "period": "2025-04"}
    world.put(forecasts.other_revenues, {**key, "item": "gpo_fees", "amount": Decimal("-75.5")})
    world.put(forecasts.other_revenues, {**key, "item": "miscellaneous", "amount": Decimal("-1")})
    world.put(forecasts.other_expenses, {**key, "main_account": "7045", "amount": Decimal(0)})
    world.put(forecasts.other_expenses, {**key, "main_account": "7113", "amount": Decimal(250)})
    world.put(
        forecasts.internal_revenue_adjustments,
        {**key, "category": "general", "amount": Decimal(-250), "reason": "credit agreed with the client"},
    )
    site_month = ("TP001", "2025-04")
    assert _load(world, forecast_inputs.saved_other_revenue) == {
        site_month: OtherRevenueItems(gpo_fees=Decimal("-75.5"), miscellaneous=Decimal(-1))
    }
    assert _load(world, forecast_inputs.saved_other_expenses) == {
        site_month: {"7045": Decimal(0), "7113": Decimal(250)}
    }
    assert _load(world, forecast_inputs.saved_adjustments) == {
        site_month: [Adjustment(Decimal(-250), "credit agreed with the client", "general")]
    }


def _save_everything(world: ReferenceWorld, sites: list[str], period: str = "2025-04") -> None:
    """A value in every table of every site."""
    first = date.fromisoformat(f"{period}-01")
    numbers = {site: int(period[5:]) * 10_000 + number for number, site in enumerate(sites)}
    keys = [{"site_id": site, "period": period} for site in sites]
    world.put(forecasts.site_statistics, *({"site_statistics_id": numbers[key["site_id"]], **key} for key in keys))
    world.put(
        forecasts.site_statistic_days, *({"site_statistics_id": numbers[site], "stat_date": first} for site in sites)
    )
    for table in (
        forecasts.parking_rates,
        forecasts.external_revenue_inputs,
        forecasts.internal_revenue_adjustments,
        forecasts.payroll_forecasts,
        forecasts.other_revenues,
    ):
        world.put(table, *keys)
    world.put(forecasts.other_expenses, *({**key, "main_account": "7045"} for key in keys))
    days = ({**key, "work_date": first, "job_code_id": "VLT1"} for key in keys)
    world.put(forecasts.payroll_forecast_days, *days)


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: str(loader.__name__))
def test_other_sites_and_months_are_left_out(
    world: ReferenceWorld, loader: Callable[..., dict[tuple[str, str], Any]]
) -> None:
    world.add_sites("TP003")
    for period in ("2025-03", "2025-04", "2025-05"):
        _save_everything(world, ["TP001", "TP002", "TP003"], period)
    scope = SiteScope.of(["TP001", "TP003"])
    assert list(_load(world, loader, scope=scope)) == [("TP001", "2025-04")]
    assert set(_load(world, loader, "2025-04", "2025-12")) == {
        (site, period) for site in ("TP001", "TP002") for period in ("2025-04", "2025-05")
    }


def test_any_number_of_sites_takes_one_statement_a_table(world: ReferenceWorld) -> None:
    counts = []
    for sites in (3, 300):
        codes = [f"S{sites}N{number}" for number in range(sites)]
        world.add_sites(*codes)
        _save_everything(world, codes, f"2025-{1 if sites == 3 else 2:02d}")
        with world.reading() as connection, world.counted_statements() as statements:
            for loader in LOADERS:
                assert len(loader(connection, ALL, codes, "2025-01", "2025-12")) == sites
        counts.append(len(statements))
    assert counts == [len(LOADERS), len(LOADERS)]


def test_saved_hours_are_found_by_their_key_and_not_by_a_scan(world: ReferenceWorld) -> None:
    with world.reading() as connection, world.counted_statements() as statements:
        forecast_inputs.saved_hours(connection, ALL, ["TP001", "TP002"], "2025-01", "2025-12")
        forecast_inputs.saved_statistics(connection, ALL, ["TP001", "TP002"], "2025-01", "2025-12")
        plans = [_plan(connection, statement) for statement in list(statements)]
    assert re.search(r"SEARCH (main\.)?payroll_forecast_days USING", plans[0])
    assert re.search(r"SEARCH (main\.)?site_statistics USING", plans[1])
    assert re.search(r"SEARCH (main\.)?site_statistic_days USING", plans[1])


def _plan(connection: Connection, statement: str) -> str:
    parameters = tuple("[]" for _ in range(statement.count("?")))
    return "\n".join(str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))


def test_the_statements_are_t_sql_with_the_sites_as_one_parameter(world: ReferenceWorld) -> None:
    with executed_statements(world.runtime.database) as statements:
        for loader in LOADERS:
            _load(world, loader)
    texts = [t_sql(statement) for statement in statements]
    assert len(texts) == len(LOADERS)
    assert all("IN (SELECT" in text and "OPENJSON(" in text for text in texts)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (forecasts.site_statistics, {"occupancy": Decimal("1.000001")}),
        (forecasts.site_statistics, {"period": "2025-4"}),
        (forecasts.external_revenue_inputs, {"adjustment_percent": Decimal("-1.000001")}),
        (forecasts.external_revenue_inputs, {"override_amount": Decimal(1), "override_reason": None}),
        (forecasts.external_revenue_inputs, {"override_amount": Decimal(1), "override_reason": ""}),
        (forecasts.parking_rates, {"rate": Decimal("-0.01")}),
        (forecasts.parking_rates, {"category": "valet_comps"}),
        (forecasts.other_revenues, {"item": "gpo_fees", "amount": Decimal("0.01")}),
        (forecasts.other_revenues, {"item": "billable_expense", "amount": Decimal("-0.01")}),
        (forecasts.other_revenues, {"item": "tips", "amount": Decimal(0)}),
        (forecasts.internal_revenue_adjustments, {"reason": ""}),
        (forecasts.forecast_versions, {"module": "notes"}),
    ],
)
def test_the_database_refuses_a_value_outside_its_limits(
    world: ReferenceWorld, table: Any, row: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError):
        world.put(table, {"site_id": "TP001", **row})


def test_limits_are_those_of_the_value_and_not_of_its_scaled_integer(world: ReferenceWorld) -> None:
    world.put(forecasts.site_statistics, {"site_id": "TP001", "occupancy": Decimal(1), "capture_ratio": Decimal(0)})
    world.put(forecasts.external_revenue_inputs, {"site_id": "TP001", "adjustment_percent": Decimal(-1)})
    assert world.rows_of(forecasts.site_statistics)[0].occupancy == 1


def test_days_go_with_their_month(world: ReferenceWorld) -> None:
    _save_statistics(world, 1, "TP001", "2025-04", {"stat_date": date(2025, 4, 1) + timedelta(days=1)})
    with world.writing() as connection:
        connection.execute(forecasts.site_statistics.delete())
    assert world.rows_of(forecasts.site_statistic_days) == []
