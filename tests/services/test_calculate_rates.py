"""Rate runs from the warehouse to the history."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.job_code_rates import RateOutcome
from shared_code.errors import ConflictError
from shared_code.services.calculate_rates import RateRequest, calculate_rates, calculate_rates_under
from shared_code.services.extraction.quality import QualityBreachError
from shared_code.services.held_lease import held
from shared_code.storage.tables.job_codes import job_codes, site_job_code_rates, site_job_codes
from shared_code.storage.tables.runs import sync_rejects, sync_run_sources, sync_runs
from shared_code.storage.tables.staging import stg_job_code_rates
from tests.support.rate_world import RateWorld, decided, item_of

CALCULATED, KEPT, DEFAULT = RateOutcome.CALCULATED, RateOutcome.KEPT, RateOutcome.DEFAULT
PROTECTED, SALARIED, ERROR = RateOutcome.PROTECTED, RateOutcome.EXCLUDED_SALARIED, RateOutcome.ERROR


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RateWorld]:
    world = RateWorld(tmp_path)
    world.add_sites("TP001", "0057")
    yield world
    world.close()


def test_a_rate_is_dollars_of_all_pay_types_by_hours_of_all_but_the_premium_ones(world: RateWorld) -> None:
    world.pay(
        ("TP001", "VLT1", "2025-06-08", "Regular", "40", "640"),
        ("TP001", "VLT1", "2025-06-08", "OT", "5", "120"),
        ("TP001", "VLT1", "2025-06-08", "DIFFERENTIAL", "8", "12.00"),
        ("TP001", "VLT1", "2025-06-08", "Meal Premium", "1", "16"),
    )
    item = item_of(world.calculate("2025-06-10"))
    assert (item.outcome, str(item.new_rate)) == (CALCULATED, "17.511111")
    assert (item.effective_date, item.sample_size, item.changed) == (date(2025, 6, 10), 4, True)
    assert (item.total_dollars, item.rate_hours) == (Decimal(788), Decimal(45))


def test_a_row_without_a_pay_type_counts_with_its_hours(world: RateWorld) -> None:
    world.pay(("TP001", "VLT1", "2025-06-08", None, "34.84", "630.33"))
    assert decided(world.calculate("2025-06-10")) == {"VLT1": (CALCULATED, "18.092135", "2025-06-10")}


def test_a_correction_is_a_negative_row_that_is_added_like_any_other(world: RateWorld) -> None:
    world.pay(
        ("TP001", "VLT1", "2025-06-08", "Regular", "50", "850"),
        ("TP001", "VLT1", "2025-06-09", "Regular", "-10", "-210"),
    )
    assert decided(world.calculate("2025-06-10")) == {"VLT1": (CALCULATED, "16.000000", "2025-06-10")}


def test_all_spellings_of_a_site_and_title_are_added_before_dividing(world: RateWorld) -> None:
    world.pay(
        ("57", " vlt1 ", "2025-06-08", "Regular", "10", "150"),
        ("0057", "VLT1", "2025-06-08", "Regular", "10", "170"),
        (" 057", "Vlt1", "2025-06-08", "Regular", "20", "320"),
    )
    report = world.calculate("2025-06-10")
    assert [(item.site_id, item.job_code, str(item.new_rate)) for item in report.results] == [
        ("0057", "VLT1", "16.000000")
    ]


def test_the_window_is_the_fourteen_days_up_to_and_including_the_as_of_date(world: RateWorld) -> None:
    world.pay(
        ("TP001", "VLT1", "2025-06-01", "Regular", "10", "900"),
        ("TP001", "VLT1", "2025-06-02", "Regular", "10", "150"),
        ("TP001", "VLT1", "2025-06-15", "Regular", "10", "170"),
        ("TP001", "VLT1", "2025-06-16", "Regular", "10", "900"),
    )
    report = world.calculate()
    assert (report.as_of, report.date_from) == (date(2025, 6, 15), date(2025, 6, 2))
    assert decided(report) == {"VLT1": (CALCULATED, "16.000000", "2025-06-15")}


def test_days_that_are_named_take_the_place_of_the_trailing_window(world: RateWorld) -> None:
    world.pay(
        ("TP001", "VLT1", "2025-04-30", "Regular", "10", "900"),
        ("TP001", "VLT1", "2025-05-01", "Regular", "10", "150"),
        ("TP001", "VLT1", "2025-05-31", "Regular", "10", "170"),
        ("TP001", "VLT1", "2025-06-01", "Regular", "10", "900"),
    )
    report = world.calculate(date_from=date(2025, 5, 1), date_to=date(2025, 5, 31))
    assert decided(report) == {"VLT1": (CALCULATED, "16.000000", "2025-05-31")}


def test_every_outcome_of_a_run(world: RateWorld) -> None:
    """The rows of "Outcome of a run", in their order."""
    for code, default in (
        ("MGR", "40"),
        ("FIX", None),
        ("GOOD", None),
        ("EARLIER", "11"),
        ("DEF", "15.5"),
        ("NONE", None),
    ):
        world.add_code(code, default)
        world.add_pair("TP001", code)
    world.add_code("FLAGGED")
    world.add_pair("TP001", "FLAGGED", is_salaried=True)
    world.add_code("BOTH")
    world.add_pair("TP001", "BOTH", is_salaried=True, allocated_annual_salary=Decimal(65000))
    world.add_rate("TP001", "FIX", "19", "fixed", "2025-06-01")
    world.add_rate("TP001", "EARLIER", "16.492454", "weighted_average", "2025-05-20", sample_size=7)
    paid = [(code, "2025-06-10", "Regular", "10", "160") for code in ("FIX", "GOOD", "FLAGGED", "BOTH")]
    world.pay(*[("TP001", *row) for row in paid], ("TP001", "EARLIER", "2025-06-10", "DIFFERENTIAL", "8", "12"))

    report = world.calculate("2025-06-15")

    assert decided(report) == {
        "BOTH": (SALARIED, None, None),
        "FIX": (PROTECTED, "19.000000", "2025-06-01"),
        "GOOD": (CALCULATED, "16.000000", "2025-06-15"),
        "FLAGGED": (CALCULATED, "16.000000", "2025-06-15"),
        "EARLIER": (KEPT, "16.492454", "2025-05-20"),
        "DEF": (DEFAULT, "15.500000", "2025-06-15"),
        "MGR": (DEFAULT, "40.000000", "2025-06-15"),
        "NONE": (ERROR, None, None),
    }
    counts = report.counts
    assert (counts.processed, counts.updated, counts.unchanged) == (8, 4, 0)
    assert (counts.kept, counts.skipped, counts.failed) == (1, 2, 1)
    assert world.history(code="EARLIER") == [("16.492454", "weighted_average", "2025-05-20", None)]
    assert world.history(code="FIX") == [("19.000000", "fixed", "2025-06-01", None)]
    assert world.history(code="DEF") == [("15.500000", "default", "2025-06-15", None)]
    assert world.history(code="NONE") == world.history(code="BOTH") == []
    assert item_of(report, code="EARLIER").sample_size == 7
    assert item_of(report, code="BOTH").total_dollars is None
    error = item_of(report, code="NONE").error
    assert error is not None
    assert "no default rate" in error


def test_an_item_without_a_rate_is_an_error_of_its_own_and_the_others_are_processed(world: RateWorld) -> None:
    world.pay(
        ("TP001", "AAA", "2025-06-10", "Regular", "0", "100"),
        ("TP001", "BBB", "2025-06-10", "Regular", "10", "160"),
    )
    report = world.calculate("2025-06-15")
    assert decided(report) == {"AAA": (ERROR, None, None), "BBB": (CALCULATED, "16.000000", "2025-06-15")}
    assert report.state == "succeeded"


@pytest.mark.parametrize(
    ("dollars", "outcome"),
    [("49.99", ERROR), ("50", CALCULATED), ("2000", CALCULATED), ("2000.01", ERROR)],
)
def test_a_rate_outside_the_limits_counts_as_none(world: RateWorld, dollars: str, outcome: RateOutcome) -> None:
    world.pay(("TP001", "VLT1", "2025-06-10", "Regular", "10", dollars))
    assert item_of(world.calculate("2025-06-15")).outcome is outcome


def test_a_rate_outside_the_limits_is_a_finding_that_names_site_job_code_and_rate(world: RateWorld) -> None:
    world.add_code("VLT1")
    world.add_pair("TP001", "VLT1")
    world.add_rate("TP001", "VLT1", "16", "weighted_average", "2025-05-01")
    world.pay(("TP001", "VLT1", "2025-06-10", "Regular", "1", "300"))
    report = world.calculate("2025-06-15")
    assert decided(report) == {"VLT1": (KEPT, "16.000000", "2025-05-01")}
    (finding,) = report.findings
    assert (finding.site_id, finding.job_code, finding.hourly_rate) == ("TP001", "VLT1", Decimal(300))
    (stored,) = world.rows_of(sync_rejects)
    assert (stored.reason_code, stored.business_key) == ("RATE_OUT_OF_RANGE", "TP001 VLT1")
    assert '"hourly_rate": "300.000000"' in stored.raw_row


def test_a_title_never_seen_becomes_a_job_code_of_its_site(world: RateWorld) -> None:
    world.pay(("TP001", "Reporter/ Stenographer", "2025-06-10", "Regular", "10", "160"))
    report = world.calculate("2025-06-15")
    assert report.new_job_codes == 1
    assert [(item.job_code, item.outcome) for item in report.results] == [("REPORTER_ STENOGRAPHER", CALCULATED)]
    assert [(row.job_code_id, row.is_active) for row in world.rows_of(job_codes)] == [("REPORTER_ STENOGRAPHER", True)]
    (pair,) = world.rows_of(site_job_codes)
    assert (pair.site_id, pair.last_seen_on) == ("TP001", date(2025, 6, 10))


def test_rows_of_unknown_sites_are_ignored_and_counted(world: RateWorld) -> None:
    world.pay(
        ("TP999", "VLT1", "2025-06-10", "Regular", "10", "160"),
        ("TP001", "VLT1", "2025-06-10", "Regular", "10", "160"),
    )
    report = world.calculate("2025-06-15")
    assert (report.counts.processed, report.rows_ignored, report.rows_rejected) == (1, 1, 0)


def test_hostile_rows_are_refused_and_harm_nobody(world: RateWorld) -> None:
    world.pay(
        ("TP-1'; --", "VLT1", "2025-06-10", "Regular", "10", "160"),
        (None, "VLT1", "2025-06-10", "Regular", "10", "160"),
        ("TP001", "   ", "2025-06-10", "Regular", "10", "160"),
        ("TP001", None, "2025-06-10", "Regular", "10", "160"),
        ("TP001", "HUGE", "2025-06-10", "Regular", "1", "9999999999"),
        ("TP001", "'; DROP TABLE sites; --", "2025-06-10", "Regular", "10", "160"),
        ("TP001", "VLT1", "2025-06-10", "Regular", "10", "160"),
    )
    report = world.calculate("2025-06-15")
    assert decided(report) == {
        "__ DROP TABLE SITES_ --": (CALCULATED, "16.000000", "2025-06-15"),
        "VLT1": (CALCULATED, "16.000000", "2025-06-15"),
    }
    reasons = sorted(row.reason_code for row in world.rows_of(sync_rejects))
    assert reasons == ["INVALID_SITE", "MISSING_FIELD", "MISSING_FIELD", "MISSING_FIELD", "VALUE_OUT_OF_RANGE"]
    assert report.rows_rejected == 5


def test_a_run_of_certain_sites_leaves_the_others_alone(world: RateWorld) -> None:
    world.pay(
        ("57", "VLT1", "2025-06-10", "Regular", "10", "160"),
        ("TP001", "VLT1", "2025-06-10", "Regular", "10", "170"),
    )
    report = world.calculate("2025-06-15", sites=("0057",))
    assert [(item.site_id, str(item.new_rate)) for item in report.results] == [("0057", "16.000000")]
    assert world.history("TP001") == []


def test_a_run_of_certain_job_codes_leaves_the_others_alone(world: RateWorld) -> None:
    world.add_code("VLT2")
    world.pay(
        ("TP001", "VLT1", "2025-06-10", "Regular", "10", "160"),
        ("TP001", "VLT2", "2025-06-10", "Regular", "10", "170"),
    )
    world.calculate("2025-06-14")
    world.pay(
        ("TP001", "VLT1", "2025-06-15", "Regular", "10", "180"), ("TP001", "VLT2", "2025-06-15", "x", "10", "190")
    )
    report = world.calculate("2025-06-15", job_codes=("vlt2",))
    assert [item.job_code for item in report.results] == ["VLT2"]
    assert len(world.history(code="VLT1")) == 1
    assert len(world.history(code="VLT2")) == 2


def test_a_job_code_that_is_no_longer_used_and_has_no_hours_is_left_out(world: RateWorld) -> None:
    world.add_code("OLD")
    world.add_pair("TP001", "OLD", is_active=False)
    assert world.calculate("2025-06-15").counts.processed == 0


def test_average_is_the_unweighted_mean_of_the_daily_rates_dated_with_the_run(world: RateWorld) -> None:
    world.add_code("GSC")
    world.add_pair("TP001", "GSC")
    world.add_actual_day("TP001", "GSC", "2025-05-31", "8", "800")
    world.add_actual_day("TP001", "GSC", "2025-06-02", "10", "150", rows=3)
    world.add_actual_day("TP001", "GSC", "2025-06-03", "2", "40")
    world.add_actual_day("TP001", "GSC", "2025-06-04", "8", "136")
    world.add_actual_day("TP001", "GSC", "2025-06-05", "0", "99")
    report = world.calculate("2025-07-01", method="average", date_from=date(2025, 6, 1), date_to=date(2025, 6, 30))
    item = item_of(report, code="GSC")
    assert (str(item.new_rate), item.effective_date) == ("17.333333", date(2025, 7, 1))
    assert (item.sample_size, item.total_dollars, item.rate_hours) == (5, Decimal(326), Decimal(20))
    assert world.history(code="GSC") == [("17.333333", "average", "2025-07-01", None)]


def test_average_without_a_range_takes_the_trailing_days_before_the_business_date(world: RateWorld) -> None:
    report = world.calculate(method="average")
    assert (report.as_of, report.date_from, report.date_to) == (
        date(2025, 6, 16),
        date(2025, 6, 2),
        date(2025, 6, 15),
    )


def test_average_goes_straight_to_the_default_even_where_an_earlier_rate_exists(world: RateWorld) -> None:
    for code, default in (("NEW1", "15.50"), ("NEW2", None)):
        world.add_code(code, default)
        world.add_pair("TP001", code)
        world.add_rate("TP001", code, "16", "weighted_average", "2025-05-01")
    report = world.calculate("2025-07-01", method="average")
    assert decided(report) == {"NEW1": (DEFAULT, "15.500000", "2025-07-01"), "NEW2": (ERROR, None, None)}
    assert world.history(code="NEW2") == [("16.000000", "weighted_average", "2025-05-01", None)]


def test_a_default_that_an_earlier_run_entered_is_no_good_rate(world: RateWorld) -> None:
    world.add_code("VLT1", "14")
    world.add_pair("TP001", "VLT1")
    world.add_rate("TP001", "VLT1", "15.50", "default", "2025-06-01")
    assert decided(world.calculate("2025-06-15")) == {"VLT1": (DEFAULT, "14.000000", "2025-06-15")}


def test_a_second_run_of_the_same_day_changes_nothing(world: RateWorld) -> None:
    world.add_code("DEF", "15.5")
    world.add_pair("TP001", "DEF")
    world.pay(("TP001", "VLT1", "2025-06-10", "Regular", "10", "160"))
    first = world.calculate("2025-06-15")
    before = [world.rows_of(table) for table in (site_job_code_rates, site_job_codes, job_codes)]
    second = world.calculate("2025-06-15")
    assert (first.state, second.state) == ("succeeded", "unchanged")
    assert (second.counts.updated, second.counts.unchanged) == (0, 2)
    assert not any(item.changed for item in second.results)
    assert item_of(second).old_rate == item_of(second).new_rate == Decimal(16)
    assert [world.rows_of(table) for table in (site_job_code_rates, site_job_codes, job_codes)] == before
    assert [row.state for row in world.rows_of(sync_runs)] == ["succeeded", "unchanged"]


def test_an_equal_value_of_a_later_day_moves_the_as_of_date_alone(world: RateWorld) -> None:
    world.pay(("TP001", "VLT1", "2025-06-10", "Regular", "10", "160"))
    world.calculate("2025-06-14")
    report = world.calculate("2025-06-15")
    assert (report.counts.updated, report.counts.unchanged) == (0, 1)
    (row,) = world.rows_of(site_job_code_rates)
    assert (row.effective_date, row.as_of_date, row.end_date) == (date(2025, 6, 14), date(2025, 6, 15), None)


def test_a_dry_run_says_what_would_happen_and_leaves_nothing(world: RateWorld) -> None:
    world.pay(("TP001", "VLT1", "2025-06-10", "Regular", "10", "160"), ("?", "VLT1", "2025-06-10", "x", "1", "9"))
    report = world.calculate("2025-06-15", dry_run=True)
    assert decided(report) == {"VLT1": (CALCULATED, "16.000000", "2025-06-15")}
    assert (report.counts.updated, report.sync_run_id, report.rows_rejected) == (1, None, 1)
    for table in (job_codes, site_job_codes, site_job_code_rates, sync_runs, sync_rejects, stg_job_code_rates):
        assert world.rows_of(table) == []
    assert decided(world.calculate("2025-06-15")) == decided(report)


def test_another_run_that_is_active_is_a_conflict(world: RateWorld) -> None:
    with held(world.runtime.database, "job:sync_job_code_rates", 300) as lease:
        assert lease is not None
        with pytest.raises(ConflictError) as refused:
            world.calculate()
        assert (refused.value.code, refused.value.status) == ("CONFLICT", 409)
        assert refused.value.details == {"reason": "run_in_progress"}
        assert calculate_rates_under(world.runtime, RateRequest(trigger="manual"), lease).state == "unchanged"
    assert world.calculate().state == "unchanged"


def test_the_run_is_written_down_with_its_counts_and_sources(world: RateWorld) -> None:
    world.pay(
        ("TP001", "VLT1", "2025-06-10", "Regular", "10", "160"),
        ("TP001", "VLT1", "2025-06-11", "Regular", "10", "160"),
        ("TP999", "VLT1", "2025-06-11", "Regular", "10", "160"),
    )
    report = world.calculate("2025-06-15", requested_by="tester@example.com")
    (run,) = world.rows_of(sync_runs)
    assert (run.sync_run_id, run.feed, run.flow) == (report.sync_run_id, "job_code_rates", "job-code-rates")
    assert (run.slice, run.trigger_kind, run.requested_by) == ("trailing-14", "manual", "tester@example.com")
    assert (run.window_from, run.window_to, run.state) == ("2025-06-02", "2025-06-15", "succeeded")
    assert (run.rows_read, run.rows_accepted, run.rows_ignored, run.rows_inserted) == (3, 1, 1, 1)
    sources = world.rows_of(sync_run_sources)
    assert {(row.query_id, row.object_name, row.node_alias) for row in sources} == {
        ("E10", "vwPAYROLL_SUMMARY", "embedded")
    }
    (rate,) = world.rows_of(site_job_code_rates)
    assert (rate.sync_run_id, rate.created_by) == (report.sync_run_id, "tester@example.com")
    assert (rate.window_start, rate.window_end) == (date(2025, 6, 2), date(2025, 6, 15))
    assert (rate.total_dollars, rate.rate_hours, rate.sample_size) == (Decimal(320), Decimal(20), 2)


def test_the_number_of_statements_does_not_grow_with_the_sites(tmp_path: Path) -> None:
    counts = []
    for number in (3, 300):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = RateWorld(folder)
        codes = [f"S{n:04d}" for n in range(number)]
        world.add_sites(*codes)
        world.pay(*[(code, f"T{n}", "2025-06-10", "Regular", "10", "160") for code in codes for n in range(5)])
        with world.counted_statements() as first:
            assert world.calculate("2025-06-14").counts.updated == number * 5
        world.pay(*[(code, f"T{n}", "2025-06-15", "Regular", "10", "180") for code in codes for n in range(5)])
        with world.counted_statements() as second:
            assert world.calculate("2025-06-15").counts.updated == number * 5
        with world.counted_statements() as average:
            assert world.calculate(method="average").counts.failed == number * 5
        counts.append((len(first), len(second), len(average)))
        world.close()
    assert counts[0] == counts[1]


def test_a_scheduled_run_refuses_a_warehouse_that_brings_much_less_than_the_last_time(world: RateWorld) -> None:
    world.pay(*[("TP001", f"T{n}", "2025-06-10", "Regular", "10", "160") for n in range(10)])
    assert world.calculate(trigger="scheduled").state == "succeeded"
    world.clock.moment += timedelta(days=14)
    with pytest.raises(QualityBreachError) as refused:
        world.calculate(trigger="scheduled")
    assert refused.value.code == "EMPTY_FEED"
    assert [row.state for row in world.rows_of(sync_runs)] == ["succeeded", "aborted"]
    by_hand = calculate_rates(world.runtime, RateRequest())
    assert by_hand.counts.kept == 10
