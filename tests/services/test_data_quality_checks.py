"""Every check of the stored data: what it finds, and what it lets pass."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared_code.domain.quality_rules import GUARDS, Severity
from shared_code.services.quality.terms import feeds_in_use, terms_of
from shared_code.services.quality.validation import PARTS
from shared_code.sql.types import new_identifier
from shared_code.storage.quality.catalogue import CHECKS
from shared_code.storage.quality.check import EVERY_FEED, MAX_KEYS, Check
from shared_code.storage.quality.fact_checks import FACTS, Facts
from shared_code.storage.runs import Reject
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.facts import (
    actual_account_months,
    actual_parking_months,
    actual_statistic_days,
    budget_payroll_job_months,
    budget_payroll_months,
)
from shared_code.storage.tables.job_codes import job_codes, site_job_code_rates, site_job_codes
from shared_code.storage.tables.messages import cache_versions
from shared_code.storage.tables.organisation import districts, site_organizations, sites
from shared_code.storage.tables.results import calculation_requests, pnl_results, pnl_site_years
from tests.support.operational import executed_statements, t_sql
from tests.support.quality_world import SITE, QualityWorld
from tests.support.t_sql_rules import breaches

Do = Callable[[QualityWorld], Any]
Key = tuple[str | None, str | None, str | None]
"""Site, period and field of a finding."""
FEED = "ledger"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QualityWorld]:
    world = QualityWorld(tmp_path)
    yield world
    world.close()


def _ran(*arguments: Any, **values: Any) -> Do:
    return lambda world: world.ran(FEED, *arguments, **values)


def _put(table: Any, **values: Any) -> Do:
    return lambda world: world.put(table, **values)


def _both(*steps: Do) -> Do:
    return lambda world: [step(world) for step in steps]


_GOOD = {"rows_read": 1000, "rows_rejected": 50, "completeness": Decimal("0.95")}
_BEFORE = _ran(hours_ago=24, rows_read=6400)
_EMPTY = {"error_code": "EMPTY_FEED"}
_REFUSED = Reject("MISSING_FIELD", "balance", {})
_NOW = {"superseded_at": None, "end_date": None}
_AWAY = {"error_code": "SOURCE_TIMEOUT"}

PAIRS: dict[str, tuple[Do, Do, Key]] = {
    "runs.completeness": (
        _ran(**_GOOD),
        _ran(hours_ago=0, rows_read=1000, completeness=Decimal("0.949999")),
        (None, None, "completeness"),
    ),
    "runs.reject_ratio": (
        _ran(**_GOOD),
        _ran(hours_ago=0, **_GOOD | {"rows_rejected": 51}),
        (None, None, "rows_rejected"),
    ),
    "runs.drift": (
        _both(_BEFORE, _ran(hours_ago=2, rows_read=3200), _ran("failed", slice_="b", rows_read=0, **_AWAY)),
        _ran("aborted", hours_ago=0, rows_read=1599, **_EMPTY),
        (None, None, "rows_read"),
    ),
    "runs.incomplete_read": (_ran(), _ran("failed", hours_ago=0, error_code="INCOMPLETE_READ"), (None, None, None)),
    "runs.never_delivered": (
        _both(_BEFORE, _ran("aborted", hours_ago=2, rows_read=0, **_EMPTY)),
        _ran("aborted", slice_="b", rows_read=0, **_EMPTY),
        (None, None, "rows_read"),
    ),
    "runs.failed": (
        _both(_ran("failed", **_AWAY), _ran("aborted", slice_="b", **_EMPTY), _ran("skipped", hours_ago=0)),
        _ran("failed", hours_ago=0, error_code="SOURCE_SCHEMA_MISMATCH"),
        (None, None, None),
    ),
    "runs.source_away": (_ran(), _ran("failed", hours_ago=0, **_AWAY), (None, None, None)),
    "runs.refused_rows": (
        _both(_ran(hours_ago=2, rejects=[_REFUSED]), _ran()),
        _ran(hours_ago=0, rejects=[_REFUSED]),
        (None, None, "balance"),
    ),
    "runs.recent_success": (
        _both(_ran("unchanged", hours_ago=25), _ran("failed", **_AWAY)),
        lambda world: setattr(world.clock, "moment", world.clock.moment.replace(second=1)),
        (None, None, "started_at"),
    ),
    "runs.content_age": (
        lambda world: world.publish(FEED, date(2025, 6, 8)),
        lambda world: setattr(world.clock, "moment", world.clock.moment.replace(day=11, hour=0, minute=0, second=1)),
        (None, "2025-06", "content_through"),
    ),
    "sites.belongings": (
        _both(
            _put(site_organizations, effective_from="2025-01", effective_to="2025-03"),
            _put(site_organizations, effective_from="2025-04", effective_to=None),
        ),
        _put(site_organizations, effective_from="2025-06", effective_to=None),
        (SITE, "2025-06", "district_code"),
    ),
    "sites.district_names": (
        _put(districts, district_code="D1", name="North", region_code=None),
        _put(districts, district_code="D2", name="NORTH", region_code=None),
        (None, None, "D1"),
    ),
    "wage_rates.titles": (
        _put(job_codes, job_code_id="OLD", title="agent", is_active=False, job_family_id=None, job_group_id=None),
        _put(job_codes, job_code_id="NEW", title="AGENT", job_family_id=None, job_group_id=None),
        (None, None, "GSA"),
    ),
    "salaries.range": (
        _put(site_job_codes, allocated_annual_salary=Decimal(999_999_999)),
        _both(
            _put(job_codes, job_code_id="MGR", title="Manager", job_family_id=None, job_group_id=None),
            _put(site_job_codes, job_code_id="MGR", allocated_annual_salary=Decimal(1_000_000_000)),
        ),
        (SITE, None, "MGR"),
    ),
    "job_code_rates.range": (
        _both(
            _put(site_job_codes),
            *[
                _put(site_job_code_rates, hourly_rate=Decimal(rate), calculation_method=by, effective_date=day, **rest)
                for rate, by, day, rest in (
                    ("5", "average", date(2025, 6, 1), _NOW),
                    ("200", "average", date(2025, 6, 2), _NOW),
                    ("4", "manual", date(2025, 6, 3), _NOW),
                    ("4", "average", date(2025, 6, 4), {"end_date": None}),
                    ("4", "average", date(2025, 1, 1), {"superseded_at": None, "end_date": date(2025, 3, 31)}),
                )
            ],
        ),
        _put(
            site_job_code_rates,
            hourly_rate=Decimal("200.000001"),
            calculation_method="weighted_average",
            effective_date=date(2025, 6, 5),
            **_NOW,
        ),
        (SITE, "2025-06", "GSA"),
    ),
    "daily_revenue.occupancy": (
        _put(actual_statistic_days, occupied_rooms=Decimal(100)),
        _put(actual_statistic_days, stat_date=date(2025, 5, 30), occupied_rooms=Decimal("100.0001")),
        (SITE, "2025-05", "occupied_rooms"),
    ),
    "parking_rates_actual.price": (
        _both(
            _put(actual_parking_months, category="valet_daily", revenue=Decimal(-10), vehicles=Decimal(-1)),
            _put(actual_parking_months, category="self_daily", revenue=Decimal(0), vehicles=Decimal(0)),
        ),
        _put(actual_parking_months, category="self_monthly", revenue=Decimal(0), vehicles=Decimal(3)),
        (SITE, "2025-05", "self_monthly"),
    ),
    "budget_payroll.allocation": (
        _both(
            _put(budget_payroll_months, treatment="mapped", hours=Decimal(30)),
            _put(budget_payroll_months, job_profile="X", treatment="unmapped", hours=Decimal(7)),
            _put(budget_payroll_job_months, hours=Decimal(30)),
        ),
        _put(budget_payroll_months, period="2025-06", treatment="mapped", hours=Decimal(1)),
        (SITE, "2025-06", "hours"),
    ),
    "pnl_results.site_year": (
        _both(_put(pnl_site_years, year=2025), _put(pnl_results)),
        _put(pnl_results, period="2024-12"),
        (SITE, "2024-12", "pnl_site_years"),
    ),
    "pnl_site_years.results": (
        _both(_put(pnl_site_years, year=2025), _put(pnl_results)),
        _put(pnl_site_years, year=2026),
        (SITE, "2026", "pnl_results"),
    ),
    "pnl_site_years.site": (
        _put(pnl_site_years),
        _put(pnl_site_years, site_id="9999", year=2025),
        ("9999", "2025", "sites"),
    ),
    "pnl_site_years.version": (
        _both(
            _put(cache_versions, tag=f"inputs:{SITE}:2025", version=3),
            _put(pnl_site_years, year=2025, inputs_version=3),
            _put(pnl_site_years, year=2024, inputs_version=0),
        ),
        _put(pnl_site_years, year=2026, inputs_version=1),
        (SITE, "2026", "inputs_version"),
    ),
    "calculation_requests.version": (
        _put(calculation_requests, year=2025, computed_version=None, state="done"),
        _put(calculation_requests, request_id=new_identifier(), year=2025, computed_version=1, state="done"),
        (SITE, "2025", "computed_version"),
    ),
}  # fmt: skip
"""Of every check what it lets pass, what it then finds, and under which key."""


def _of_facts(facts: Facts) -> Iterator[tuple[str, tuple[Do, Do, Key]]]:
    """The pairs of the checks that every table of facts has in common."""
    table = facts.table
    name = f"{facts.source}.{table.name}"
    later: dict[str, Any] = {facts.time: date(2025, 6, 1) if facts.has_days else "2025-06"}
    largest = 999_999_999 if facts.source != "shifts" else 999_999_999 * 60
    limit, beyond = ({measure: type_(sign * (largest + more)) for measure in facts.measures[-1:]}
                     for type_, sign, more in ((_kind(facts), -1, 0), (_kind(facts), 1, 1)))  # fmt: skip
    yield f"{name}.range", (_put(table, **limit), _put(table, **later | beyond), (SITE, "2025-06", facts.measures[-1]))
    for rule, broken, key in (
        ("unknown_site", {"site_id": "9999"}, ("9999", "2025-05", "site_id")),
        ("unknown_run", later | {"sync_run_id": new_identifier()}, (SITE, "2025-06", "sync_run_id")),
        ("invalid_period", {"period": "2025-13"}, (SITE, "2025-13", "period")),
        ("unknown_account", {"main_account": "9999"}, (SITE, "2025-05", "9999")),
        ("unknown_job_code", {"job_code_id": "XXX"}, (SITE, "2025-05", "job_code_id")),
    ):
        yield f"{name}.{rule}", (_put(table), _put(table, **broken), key)
    without_line = _put(accounts, main_account="7999", pnl_line="unmapped")
    yield (
        f"{name}.unmapped_account",
        (
            _both(without_line, _put(table), _put(table, main_account="7999", balance=Decimal(0))),
            _put(table, **later | {"main_account": "7999", "balance": Decimal(1)}),
            (SITE, "2025-06", "7999"),
        ),
    )


def _kind(facts: Facts) -> Callable[[int], Any]:
    return int if facts.source == "shifts" else Decimal


ALL_PAIRS = PAIRS | {name: pair for facts in FACTS for name, pair in _of_facts(facts)}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_finds_what_breaks_its_rule_and_lets_the_rest_pass(check: Check, world: QualityWorld) -> None:
    fine, broken, key = ALL_PAIRS[check.name]
    fine(world)
    assert world.found(check, FEED) == []

    broken(world)

    [finding] = world.found(check, FEED)
    assert (finding.site_id, finding.period, finding.field) == key
    assert finding.source == (FEED if check.source == EVERY_FEED else check.source)
    assert (finding.severity, finding.rows) == (check.rule.severity, 1)
    assert finding.code == check.rule.code or check.name in {"runs.failed", "runs.source_away", "runs.refused_rows"}


def test_every_check_has_a_name_of_its_own_and_a_source_that_is_validated() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    validated = {source for part in PARTS for source in part}
    assert {check.source for check in CHECKS} <= validated | {EVERY_FEED}


def test_every_feed_is_validated_under_any_settings(tmp_path: Path) -> None:
    world = QualityWorld(tmp_path, budget_source="edw_then_api", workday_source="api")
    assert {*feeds_in_use(world.runtime.settings)} <= {source for part in PARTS for source in part}
    world.close()


def test_the_guards_of_a_read_block_also_when_they_are_looked_at_afterwards() -> None:
    assert {guard.severity for guard in GUARDS} == {Severity.BLOCK}
    assert set(GUARDS) <= {check.rule for check in CHECKS}


def test_a_finding_tells_the_error_and_the_reason_that_the_run_gives(world: QualityWorld) -> None:
    world.ran(FEED, "failed", error_code="SOURCE_PERMISSION", rejects=[Reject("INVALID_SITE", "site", {})] * 3)
    found = {check.name: world.found(check, FEED) for check in CHECKS if check.source == EVERY_FEED}

    assert [finding.code for finding in found["runs.failed"]] == ["SOURCE_PERMISSION"]
    assert [(finding.code, finding.rows) for finding in found["runs.refused_rows"]] == [("INVALID_SITE", 3)]


def _named(name: str) -> Check:
    return next(check for check in CHECKS if check.name == name)


def test_changes_that_are_asked_for_may_be_few(world: QualityWorld) -> None:
    world.ran("budget_api", slice_="changes-year-2025", hours_ago=24, rows_read=500)
    world.ran("budget_api", slice_="changes-year-2025", rows_read=0)
    assert world.found(_named("runs.drift"), "budget_api") == []


def test_a_kind_of_slice_that_is_not_read_any_more_is_forgotten(world: QualityWorld) -> None:
    world.ran(FEED, "failed", slice_="2024-01..2024-03", hours_ago=9 * 24, error_code="SOURCE_PERMISSION")
    assert world.found(_named("runs.failed"), FEED) == []


def test_feeds_that_were_never_read_are_without_success(world: QualityWorld) -> None:
    found = world.found(_named("runs.recent_success"), "budget", FEED, "sites")
    assert [finding.source for finding in found] == ["budget", FEED]


def test_facts_of_months_that_no_feed_reads_any_more_are_not_looked_at(world: QualityWorld) -> None:
    check = _named("ledger.actual_account_months.range")
    world.put(actual_account_months, period="2025-03", amount=Decimal(10**9))
    assert world.found(check) == []
    world.put(actual_account_months, period="2025-04", amount=Decimal(10**9))
    assert [finding.period for finding in world.found(check)] == ["2025-04"]


def test_rows_of_one_key_are_counted_and_keys_beyond_the_limit_are_counted_together(world: QualityWorld) -> None:
    check = _named("ledger.actual_account_months.unknown_site")
    for number in range(MAX_KEYS + 3):
        world.put(actual_account_months, site_id=f"X{number:03d}")
    world.put(actual_account_months, site_id="X000", entity="02")

    found = world.found(check)

    assert [(finding.site_id, finding.rows) for finding in found[:2]] == [("X000", 2), ("X001", 1)]
    assert len(found) == MAX_KEYS + 1
    assert (found[-1].site_id, found[-1].period, found[-1].rows) == (None, None, 3)


def test_rooms_are_not_compared_where_nobody_knows_how_many_there_are(world: QualityWorld) -> None:
    check = _named("daily_revenue.occupancy")
    for site_id, rooms in (("0002", None), ("0003", 0)):
        world.put(sites, site_id=site_id, total_rooms=rooms, district_code=None, region_code=None)
        world.put(actual_statistic_days, site_id=site_id, occupied_rooms=Decimal(5000))
    assert world.found(check) == []
    world.put(actual_statistic_days, site_id="0002", stat_date=date(2025, 6, 1), occupied_rooms=Decimal(-1))
    assert [finding.site_id for finding in world.found(check)] == ["0002"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_is_one_statement_that_sql_server_takes(check: Check, world: QualityWorld) -> None:
    with executed_statements(world.runtime.database) as seen:
        world.found(check, *feeds_in_use(world.runtime.settings))
    [statement] = seen
    text = t_sql(statement)
    assert "TOP " in text
    assert "SUM(COUNT(*)) OVER (PARTITION BY offending.source)" in text.replace("sum", "SUM").replace("count", "COUNT")
    assert breaches(statement) == []


def test_the_terms_follow_the_settings_and_the_clock(world: QualityWorld) -> None:
    terms = terms_of(world.runtime, [FEED])
    assert (terms.first_period, terms.first_day, terms.oldest_fresh_day) == (
        "2025-04", date(2025, 4, 1), date(2025, 6, 8),
    )  # fmt: skip
    world.clock.moment = world.clock.moment.replace(hour=0)
    assert terms_of(world.runtime, [FEED]).oldest_fresh_day == date(2025, 6, 7)
