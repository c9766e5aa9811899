"""The payroll budget: by profile as it was read, and by job code as it is worked."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared_code.messaging.message import FORECASTING_EVENTS, PL_REFRESH
from shared_code.services.extraction.run import RunOutcome
from shared_code.sources.warehouse.objects import budget_datatab_pr
from shared_code.storage import job_profiles, stamps
from shared_code.storage.tables.facts import budget_payroll_job_months, budget_payroll_months
from shared_code.storage.tables.job_codes import job_codes, site_job_codes
from shared_code.storage.tables.mappings import job_profile_mappings
from shared_code.storage.tables.messages import outbox_messages
from shared_code.storage.tables.runs import sync_rejects
from shared_code.storage.tables.staging import stg_budget_payroll_jobs
from tests.services.extraction.world import NOON, World


@pytest.fixture
def company(world: World) -> World:
    """Sites 0001 and 0002; at 0001 work three valets, one doorman and no GSA."""
    world.know_sites("0001", "0002")
    _employ(world, "0001", VALET=3, DOOR=1, GSA=0)
    world.execute(outbox_messages.delete())
    return world


def _employ(world: World, site_id: str, **employees: int) -> None:
    stamp = stamps.inserted("test", NOON)
    known = set(world.published(job_codes, "job_code_id"))
    for code, count in employees.items():
        if code not in known:
            world.write(job_codes, {"job_code_id": code, "title": code, "first_seen_at": NOON, **stamp})
        world.write(site_job_codes, {"site_id": site_id, "job_code_id": code, "active_employee_count": count, **stamp})


def _map(world: World, profile: str, *codes: str, first: str = "2025-01", last: str | None = None) -> None:
    rows = [
        {"site_id": "0001", "job_profile": profile, "job_code_id": code, "effective_from": first, "effective_to": last}
        for code in codes
    ]
    world.write(job_profile_mappings, *[{**row, "source": "manual", **stamps.inserted("t", NOON)} for row in rows])


def _plan(
    world: World,
    profile: str,
    hours: str | None,
    dollars: str | None,
    *,
    site: str = "0001",
    month: int | None = 6,
    year: int = 2025,
) -> None:
    row = {"COST_CENTER": site, "YEAR": year, "MONTH": month, "JOB_PROFILE": profile}
    for kind, value in (("PR Hours", hours), ("Payroll", dollars)):
        if value is not None:
            world.deliver(budget_datatab_pr, {**row, "BALANCE_DESC": kind, "BALANCE": Decimal(value)})


def _run(world: World) -> RunOutcome:
    """The run of the current year."""
    outcome, _ = world.run_all("budget_payroll")
    return outcome


def _profiles(world: World) -> list[Any]:
    return world.published(budget_payroll_months, "period", "job_profile", "hours", "dollars", "treatment")


def _codes(world: World) -> list[Any]:
    return world.published(budget_payroll_job_months, "period", "job_code_id", "hours", "dollars")


def test_a_profile_goes_to_the_code_with_its_name(company: World) -> None:
    _plan(company, "Valet ", "160", "2400.50")

    outcome = _run(company)

    assert outcome.end.state == "succeeded"
    assert _profiles(company) == [("2025-06", "VALET", Decimal(160), Decimal("2400.50"), "mapped")]
    assert _codes(company) == [("2025-06", "VALET", Decimal(160), Decimal("2400.50"))]


def test_a_mapped_profile_is_shared_by_active_employees(company: World) -> None:
    _map(company, "Front Door Team", "VALET", "DOOR", "NOBODY")
    _plan(company, "FRONT DOOR TEAM", "100", "1000")

    _run(company)

    assert _codes(company) == [
        ("2025-06", "DOOR", Decimal(25), Decimal(250)),
        ("2025-06", "VALET", Decimal(75), Decimal(750)),
    ]


def test_a_mapping_holds_for_its_months(company: World) -> None:
    _map(company, "TEAM", "VALET", last="2025-05")
    _map(company, "TEAM", "DOOR", first="2025-06")
    for month in (5, 6):
        _plan(company, "TEAM", "10", "100", month=month)

    _run(company)

    assert [row[:2] for row in _codes(company)] == [("2025-05", "VALET"), ("2025-06", "DOOR")]


def test_a_profile_that_reaches_no_code_stays_visible(company: World) -> None:
    _plan(company, "Pilot", "10", "100")
    _plan(company, "VALET", "10", "100", site="0002")

    _run(company)

    assert [row[4] for row in _profiles(company)] == ["unmapped", "unmapped"]
    assert _codes(company) == []


def test_shift_differentials_are_counted_and_not_allocated(company: World) -> None:
    _plan(company, "Shift Differential", "10", "100")
    _plan(company, "VALET", "10", "100")

    _run(company)

    assert [row[1] + " " + row[4] for row in _profiles(company)] == ["SHIFT DIFFERENTIAL excluded", "VALET mapped"]
    assert _codes(company) == [("2025-06", "VALET", Decimal(10), Decimal(100))]


@pytest.mark.parametrize(("hours", "dollars"), [("10", None), (None, "100")])
def test_a_profile_may_have_hours_without_dollars_or_dollars_without_hours(
    company: World, hours: str | None, dollars: str | None
) -> None:
    _plan(company, "VALET", hours, dollars)

    outcome = _run(company)

    assert (outcome.end.state, outcome.end.error_text) == ("succeeded", None)
    assert _profiles(company) == [("2025-06", "VALET", Decimal(hours or 0), Decimal(dollars or 0), "mapped")]


def test_the_parts_of_a_shared_profile_add_up_to_it_exactly(company: World) -> None:
    _map(company, "TEAM", "VALET", "DOOR", "GSA")
    company.execute(site_job_codes.update().values(active_employee_count=0))
    _plan(company, "TEAM", "100", "-0.00001")

    _run(company)

    parts = _codes(company)
    assert (sum(row[2] for row in parts), sum(row[3] for row in parts)) == (Decimal(100), Decimal("-0.00001"))
    assert max(row[2] for row in parts) - min(row[2] for row in parts) == Decimal("0.00001")


def test_spellings_of_a_profile_are_one_and_corrections_are_negative(company: World) -> None:
    _plan(company, "VALET", "10", "100")
    _plan(company, "valet ", "-4", "-150")
    _plan(company, "Valet", "1", "1", site=" 1")

    _run(company)

    assert _profiles(company) == [("2025-06", "VALET", Decimal(7), Decimal(-49), "mapped")]
    assert _codes(company) == [("2025-06", "VALET", Decimal(7), Decimal(-49))]


def test_only_hours_and_payroll_are_read(company: World) -> None:
    _plan(company, "VALET", "10", "100")
    row = {"COST_CENTER": "0001", "YEAR": 2025, "MONTH": 6, "JOB_PROFILE": "VALET", "BALANCE": Decimal(9)}
    company.deliver(budget_datatab_pr, *[{**row, "BALANCE_DESC": text} for text in ("Headcount", "Bonus", None)])
    company.deliver(budget_datatab_pr, {**row, "BALANCE_DESC": "pr hours "})

    outcome = _run(company)

    assert (outcome.end.state, outcome.end.rows_read) == ("succeeded", 3)
    assert _codes(company) == [("2025-06", "VALET", Decimal(19), Decimal(100))]


def test_the_current_and_the_next_year_are_read_and_of_a_stretch_its_years(company: World) -> None:
    for year in (2023, 2024, 2025, 2026, 2027):
        _plan(company, "VALET", "1", "1", year=year)
    company.run_all("budget_payroll")
    assert [row[0] for row in _codes(company)] == ["2025-06", "2026-06"]

    outcomes = company.run_all("budget_payroll", stretch=(date(2024, 3, 1), date(2024, 3, 1)))

    assert [outcome.slice for outcome in outcomes] == ["year-2024"]
    assert [row[0] for row in _codes(company)] == ["2024-06", "2025-06", "2026-06"]


def test_a_change_is_told_as_budget_by_its_own_site_month_and_site_year(company: World) -> None:
    _employ(company, "0002", VALET=1)
    for site in ("0001", "0002"):
        _plan(company, "VALET", "1", "1", site=site)
    _run(company)
    assert _run(company).end.state == "unchanged"
    company.execute(outbox_messages.delete())
    _plan(company, "VALET", "1", "1", site="0002", month=7)

    _run(company)

    assert company.inputs_versions() == {"0001:2025": 1, "0002:2025": 2}
    assert company.events() == [
        (FORECASTING_EVENTS, "BudgetLoaded", "0002"),
        (PL_REFRESH, "BudgetLoaded", "0002"),
    ]


@pytest.mark.parametrize(
    ("plan", "reject", "key"),
    [
        ({"month": 13}, ("INVALID_PERIOD", "month"), "0001 2025 13 PILOT"),
        ({"month": 0}, ("INVALID_PERIOD", "month"), "0001 2025 0 PILOT"),
        ({"month": None}, ("MISSING_FIELD", "month"), None),
        ({"site": "0-1"}, ("INVALID_SITE", "site"), None),
        ({"hours": "1000000000"}, ("VALUE_OUT_OF_RANGE", "hours"), "0001 2025 6 PILOT"),
        ({"profile": " "}, ("MISSING_FIELD", "job_profile"), None),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(
    company: World, plan: dict[str, Any], reject: tuple[str, str], key: str | None
) -> None:
    for _ in range(40):
        _plan(company, "VALET", "1", None)
    _plan(company, **{"profile": "Pilot", "hours": "1", "dollars": None, **plan})

    outcome = _run(company)

    assert outcome.end.state == "succeeded"
    assert company.rejects(outcome) == [reject]
    assert company.published(sync_rejects, "business_key") == [key]
    assert [row[1] for row in _profiles(company)] == ["VALET"]


def test_rows_of_unknown_sites_are_counted_and_left_out(company: World) -> None:
    _plan(company, "VALET", "1", None)
    _plan(company, "VALET", "1", None, site="9999")

    outcome = _run(company)

    assert (outcome.end.state, outcome.end.rows_ignored, outcome.end.rows_rejected) == ("succeeded", 1, 0)


def test_hires_move_the_budget_and_the_pnl_is_told(company: World) -> None:
    _map(company, "TEAM", "VALET", "DOOR")
    _plan(company, "TEAM", "100", "1000")
    _run(company)
    company.execute(
        site_job_codes.update().where(site_job_codes.c.job_code_id == "DOOR").values(active_employee_count=3)
    )

    outcome = _run(company)

    assert (outcome.end.state, outcome.end.rows_updated) == ("succeeded", 2)
    assert {row[3] for row in _codes(company)} == {Decimal(500)}
    assert company.inputs_versions() == {"0001:2025": 2}


def test_spellings_of_a_site_are_added_before_they_are_shared(company: World) -> None:
    _plan(company, "VALET", "0.00001", "1", site="0001")
    _plan(company, "VALET", "0.00001", "1", site="1")

    _run(company)

    assert _codes(company) == [("2025-06", "VALET", Decimal("0.00002"), Decimal(2))]


def test_a_month_that_there_is_not_is_left_out(company: World) -> None:
    for _ in range(30):
        _plan(company, "VALET", "1", "1")
    _plan(company, "VALET", "1", "1", month=0)

    outcome = _run(company)

    assert outcome.end.state == "succeeded"
    assert [row[0] for row in _profiles(company)] == ["2025-06"]


def test_next_year_may_be_empty_and_is_loaded_when_it_is_there(company: World) -> None:
    _plan(company, "VALET", "1", "1")
    assert [outcome.end.state for outcome in company.run_all("budget_payroll")] == ["succeeded", "unchanged"]
    _plan(company, "VALET", "2", "2", year=2026)

    assert [outcome.end.state for outcome in company.run_all("budget_payroll")] == ["unchanged", "succeeded"]
    assert [row[0] for row in _codes(company)] == ["2025-06", "2026-06"]


def test_what_is_gone_at_the_source_is_gone_here(company: World) -> None:
    _plan(company, "VALET", "1", "1")
    _plan(company, "DOOR", "1", "1")
    _plan(company, "GSA", "1", "1")
    _run(company)
    company.withdraw(budget_datatab_pr, budget_datatab_pr.c.JOB_PROFILE == "GSA")

    outcome = _run(company)

    assert (outcome.end.state, outcome.end.rows_deleted) == ("succeeded", 2)
    assert [row[1] for row in _codes(company)] == ["DOOR", "VALET"]


def test_staged_job_codes_are_kept_no_longer_than_the_others(company: World) -> None:
    _plan(company, "VALET", "1", "1")
    runs = [_run(company).sync_run_id for _ in range(5)]

    assert sorted(set(company.published(stg_budget_payroll_jobs, "sync_run_id"))) == sorted(runs[-2:])


def test_many_sites_are_mapped_in_portions(company: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_profiles, "SITES_AT_ONCE", 2)
    codes = [f"{number:04d}" for number in range(1, 8)]
    company.know_sites(*codes)
    for site in codes:
        if site != "0001":
            _employ(company, site, VALET=1)
        _plan(company, "VALET", site, "1", site=site)

    _run(company)

    assert company.published(budget_payroll_job_months, "site_id", "hours") == [(code, Decimal(code)) for code in codes]


amounts = st.decimals(min_value=-(10**6), max_value=10**6, places=5)
profiles = st.sampled_from(["VALET", "TEAM", "PILOT", "SHIFT DIFFERENTIAL"])


@given(st.dictionaries(st.tuples(profiles, st.integers(1, 12)), st.tuples(amounts, amounts), min_size=1, max_size=10))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_allocated_excluded_and_unmapped_are_everything(
    company: World, budget: dict[tuple[str, int], tuple[Decimal, Decimal]]
) -> None:
    company.withdraw(budget_datatab_pr)
    company.execute(job_profile_mappings.delete())
    _map(company, "TEAM", "VALET", "DOOR", "GSA")
    for (profile, month), (hours, dollars) in budget.items():
        _plan(company, profile, str(hours), str(dollars), month=month)

    outcome, _ = company.run_all("budget_payroll", date(2025, 6, 10), lift=True)

    assert outcome.end.state in {"succeeded", "unchanged"}
    for position, column in ((0, "hours"), (1, "dollars")):
        left = [row for row in company.published(budget_payroll_months, column, "treatment") if row[1] != "mapped"]
        allocated = sum(company.published(budget_payroll_job_months, column), Decimal(0))
        assert allocated + sum(row[0] for row in left) == sum(values[position] for values in budget.values())
