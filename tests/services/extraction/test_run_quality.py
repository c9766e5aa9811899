"""The rules that a read must pass before anything of it is published."""

import json
from decimal import Decimal

import pytest

from shared_code.services.extraction.feeds.account_balances import LEDGER_FEED
from shared_code.sources.warehouse.objects import account_summary
from shared_code.storage.tables.facts import feed_versions
from shared_code.storage.tables.messages import audit_events
from shared_code.storage.tables.runs import sync_rejects
from tests.services.extraction.posted_balances import post, published_balances, run_ledger
from tests.services.extraction.world import World


def test_forty_of_a_thousand_rows_without_an_amount_are_refused_and_the_others_loaded(company: World) -> None:
    post(company, 960)
    post(company, 40, balance=None, first=960)

    outcome = company.run("ledger")

    end = outcome.end
    assert (end.state, end.rows_read, end.rows_accepted, end.rows_inserted) == ("succeeded", 1000, 960, 960)
    assert (end.rows_rejected, end.rows_ignored, end.completeness) == (40, 0, Decimal("0.960000"))
    assert len(published_balances(company)) == 960
    assert company.rejects(outcome) == [("MISSING_FIELD", "balance")] * 40


def test_with_sixty_missing_nothing_is_loaded(company: World) -> None:
    post(company, 940)
    post(company, 60, balance=None, first=940)

    outcome = company.run("ledger")

    end = outcome.end
    assert (end.state, end.error_code) == ("aborted", "COMPLETENESS_BELOW_THRESHOLD")
    assert end.completeness == Decimal("0.940000")
    assert end.error_text == "ledger: only 940 of 1000 rows have every required field; at least 95% must"
    assert not outcome.is_good
    assert published_balances(company) == []
    assert company.published(feed_versions, "feed", where=feed_versions.c.feed == "ledger") == []


def test_exactly_the_threshold_is_enough(company: World) -> None:
    post(company, 950)
    post(company, 50, balance=None, first=950)

    assert company.run("ledger").end.state == "succeeded"


def test_half_of_the_rows_of_the_last_run_is_accepted_and_one_less_is_not(company: World) -> None:
    post(company, 6400)
    assert company.run("ledger").end.rows_read == 6400
    company.withdraw(account_summary)
    post(company, 3199)

    aborted = company.run("ledger")

    assert (aborted.end.state, aborted.end.error_code, aborted.end.rows_read) == ("aborted", "EMPTY_FEED", 3199)
    assert not aborted.is_good
    assert len(published_balances(company)) == 6400
    post(company, 1, first=3199)
    accepted = company.run("ledger")
    assert (accepted.end.state, accepted.end.rows_deleted) == ("succeeded", 3200)


def test_an_aborted_run_is_not_what_the_next_is_compared_with(company: World) -> None:
    post(company, 100)
    company.run("ledger")
    company.withdraw(account_summary)
    post(company, 10)
    company.run("ledger")

    assert company.run("ledger").end.error_code == "EMPTY_FEED"


def test_a_feed_that_never_had_a_row_is_reported_and_is_no_fault(company: World) -> None:
    outcome = company.run("ledger")

    assert (outcome.end.state, outcome.end.error_code, outcome.end.rows_read) == ("aborted", "EMPTY_FEED", 0)
    assert outcome.is_good
    assert company.run("ledger").is_good, "neither is it the second time"
    post(company, 1)
    company.run("ledger")
    company.withdraw(account_summary)
    assert not company.run("ledger").is_good, "but it is one once there were rows"
    assert len(published_balances(company)) == 1


def test_an_administrator_may_lift_the_guard_for_one_run_and_is_written_down(company: World) -> None:
    post(company, 100)
    company.run("ledger")
    company.withdraw(account_summary)
    post(company, 10)

    outcome = run_ledger(
        company, LEDGER_FEED, lift_empty_guard=True, requested_by="ann@example.com", lift_reason="90 accounts closed"
    )

    assert (outcome.end.state, outcome.end.rows_deleted) == ("succeeded", 90)
    assert company.published(audit_events, "user_id", "item_key", "field", "new_value", "reason", "request_id") == [
        (
            "ann@example.com",
            "ledger recent-periods",
            "empty_feed_guard",
            "lifted",
            "90 accounts closed",
            outcome.sync_run_id,
        )
    ]
    company.withdraw(account_summary)
    assert company.run("ledger").end.error_code == "EMPTY_FEED", "the next run is guarded again"


def test_one_row_in_twenty_may_be_refused_and_one_more_may_not(company: World) -> None:
    post(company, 950)
    post(company, 49, balance="1000000000", first=950)
    company.deliver(
        account_summary,
        {"COST_CENTER": "#1", "PERIOD": 202506, "MAIN_ACCOUNT": "4000", "BALANCE": Decimal(1), "ENTITY": "01"},
    )

    accepted = company.run("ledger")

    assert (accepted.end.state, accepted.end.rows_rejected) == ("succeeded", 50)
    assert sorted(set(company.rejects(accepted))) == [("INVALID_SITE", "site"), ("VALUE_OUT_OF_RANGE", "balance")]
    post(company, 1, balance="-1000000000", first=999)
    company.withdraw(account_summary, account_summary.c.MAIN_ACCOUNT == "1000")
    aborted = company.run("ledger")
    assert (aborted.end.state, aborted.end.error_code) == ("aborted", "REJECT_RATIO_EXCEEDED")
    assert (aborted.end.rows_read, aborted.end.rows_rejected) == (1000, 51)
    assert len(published_balances(company)) == 950


def test_rows_of_unknown_sites_are_counted_and_neither_refused_nor_loaded(company: World) -> None:
    post(company, 10)
    post(company, 200, site="9000", first=0)

    outcome = company.run("ledger")

    assert (outcome.end.state, outcome.end.rows_ignored, outcome.end.rows_rejected) == ("succeeded", 200, 0)
    assert len(published_balances(company)) == 10


def test_only_so_many_refused_rows_are_kept_and_all_are_counted(
    company: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_code.services.extraction.run.MAX_REJECTS_KEPT", 3)
    post(company, 190)
    post(company, 4, balance=None, first=190)
    post(company, 4, balance="1000000000", first=194)

    outcome = company.run("ledger")

    assert (outcome.end.state, outcome.end.rows_rejected) == ("succeeded", 8)
    assert len(company.rejects(outcome)) == 3


def test_a_refused_row_is_kept_as_it_was_read(company: World) -> None:
    post(company, 40)
    post(company, 1, balance="-1000000000.5", first=40)

    outcome = company.run("ledger")

    ((key, raw),) = company.published(
        sync_rejects, "business_key", "raw_row", where=sync_rejects.c.sync_run_id == outcome.sync_run_id
    )
    assert key == "0001 202506 1040"
    assert json.loads(raw)["balance"] == "-1000000000.50000"
    assert json.loads(raw)["site"] == "0001"
