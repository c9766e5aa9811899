"""The feed of vehicles, net external revenue and occupied rooms by site and day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared_code.messaging.message import FORECASTING_EVENTS, PL_REFRESH
from shared_code.sources.warehouse.objects import revenue_daily_detail, revenue_datamart_daily
from shared_code.storage import stamps
from shared_code.storage.tables.facts import CATEGORIES, actual_cutoffs, actual_statistic_days, feed_versions
from shared_code.storage.tables.mappings import revenue_code_mappings
from shared_code.storage.tables.messages import outbox_messages
from shared_code.storage.tables.runs import sync_rejects
from tests.services.extraction.world import NOON, TUESDAY, Row, World

DETAIL = revenue_daily_detail
DATAMART = revenue_datamart_daily
MONDAY = date(2025, 6, 9)
SUNDAY = date(2025, 6, 15)


def _earned(
    code: str | None = "VD1",
    revenue: str | None = "100",
    vehicles: str | None = "10",
    *,
    site: str = "0001",
    day: date = MONDAY,
    text: str = "Whatever",
) -> Row:
    return {
        "SITE": site,
        "DATE": day,
        "REVENUE_CODE": code,
        "REVENUE_CATEGORY": text,
        "VEHICLECOUNT": None if vehicles is None else Decimal(vehicles),
        "NETEXTERNALREVENUE": None if revenue is None else Decimal(revenue),
    }


def _fact(text: str, value: str | None, kind: str = "Vehicles", **where: Any) -> Row:
    row = {"SITE": "0001", "DATE": MONDAY, "REVENUE_CATEGORY": text, "VALUE_TYPE": kind}
    return row | {"VALUE": None if value is None else Decimal(value)} | where


def _rooms(value: str | None, **where: Any) -> Row:
    return _fact("Occupied Rooms", value, "Other", **where)


def _categorise(world: World, text: str, category: str) -> None:
    world.write(revenue_code_mappings, {"code_or_text": text, "category": category, **stamps.inserted("admin", NOON)})


def _day(world: World, *names: str) -> tuple[Any, ...]:
    """Values of the one published day."""
    (row,) = world.published(actual_statistic_days, "site_id", *names)
    return tuple(row[1:])


def _days(world: World) -> list[Any]:
    return world.published(actual_statistic_days, "site_id", "stat_date", "total_net_revenue")


def _cutoffs(world: World) -> list[Any]:
    return world.published(actual_cutoffs, "site_id", "period", "external_through", "rooms_through")


def test_a_day_has_vehicles_and_revenue_by_category_and_their_totals(company: World) -> None:
    company.deliver(
        DETAIL,
        _earned("VD1", "100.25", "10"),
        _earned("vd3", "50.50", "5"),
        _earned("SM2", "7", "0"),
        _earned("VA1", "3.0001", "1.5"),
    )
    company.deliver(DATAMART, _rooms("210"))

    outcome = company.run("daily_revenue")

    assert (outcome.end.state, outcome.end.rows_inserted) == ("succeeded", 1)
    names = ("valet_daily", "valet_daily_revenue", "valet_aggregator", "valet_aggregator_revenue")
    assert _day(company, *names) == (15, Decimal("150.75"), Decimal("1.5"), Decimal("3.0001"))
    assert _day(company, "self_monthly", "self_monthly_revenue") == (0, 7)
    totals = ("total_vehicles", "total_net_revenue", "occupied_rooms")
    assert _day(company, *totals) == (Decimal("16.5"), Decimal("160.7501"), 210)


def test_a_category_without_rows_is_null_and_one_with_zeros_is_zero(company: World) -> None:
    company.deliver(DETAIL, _earned("VD1", "0", "0"))

    company.run("daily_revenue")

    assert _day(company, "valet_daily", "valet_daily_revenue", "occupied_rooms") == (0, 0, None)
    others = [name for category in CATEGORIES[1:] for name in (category, f"{category}_revenue")]
    assert set(_day(company, *others, "valet_comps", "self_comps")) == {None}


def test_the_category_text_counts_where_the_code_is_not_known(company: World) -> None:
    company.deliver(
        DETAIL,
        _earned("VO1", "1", text="Valet Daily"),
        _earned("ZZ9", "2", text=" valet daily "),
        _earned(None, "4", text="Self Monthly"),
    )

    company.run("daily_revenue")

    names = ("valet_overnight_revenue", "valet_daily_revenue", "self_monthly_revenue")
    assert _day(company, *names) == (1, 2, 4)


def test_an_unknown_code_and_other_revenue_count_in_the_total_only(company: World) -> None:
    company.deliver(DETAIL, _earned("VD1", "100"), _earned("ZZ9", "30", "3"), _earned("OR1", "5.50", None))

    outcome = company.run("daily_revenue")

    assert (outcome.end.state, outcome.end.rows_rejected) == ("succeeded", 0)
    assert _day(company, "total_net_revenue", "total_vehicles") == (Decimal("135.50"), 13)
    assert {value for value in _day(company, *[f"{name}_revenue" for name in CATEGORIES]) if value} == {100}


def test_vehicles_of_the_datamart_count_only_for_categories_that_the_detail_lacks_that_day(company: World) -> None:
    company.deliver(DETAIL, _earned("VD1", "100", "10"), _earned("SD1", "1", "0"))
    company.deliver(
        DATAMART,
        _fact("Valet Daily", "99"),
        _fact("Self Daily", "99"),
        _fact("Valet Overnight", "7"),
        _fact("Valet Daily", "55", "Revenue"),
        _fact("Valet Daily", "12", DATE=date(2025, 6, 8)),
    )

    company.run("daily_revenue")

    names = ("stat_date", "valet_daily", "self_daily", "valet_overnight", "total_vehicles", "total_net_revenue")
    assert company.published(actual_statistic_days, *names) == [
        (date(2025, 6, 8), 12, None, None, 12, 0),
        (MONDAY, 10, 0, 7, 17, 101),
    ]


def test_comps_are_null_until_an_administrator_maps_a_text_to_them(company: World) -> None:
    company.deliver(DETAIL, _earned("VD1", "100", "10"))
    company.deliver(DATAMART, _fact("Valet Free", "4"), _fact("Self Free", "2"))
    company.run("daily_revenue")
    assert _day(company, "valet_comps", "self_comps", "total_vehicles") == (None, None, 16)
    _categorise(company, "VALET FREE", "valet_comps")
    _categorise(company, "SELF FREE", "self_comps")

    outcome = company.run("daily_revenue")

    assert (outcome.end.state, outcome.end.rows_updated) == ("succeeded", 1)
    assert _day(company, "valet_comps", "self_comps", "total_vehicles") == (4, 2, 10)


def test_a_code_that_is_mapped_later_is_published_anew(company: World) -> None:
    company.deliver(DETAIL, _earned("ZZ9", "30", "3"))
    company.run("daily_revenue")
    _categorise(company, "ZZ9", "self_daily")

    outcome = company.run("daily_revenue")

    assert outcome.end.state == "succeeded"
    assert _day(company, "self_daily", "self_daily_revenue", "total_net_revenue") == (3, 30, 30)


def test_spellings_of_a_site_meet_in_one_day(world: World) -> None:
    world.know_sites("0001", "TP1")
    world.deliver(DETAIL, *[_earned("VD1", "100", "10", site=site) for site in ("0001", "1", " 1", "tp1", "TP1 ")])
    world.deliver(DATAMART, _fact("Valet Daily", "99", SITE="1"), _rooms("5", SITE="1"), _rooms("6", SITE="0001"))

    world.run("daily_revenue")

    names = ("site_id", "valet_daily", "total_net_revenue", "occupied_rooms")
    assert world.published(actual_statistic_days, *names) == [("0001", 30, 300, 11), ("TP1", 20, 200, None)]


def test_corrections_are_negative_and_kept(company: World) -> None:
    company.deliver(DETAIL, _earned("VD1", "100", "10"), _earned("VD1", "-130.50", "-12"))
    company.deliver(DATAMART, _rooms("-1"))

    company.run("daily_revenue")

    names = ("valet_daily", "valet_daily_revenue", "total_net_revenue", "occupied_rooms")
    assert _day(company, *names) == (-2, Decimal("-30.50"), Decimal("-30.50"), -1)


def test_the_time_of_loading_is_kept_in_utc(company: World) -> None:
    loads = [datetime(2025, 6, 9, 22, 30), datetime(2025, 6, 9, 5)]  # noqa: DTZ001 - as the warehouse writes it
    company.deliver(DATAMART, *[_rooms("1", DW_LOADED_DTTM=loaded) for loaded in loads])

    company.run("daily_revenue")

    assert _day(company, "source_loaded_at") == (datetime(2025, 6, 10, 2, 30, tzinfo=UTC),)


@pytest.mark.parametrize(("as_of", "days"), [(TUESDAY, 7), (SUNDAY, 35)])
def test_the_window_is_a_week_and_on_sundays_five(company: World, as_of: date, days: int) -> None:
    around = [as_of - timedelta(days=days), as_of - timedelta(days=days - 1), as_of, as_of + timedelta(days=1)]
    company.deliver(DETAIL, *[_earned(day=day) for day in around])

    outcome = company.run("daily_revenue", as_of)

    assert outcome.slice == f"trailing-{days}"
    assert [row[1] for row in _days(company)] == around[1:3]


def test_a_stretch_reads_its_own_days_and_leaves_the_others(company: World) -> None:
    company.deliver(DETAIL, *[_earned(day=day) for day in (date(2025, 2, 28), date(2025, 3, 1), MONDAY)])
    company.run("daily_revenue")

    (outcome,) = company.run_all("daily_revenue", stretch=(date(2025, 3, 1), date(2025, 3, 31)))

    assert outcome.slice == "2025-03-01..2025-03-31"
    assert [row[1] for row in _days(company)] == [date(2025, 3, 1), MONDAY]


def test_the_last_actual_day_has_a_figure_and_is_not_after_the_business_date(company: World) -> None:
    company.deliver(
        DETAIL,
        _earned("VD1", "10", "1", day=date(2025, 5, 30)),
        _earned("VD1", "10", "1", day=date(2025, 6, 5)),
        _earned("VD1", "0", "9", day=date(2025, 6, 6)),
        _earned("VD1", "5", "1", day=date(2025, 6, 7)),
        _earned("SD1", "-5", "1", day=date(2025, 6, 7)),
        _earned("VD1", "10", "1", day=date(2025, 6, 20)),
        _earned("VD1", "0", "0", day=MONDAY, site="0002"),
    )
    company.deliver(DATAMART, _rooms("5", DATE=date(2025, 6, 3)), _rooms("0"), _rooms("9", DATE=date(2025, 6, 11)))

    company.run_all("daily_revenue", stretch=(date(2025, 5, 1), date(2025, 6, 30)))

    assert _cutoffs(company) == [
        ("0001", "2025-05", date(2025, 5, 30), None),
        ("0001", "2025-06", date(2025, 6, 5), date(2025, 6, 3)),
        ("0002", "2025-06", None, None),
    ]


def test_days_before_the_window_still_count_for_the_last_actual_day(company: World) -> None:
    company.deliver(DETAIL, _earned(day=date(2025, 6, 1)), _earned("VD1", "0", "0", day=MONDAY))
    company.run("daily_revenue", date(2025, 6, 2))

    company.run("daily_revenue")

    assert _cutoffs(company) == [("0001", "2025-06", date(2025, 6, 1), None)]


def test_a_day_that_is_gone_at_the_source_is_gone_here(company: World) -> None:
    company.deliver(DETAIL, _earned(day=date(2025, 6, 8)), _earned())
    company.run("daily_revenue")
    company.withdraw(DETAIL, DETAIL.c.DATE == MONDAY)

    outcome = company.run("daily_revenue")

    assert (outcome.end.state, outcome.end.rows_deleted) == ("succeeded", 1)
    assert [row[1] for row in _days(company)] == [date(2025, 6, 8)]
    assert _cutoffs(company) == [("0001", "2025-06", date(2025, 6, 8), None)]


def test_a_second_run_over_the_same_rows_changes_nothing(company: World) -> None:
    loaded = datetime(2025, 6, 9, 5)  # noqa: DTZ001 - as the warehouse writes it
    company.deliver(DETAIL, _earned(), _earned(site="1"))
    company.deliver(DATAMART, _rooms("5", DW_LOADED_DTTM=loaded))
    first = company.run("daily_revenue")
    told = company.events()

    assert company.run("daily_revenue").end.state == "unchanged"
    assert (company.events(), company.inputs_versions()) == (told, {"0001:2025": 1})
    assert company.published(actual_statistic_days, "sync_run_id") == [first.sync_run_id]


def test_a_change_concerns_its_own_site_month_only(company: World) -> None:
    company.deliver(DETAIL, *[_earned(site=site) for site in ("0001", "0002")])
    company.run("daily_revenue")
    company.execute(outbox_messages.delete())
    company.deliver(DATAMART, _rooms("1", SITE="0002"))

    company.run("daily_revenue")

    assert company.inputs_versions() == {"0001:2025": 1, "0002:2025": 2}
    assert company.events() == [
        (FORECASTING_EVENTS, "ActualsLoaded", "0002"),
        (PL_REFRESH, "ActualsLoaded", "0002"),
    ]


def test_rows_of_unknown_sites_are_counted_and_left_out(company: World) -> None:
    company.deliver(DETAIL, _earned(), _earned(site="9999"))

    outcome = company.run("daily_revenue")

    assert (outcome.end.state, outcome.end.rows_ignored, outcome.end.rows_rejected) == ("succeeded", 1, 0)
    assert [row[0] for row in _days(company)] == ["0001"]


@pytest.mark.parametrize(
    ("row", "reject", "key"),
    [
        (_earned(site="0-1"), ("INVALID_SITE", "site"), None),
        (_earned(site=""), ("MISSING_FIELD", "site"), None),
        (_earned("VD1", None, None), ("MISSING_FIELD", "vehicles"), None),
        (_earned("SD1", "1", "1000000000", site="0002"), ("VALUE_OUT_OF_RANGE", "self_daily"), "0002 2025-06-09"),
        (_earned("ZZ9", "-1000000000", site="0002"), ("VALUE_OUT_OF_RANGE", "total_net_revenue"), "0002 2025-06-09"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(
    company: World, row: Row, reject: tuple[str, str], key: str | None
) -> None:
    company.deliver(DETAIL, *[_earned() for _ in range(40)], row)

    outcome = company.run("daily_revenue")

    assert outcome.end.state == "succeeded"
    assert company.rejects(outcome) == [reject]
    assert company.published(sync_rejects, "business_key") == [key]
    assert _days(company) == [("0001", MONDAY, Decimal(4000))]


@pytest.mark.parametrize("feed", ["daily_revenue", "occupied_rooms"])
def test_a_loaded_file_of_zeros_is_no_content(company: World, feed: str) -> None:
    company.deliver(DATAMART, _rooms("8", DATE=date(2025, 6, 7)), _rooms("0", DATE=TUESDAY))

    company.run(feed)

    assert company.published(
        feed_versions, "content_through", "status", where=feed_versions.c.feed == "daily_revenue"
    ) == [(date(2025, 6, 7), "stale")]
