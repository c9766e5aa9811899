"""The feed of paid hours and dollars by site, day and job code."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared_code.messaging.message import FORECASTING_EVENTS, PL_REFRESH
from shared_code.sources.warehouse.objects import payroll_summary
from shared_code.storage import stamps
from shared_code.storage.tables.facts import actual_cutoffs, actual_payroll_days, feed_versions
from shared_code.storage.tables.job_codes import job_code_aliases, job_codes, site_job_codes
from shared_code.storage.tables.messages import outbox_messages
from shared_code.storage.tables.runs import sync_rejects
from tests.services.extraction.conftest import MakeWorld
from tests.services.extraction.world import NOON, TUESDAY, Row, World

MONDAY = date(2025, 6, 9)


def _paid(
    hours: str | None = "8",
    dollars: str | None = "120",
    *,
    site: str = "0001",
    title: str = "VALET",
    day: date = MONDAY,
    kind: str | None = "Regular",
) -> Row:
    return {
        "WORK_LOCATION": site,
        "TITLE": title,
        "DATE": day,
        "PAY_TYPE": kind,
        "TOTAL_HOURS": None if hours is None else Decimal(hours),
        "TOTAL_DOLLARS": None if dollars is None else Decimal(dollars),
    }


def _totals(world: World) -> list[Any]:
    return world.published(actual_payroll_days, "site_id", "work_date", "job_code_id", "hours_all", "dollars_all")


def _days(world: World) -> list[Any]:
    return world.published(actual_payroll_days, "work_date")


def _paid_through(world: World) -> list[Any]:
    return world.published(actual_cutoffs, "site_id", "period", "payroll_through")


def test_premium_pay_counts_in_all_and_not_without_premium_and_overtime_is_apart(company: World) -> None:
    company.deliver(
        payroll_summary,
        _paid("8", "120.50"),
        _paid("2", "45.25", kind="OT"),
        _paid("8", "16", kind="DIFFERENTIAL"),
        _paid("1", "15.25", kind="MEAL PREMIUM"),
        _paid("4", "60", kind=None),
        _paid("0.0001", "0.0001", kind="PTO"),
    )

    outcome = company.run("paid_hours")

    assert (outcome.end.state, outcome.end.rows_read, outcome.end.rows_inserted) == ("succeeded", 6, 1)
    names = ("hours_all", "hours_ex_premium", "overtime_hours", "dollars_all", "dollars_ex_premium", "row_count")
    assert company.published(actual_payroll_days, *names) == [
        (
            Decimal("23.0001"),
            Decimal("14.0001"),
            Decimal("2.0000"),
            Decimal("257.0001"),
            Decimal("225.7501"),
            6,
        )
    ]


def test_pay_types_are_known_in_any_case_and_padding(company: World) -> None:
    company.deliver(payroll_summary, _paid("2", "30", kind="ot "), _paid("1", "5", kind="Meal Premium  "))

    company.run("paid_hours")

    assert company.published(actual_payroll_days, "hours_all", "hours_ex_premium", "overtime_hours") == [(3, 2, 2)]


def test_the_settings_say_which_pay_types_are_premium_and_overtime(make_world: MakeWorld) -> None:
    world = make_world(job_rate_excluded_pay_types=("BONUS",), overtime_pay_types=("OT", "DT"))
    world.know_sites("0001")
    world.deliver(
        payroll_summary,
        _paid("1", "10", kind="BONUS"),
        _paid("2", "20", kind="DT"),
        _paid("4", "40", kind="DIFFERENTIAL"),
    )

    world.run("paid_hours")

    assert world.published(actual_payroll_days, "hours_all", "hours_ex_premium", "overtime_hours") == [(7, 6, 2)]


def test_spellings_of_a_site_and_a_title_add_up_to_one_fact(world: World) -> None:
    world.know_sites("0001", "TP01")
    world.deliver(
        payroll_summary,
        _paid("1", "10", site="0001", title="VALET RUNNER"),
        _paid("2", "20", site="1", title="valet runner"),
        _paid("4", "40", site=" 1 ", title=" Valet   Runner "),
        _paid("8", "80", site="tp01", title="Valet Runner"),
        _paid("16", "160", site="TP01 ", title="VALET RUNNER  "),
    )

    world.run("paid_hours")

    assert _totals(world) == [
        ("0001", MONDAY, "VALET RUNNER", Decimal(7), Decimal(70)),
        ("TP01", MONDAY, "VALET RUNNER", Decimal(24), Decimal(240)),
    ]
    assert world.published(actual_payroll_days, "row_count") == [2, 3]


def test_corrections_are_negative_and_kept(company: World) -> None:
    company.deliver(payroll_summary, _paid("8", "120"), _paid("-3", "-45.50"), _paid("-2", "-30", title="DOOR"))

    company.run("paid_hours")

    assert _totals(company) == [
        ("0001", MONDAY, "DOOR", Decimal(-2), Decimal(-30)),
        ("0001", MONDAY, "VALET", Decimal(5), Decimal("74.50")),
    ]


def test_a_title_never_seen_becomes_a_job_code_of_its_family_at_the_site(company: World) -> None:
    company.deliver(payroll_summary, _paid(title="gsa1"), _paid(title="Reporter/ Stenographer", day=date(2025, 6, 3)))

    company.run("paid_hours")

    assert company.published(job_codes, "job_code_id", "title", "job_family_id", "is_active") == [
        ("GSA1", "GSA1", "ground_support_agent", True),
        ("REPORTER_ STENOGRAPHER", "REPORTER/ STENOGRAPHER", None, True),
    ]
    assert company.published(site_job_codes, "site_id", "job_code_id", "last_seen_on") == [
        ("0001", "GSA1", MONDAY),
        ("0001", "REPORTER_ STENOGRAPHER", date(2025, 6, 3)),
    ]


def test_titles_that_would_make_one_code_are_numbered_and_keep_their_number(company: World) -> None:
    company.deliver(payroll_summary, _paid("1", title="A/B"), _paid("2", title="A*B"), _paid("4", title="A_B"))
    company.run("paid_hours")
    first = company.published(job_code_aliases, "source_text", "job_code_id")

    company.deliver(payroll_summary, _paid("8", title="A#B"))
    company.run("paid_hours")

    assert sorted(code for _, code in first) == ["A_B", "A_B_2", "A_B_3"]
    assert company.published(job_code_aliases, "source_text", "job_code_id") == sorted([*first, ("A#B", "A_B_4")])
    hours = {code: row_hours for _, _, code, row_hours, _ in _totals(company)}
    assert {title: hours[code] for title, code in first} == {"A/B": 1, "A*B": 2, "A_B": 4}
    assert hours["A_B_4"] == 8


def test_the_day_on_which_a_code_was_last_seen_never_goes_back(company: World) -> None:
    company.deliver(payroll_summary, _paid(), _paid(day=date(2025, 3, 1)))
    company.run("paid_hours")

    company.run_all("paid_hours", stretch=(date(2025, 3, 1), date(2025, 3, 31)))

    assert company.published(site_job_codes, "job_code_id", "last_seen_on") == [("VALET", MONDAY)]


def test_the_window_is_the_21_days_up_to_the_business_date(company: World) -> None:
    around = (TUESDAY - timedelta(days=21), TUESDAY - timedelta(days=20), TUESDAY, TUESDAY + timedelta(days=1))
    company.deliver(payroll_summary, *[_paid(day=day) for day in around])

    outcome = company.run("paid_hours")

    assert (outcome.slice, outcome.end.rows_read) == ("trailing-21", 2)
    assert _days(company) == [date(2025, 5, 21), TUESDAY]


def test_a_stretch_reads_its_own_days_and_leaves_the_others(company: World) -> None:
    days = [date(2025, 1, 31), date(2025, 2, 1), date(2025, 2, 28), date(2025, 3, 1), MONDAY]
    company.deliver(payroll_summary, *[_paid(day=day) for day in days])
    company.run("paid_hours")

    (outcome,) = company.run_all("paid_hours", stretch=(date(2025, 2, 1), date(2025, 2, 28)))

    assert (outcome.slice, outcome.end.rows_inserted) == ("2025-02-01..2025-02-28", 2)
    assert _days(company) == [date(2025, 2, 1), date(2025, 2, 28), MONDAY]


def test_the_last_paid_day_has_hours_or_dollars_and_is_not_after_the_business_date(company: World) -> None:
    company.deliver(
        payroll_summary,
        _paid("8", "0", day=date(2025, 6, 5)),
        _paid("0", "0", day=date(2025, 6, 8)),
        _paid("0", "12", day=date(2025, 5, 30)),
        _paid("0", "0", day=date(2025, 6, 7), site="0002"),
        _paid("8", "120", day=date(2025, 6, 20)),
    )

    company.run_all("paid_hours", stretch=(date(2025, 5, 1), date(2025, 6, 30)))

    assert _paid_through(company) == [
        ("0001", "2025-05", date(2025, 5, 30)),
        ("0001", "2025-06", date(2025, 6, 5)),
        ("0002", "2025-06", None),
    ]


def test_the_last_paid_day_goes_back_when_the_source_takes_the_day_away(company: World) -> None:
    company.deliver(payroll_summary, _paid(day=date(2025, 6, 5)), _paid())
    company.run("paid_hours")
    company.withdraw(payroll_summary, payroll_summary.c.DATE == MONDAY)

    outcome = company.run("paid_hours")

    assert (outcome.end.state, outcome.end.rows_deleted) == ("succeeded", 1)
    assert _days(company) == [date(2025, 6, 5)]
    assert _paid_through(company) == [("0001", "2025-06", date(2025, 6, 5))]


def test_a_day_that_becomes_the_present_one_counts_without_a_change_at_the_source(company: World) -> None:
    company.deliver(payroll_summary, _paid(), _paid(day=TUESDAY))
    stretch = (date(2025, 6, 1), date(2025, 6, 30))
    company.run_all("paid_hours", MONDAY, stretch=stretch)
    company.execute(outbox_messages.delete())

    (outcome,) = company.run_all("paid_hours", TUESDAY, stretch=stretch)

    assert (outcome.end.state, outcome.end.rows_inserted, outcome.end.rows_updated) == ("succeeded", 0, 0)
    assert _paid_through(company) == [("0001", "2025-06", TUESDAY)]
    assert company.inputs_versions() == {"0001:2025": 2}


def test_a_second_run_over_the_same_rows_changes_nothing(company: World) -> None:
    company.deliver(payroll_summary, _paid(), _paid(site="1"), _paid("0", "0", site="0002", title="gsa1"))
    first = company.run("paid_hours")
    told, codes = company.events(), company.published(site_job_codes, "site_id", "job_code_id", "version")

    outcome = company.run("paid_hours")

    assert (first.end.state, outcome.end.state) == ("succeeded", "unchanged")
    assert company.events() == told
    assert company.inputs_versions() == {"0001:2025": 1, "0002:2025": 1}
    assert company.published(site_job_codes, "site_id", "job_code_id", "version") == codes
    assert set(company.published(actual_payroll_days, "sync_run_id")) == {first.sync_run_id}


def test_a_change_concerns_its_own_site_months_and_site_years_only(company: World) -> None:
    new_year = date(2026, 1, 5)
    company.deliver(payroll_summary, *[_paid(site=site, day=new_year) for site in ("0001", "0002", "0003")])
    company.run("paid_hours", new_year)
    company.execute(outbox_messages.delete())
    company.deliver(
        payroll_summary,
        _paid(site="0001", day=date(2025, 12, 20)),
        _paid(site="0001", day=date(2025, 12, 21)),
        _paid(site="0001", day=new_year),
        _paid(site="0002", day=new_year),
    )

    company.run("paid_hours", new_year)

    assert company.inputs_versions() == {"0001:2025": 1, "0001:2026": 2, "0002:2026": 2, "0003:2026": 1}
    assert company.events() == [
        *[(FORECASTING_EVENTS, "ActualsLoaded", site) for site in ("0001", "0001", "0002")],
        *[(PL_REFRESH, "ActualsLoaded", site) for site in ("0001", "0001", "0002")],
    ]
    told = [json.loads(text) for text in company.published(outbox_messages, "payload")]
    assert sorted((body["siteId"], body["period"]) for body in told) == [
        ("0001", "2025"),
        ("0001", "2025-12"),
        ("0001", "2026"),
        ("0001", "2026-01"),
        ("0002", "2026"),
        ("0002", "2026-01"),
    ]


def test_a_job_code_that_was_not_known_is_told_once_for_every_site_that_named_it(company: World) -> None:
    company.deliver(payroll_summary, _paid(), _paid(site="0002"), _paid(site="0002", title="GSA"))
    company.run("paid_hours")
    discovered = sorted(
        (body["siteId"], body["jobCode"])
        for body in map(json.loads, company.published(outbox_messages, "payload"))
        if body["eventType"] == "JobCodeDiscovered"
    )
    assert discovered == [("0001", "VALET"), ("0002", "GSA"), ("0002", "VALET")]
    company.execute(outbox_messages.delete())
    company.deliver(payroll_summary, _paid(site="0003"))

    company.run("paid_hours")

    assert "JobCodeDiscovered" not in {subject for _, subject, _ in company.events()}


def test_rows_of_unknown_sites_are_counted_and_make_no_job_code(company: World) -> None:
    company.deliver(payroll_summary, _paid(), _paid(site="9999", title="STRANGER"))

    outcome = company.run("paid_hours")

    assert (outcome.end.state, outcome.end.rows_ignored, outcome.end.rows_rejected) == ("succeeded", 1, 0)
    assert company.published(job_codes, "job_code_id") == ["VALET"]


@pytest.mark.parametrize(
    ("row", "reject", "key"),
    [
        (_paid(site="00-1"), ("INVALID_SITE", "site"), None),
        (_paid(site="  "), ("MISSING_FIELD", "site"), None),
        (_paid(title=" "), ("MISSING_FIELD", "job_title"), None),
        (_paid("1000000000", title="gsa1"), ("VALUE_OUT_OF_RANGE", "hours_all"), "0001 2025-06-09 GSA1"),
        (_paid("1", "-1000000000", title="gsa1"), ("VALUE_OUT_OF_RANGE", "dollars_all"), "0001 2025-06-09 GSA1"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(
    company: World, row: Row, reject: tuple[str, str], key: str | None
) -> None:
    company.deliver(payroll_summary, *[_paid(day=date(2025, 5, 21 + number % 10)) for number in range(40)], row)

    outcome = company.run("paid_hours")

    assert (outcome.end.state, outcome.end.rows_rejected) == ("succeeded", 1)
    assert company.rejects(outcome) == [reject]
    assert company.published(sync_rejects, "business_key") == [key]
    assert company.published(job_codes, "job_code_id") == ["VALET"]


def test_the_largest_figure_is_kept(company: World) -> None:
    company.deliver(payroll_summary, _paid("999999999", "-999999999"))

    company.run("paid_hours")

    assert _totals(company) == [("0001", MONDAY, "VALET", Decimal(999_999_999), Decimal(-999_999_999))]


def test_a_record_may_have_hours_without_dollars(company: World) -> None:
    company.deliver(payroll_summary, _paid("8", None))

    company.run("paid_hours")

    assert _totals(company) == [("0001", MONDAY, "VALET", Decimal(8), Decimal(0))]


@pytest.mark.parametrize(("last", "status"), [(date(2025, 6, 8), "ok"), (date(2025, 6, 7), "stale")])
def test_what_is_older_than_it_should_be_is_published_and_marked(company: World, last: date, status: str) -> None:
    company.deliver(payroll_summary, _paid(day=last), _paid("0", "0", day=TUESDAY))

    company.run("paid_hours")

    assert company.published(
        feed_versions, "content_through", "status", where=feed_versions.c.feed == "paid_hours"
    ) == [(last, status)]


def test_a_code_that_an_administrator_has_entered_is_what_its_title_stands_for(company: World) -> None:
    entered = {"job_code_id": "RUN", "title": "Valet Runner", "first_seen_at": NOON, **stamps.inserted("t", NOON)}
    company.write(job_codes, entered)
    company.deliver(payroll_summary, _paid(title="VALET RUNNER"))

    company.run("paid_hours")

    assert [row[2] for row in _totals(company)] == ["RUN"]
