"""The feed of accepted revenue and vehicles by month and category."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared_code.sources.warehouse.objects import revenue_daily_detail, revenue_daily_detail_invoice
from shared_code.storage.tables.facts import actual_parking_months
from shared_code.storage.tables.runs import sync_rejects
from tests.services.extraction.world import TUESDAY, Row, World

INVOICES = revenue_daily_detail_invoice


def _accepted(
    code: str | None = "VD1",
    revenue: str | None = "100",
    vehicles: str | None = "10",
    *,
    site: str = "0001",
    day: date = date(2025, 6, 2),
) -> Row:
    return {
        "SITE": site,
        "DATE": day,
        "REVENUE_CODE": code,
        "VEHICLECOUNT": None if vehicles is None else Decimal(vehicles),
        "NETEXTERNALREVENUE": None if revenue is None else Decimal(revenue),
    }


def _sums(world: World) -> list[Any]:
    return world.published(actual_parking_months, "site_id", "period", "category", "revenue", "vehicles")


def _june(category: str, revenue: str, vehicles: str) -> tuple[Any, ...]:
    return ("0001", "2025-06", category, Decimal(revenue), Decimal(vehicles))


def test_both_sums_of_a_month_and_category_are_kept(company: World) -> None:
    company.deliver(
        INVOICES,
        _accepted("VD1", "28000.08", "570", day=date(2025, 5, 1)),
        _accepted("VD2", "50", "2", day=date(2025, 5, 31)),
        _accepted("vd3", "4", "1", day=date(2025, 5, 31)),
        _accepted("SM1", "10.0001", "0.0001"),
    )

    outcome = company.run("parking_rates_actual")

    assert (outcome.end.state, outcome.end.rows_inserted) == ("succeeded", 2)
    assert _sums(company) == [
        ("0001", "2025-05", "valet_daily", Decimal("28054.08"), Decimal(573)),
        _june("self_monthly", "10.0001", "0.0001"),
    ]


@pytest.mark.parametrize(
    ("letters", "category"),
    [
        ("VD", "valet_daily"),
        ("VO", "valet_overnight"),
        ("VM", "valet_monthly"),
        ("SD", "self_daily"),
        ("SO", "self_overnight"),
        ("SM", "self_monthly"),
    ],
)
def test_the_first_two_letters_of_a_code_are_its_category(company: World, letters: str, category: str) -> None:
    company.deliver(INVOICES, *[_accepted(f"{letters}{kind}") for kind in (1, 2, 3)])

    company.run("parking_rates_actual")

    assert _sums(company) == [_june(category, "300", "30")]


def test_other_codes_and_the_daily_revenue_do_not_count(company: World) -> None:
    company.deliver(INVOICES, *[_accepted(code) for code in ("VD1", "VA1", "SA1", "OR1", "VD4", "VD", "", None)])
    company.deliver(revenue_daily_detail, _accepted("VD1"))

    outcome = company.run("parking_rates_actual")

    assert outcome.end.rows_read == 1
    assert _sums(company) == [_june("valet_daily", "100", "10")]


def test_spellings_of_a_site_add_up_and_corrections_are_negative(world: World) -> None:
    world.know_sites("0001", "TP1")
    rows = [_accepted(site=site) for site in ("0001", "1", " 1", "tp1", "TP1 ")]
    world.deliver(INVOICES, *rows, _accepted("VD3", "-30", "-3", site="1"), _accepted("SO1", "-5", "-1"))

    world.run("parking_rates_actual")

    assert _sums(world) == [
        _june("self_overnight", "-5", "-1"),
        _june("valet_daily", "270", "27"),
        ("TP1", "2025-06", "valet_daily", Decimal(200), Decimal(20)),
    ]


def test_revenue_without_vehicles_is_kept_with_none(company: World) -> None:
    company.deliver(INVOICES, _accepted(vehicles=None), _accepted("SM1", None, "4"))

    company.run("parking_rates_actual")

    assert _sums(company) == [_june("self_monthly", "0", "4"), _june("valet_daily", "100", "0")]


def test_the_window_is_the_current_and_the_two_months_before_up_to_the_business_date(company: World) -> None:
    days = [date(2025, 3, 31), date(2025, 4, 1), date(2025, 5, 15), TUESDAY, date(2025, 6, 11)]
    company.deliver(INVOICES, *[_accepted(revenue=str(day.day), day=day) for day in days])

    outcome = company.run("parking_rates_actual")

    assert outcome.slice == "recent-periods"
    assert [(row[1], row[3]) for row in _sums(company)] == [("2025-04", 1), ("2025-05", 15), ("2025-06", 10)]


def test_a_stretch_reads_its_months_as_a_whole(company: World) -> None:
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 2, 28), date(2025, 3, 1), date(2025, 6, 2)]
    company.deliver(INVOICES, *[_accepted(revenue=str(day.day), day=day) for day in days])
    company.run("parking_rates_actual")

    (outcome,) = company.run_all("parking_rates_actual", stretch=(date(2025, 1, 20), date(2025, 2, 3)))

    assert outcome.slice == "2025-01..2025-02"
    assert [(row[1], row[3]) for row in _sums(company)] == [("2025-01", 1), ("2025-02", 28), ("2025-06", 2)]


def test_a_category_that_is_gone_at_the_source_is_gone_here(company: World) -> None:
    company.deliver(INVOICES, _accepted("VD1"), _accepted("SD1"), _accepted("SD1", day=date(2025, 5, 1)))
    company.run("parking_rates_actual")
    company.withdraw(INVOICES, INVOICES.c.REVENUE_CODE == "SD1", INVOICES.c.DATE.in_([date(2025, 6, 2)]))

    outcome = company.run("parking_rates_actual")

    assert (outcome.end.state, outcome.end.rows_deleted) == ("succeeded", 1)
    assert [row[1:3] for row in _sums(company)] == [("2025-05", "self_daily"), ("2025-06", "valet_daily")]


def test_only_what_differs_is_written_and_nobody_is_told(company: World) -> None:
    company.deliver(INVOICES, _accepted("VD1"), _accepted("SD1"))
    first = company.run("parking_rates_actual")
    assert company.run("parking_rates_actual").end.state == "unchanged"
    company.deliver(INVOICES, _accepted("SD1", "1", "0"))

    second = company.run("parking_rates_actual")

    assert (second.end.state, second.end.rows_inserted, second.end.rows_updated) == ("succeeded", 0, 1)
    assert company.published(actual_parking_months, "category", "revenue", "sync_run_id") == [
        ("self_daily", Decimal(101), second.sync_run_id),
        ("valet_daily", Decimal(100), first.sync_run_id),
    ]
    assert (company.events(), company.inputs_versions()) == ([], {})


def test_rows_of_unknown_sites_are_counted_and_left_out(company: World) -> None:
    company.deliver(INVOICES, _accepted(), _accepted(site="9999"))

    outcome = company.run("parking_rates_actual")

    assert (outcome.end.state, outcome.end.rows_ignored, outcome.end.rows_rejected) == ("succeeded", 1, 0)
    assert _sums(company) == [_june("valet_daily", "100", "10")]


@pytest.mark.parametrize(
    ("row", "reject", "key"),
    [
        (_accepted("SD1", site="0-1"), ("INVALID_SITE", "site"), None),
        (_accepted("SD1", site=""), ("MISSING_FIELD", "site"), None),
        (_accepted("SD1", None, None), ("MISSING_FIELD", "revenue"), None),
        (_accepted("SD1", "1000000000"), ("VALUE_OUT_OF_RANGE", "revenue"), "0001 2025-06 self_daily"),
        (_accepted("SD1", "1", "-1000000000"), ("VALUE_OUT_OF_RANGE", "vehicles"), "0001 2025-06 self_daily"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(
    company: World, row: Row, reject: tuple[str, str], key: str | None
) -> None:
    company.deliver(INVOICES, *[_accepted() for _ in range(40)], row)

    outcome = company.run("parking_rates_actual")

    assert outcome.end.state == "succeeded"
    assert company.rejects(outcome) == [reject]
    assert company.published(sync_rejects, "business_key") == [key]
    assert _sums(company) == [_june("valet_daily", "4000", "400")]
