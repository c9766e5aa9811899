"""The feed of the chart of accounts."""

import logging
from decimal import Decimal
from typing import Any

import pytest

from shared_code.sources.warehouse.objects import chart_of_account
from shared_code.sql.types import new_identifier
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.facts import actual_account_months, budget_account_months
from shared_code.storage.tables.results import pnl_site_years
from tests.services.extraction.world import NOON, World

CHART = chart_of_account


def _account(number: str | None, category: str | None, name: str | None = "An account") -> dict[str, Any]:
    return {"MAIN_ACCOUNT": number, "ACCOUNT_NAME": name, "IS_SUMMARY_CATEGORY": category}


def _lines(world: World) -> dict[str, str]:
    return dict(world.published(accounts, "main_account", "pnl_line"))


def _stored_pnl(site_id: str, year: int) -> dict[str, Any]:
    return {
        "site_id": site_id,
        "year": year,
        "inputs_version": 0,
        "business_month": "2025-06",
        "settings_hash": "x",
        "calculated_at": NOON,
    }


def test_the_category_of_an_account_decides_its_line(world: World) -> None:
    world.deliver(
        CHART,
        _account("4785", "Internal Revenue"),
        _account("6200", "PTEB"),
        _account("7045", "OTHER EXPENSE  "),
        _account("9410", "EXTERNAL REVENUE"),
        _account("9440", None),
        _account("9510", None),
    )

    outcome = world.run("chart_of_accounts")

    assert (outcome.end.state, outcome.end.rows_inserted) == ("succeeded", 6)
    assert _lines(world) == {
        "4785": "internal_revenue",
        "6200": "pteb",
        "7045": "other_expense",
        "9410": "external_revenue",
        "9440": "occupied_rooms",
        "9510": "statistic",
    }


def test_the_accounts_that_users_forecast_are_marked_and_claims_are_not(world: World) -> None:
    world.deliver(
        CHART,
        _account("7045", "OTHER EXPENSE"),
        _account("7046", "OTHER EXPENSE"),
        _account("7100", "CLAIMS"),
        _account("7170", "PARKING RENTS"),
    )

    world.run("chart_of_accounts")

    assert world.published(accounts, "main_account", where=accounts.c.is_forecastable) == ["7045", "7170"]


def test_an_account_without_a_name_is_called_by_its_number(world: World) -> None:
    world.deliver(CHART, _account("7045", "OTHER EXPENSE", " "))

    world.run("chart_of_accounts")

    assert world.published(accounts, "name") == ["7045"]


def test_a_second_run_over_the_same_chart_changes_nothing_and_announces_nothing(world: World) -> None:
    world.deliver(CHART, _account("7045", "OTHER EXPENSE"))
    world.write(pnl_site_years, _stored_pnl("0046", 2025))
    world.run("chart_of_accounts")
    versions = world.inputs_versions()

    outcome = world.run("chart_of_accounts")

    assert outcome.end.state == "unchanged"
    assert world.inputs_versions() == versions


def test_an_account_that_the_chart_lists_no_longer_stays(world: World) -> None:
    world.deliver(CHART, *[_account(str(number), "OTHER EXPENSE") for number in range(7200, 7204)])
    world.run("chart_of_accounts")
    world.withdraw(CHART, CHART.c.MAIN_ACCOUNT == "7200")

    outcome = world.run("chart_of_accounts")

    assert outcome.end.state == "unchanged"
    assert "7200" in _lines(world)


def test_another_line_of_an_account_concerns_every_stored_pnl(world: World) -> None:
    world.deliver(CHART, _account("7045", "OTHER EXPENSE"), _account("7046", "OTHER EXPENSE"))
    world.run("chart_of_accounts")
    world.write(pnl_site_years, _stored_pnl("0046", 2025), _stored_pnl("0047", 2026))
    world.withdraw(CHART, CHART.c.MAIN_ACCOUNT == "7045")
    world.deliver(CHART, _account("7045", "CLAIMS"))

    world.run("chart_of_accounts")

    assert _lines(world) == {"7045": "claims", "7046": "other_expense"}
    assert world.inputs_versions() == {"0046:2025": 1, "0047:2026": 1}
    assert world.events() == [
        ("forecasting.pl.refresh", "ActualsLoaded", "0046"),
        ("forecasting.pl.refresh", "ActualsLoaded", "0047"),
    ]


def test_another_name_of_an_account_concerns_no_pnl(world: World) -> None:
    world.deliver(CHART, _account("7045", "OTHER EXPENSE"))
    world.run("chart_of_accounts")
    world.write(pnl_site_years, _stored_pnl("0046", 2025))
    world.withdraw(CHART)
    world.deliver(CHART, _account("7045", "OTHER EXPENSE", "Employee relations"))

    outcome = world.run("chart_of_accounts")

    assert outcome.end.rows_updated == 1
    assert world.inputs_versions() == {}


def test_published_amounts_get_the_sign_of_the_new_line(world: World) -> None:
    world.deliver(CHART, _account("4790", None), _account("4791", "INTERNAL REVENUE"))
    world.run("chart_of_accounts")
    balance = {"site_id": "0046", "period": "2024-02", "sync_run_id": new_identifier(), "loaded_at": NOON}
    unmapped = balance | {"main_account": "4790", "balance": Decimal("-500.5"), "amount": Decimal("-500.5")}
    revenue = balance | {"main_account": "4791", "balance": Decimal(-80), "amount": Decimal(80)}
    world.write(budget_account_months, unmapped, revenue)
    world.write(actual_account_months, unmapped | {"entity": "01"}, revenue | {"entity": "01"})
    world.withdraw(CHART)
    world.deliver(CHART, _account("4790", "INTERNAL REVENUE"), _account("4791", "OTHER EXPENSE"))

    world.run("chart_of_accounts")

    for fact in (budget_account_months, actual_account_months):
        assert world.published(fact, "main_account", "balance", "amount") == [
            ("4790", Decimal("-500.50000"), Decimal("500.50000")),
            ("4791", Decimal("-80.00000"), Decimal("-80.00000")),
        ]


def test_of_two_rows_for_one_account_the_first_wins(world: World) -> None:
    world.deliver(CHART, *[_account(str(number), "OTHER EXPENSE") for number in range(7200, 7219)])
    world.deliver(CHART, _account("7200", "CLAIMS", "Zweite"))

    outcome = world.run("chart_of_accounts")

    assert world.rejects(outcome) == [("DUPLICATE_KEY", "main_account")]
    assert _lines(world)["7200"] == "other_expense"


@pytest.mark.parametrize(("without_number", "state"), [(1, "succeeded"), (2, "aborted")])
def test_accounts_without_a_number_are_refused_up_to_the_limit(world: World, without_number: int, state: str) -> None:
    world.deliver(CHART, *[_account(str(number), "OTHER EXPENSE") for number in range(7200, 7220 - without_number)])
    world.deliver(CHART, *[_account(None, "OTHER EXPENSE")] * without_number)

    outcome = world.run("chart_of_accounts")

    assert outcome.end.state == state
    assert bool(_lines(world)) is (state == "succeeded")


def test_an_account_whose_category_and_number_disagree_is_named_in_a_warning_and_taken(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.deliver(CHART, _account("6010", "OTHER EXPENSE"), _account("7045", "OTHER EXPENSE"))

    with caplog.at_level(logging.WARNING):
        outcome = world.run("chart_of_accounts")

    assert "6010 (other_expense, expected payroll)" in caplog.text
    assert "7045 (" not in caplog.text
    assert outcome.end.rows_rejected == 0


def test_an_empty_chart_is_never_taken_for_the_truth(world: World) -> None:
    world.deliver(CHART, _account("7045", "OTHER EXPENSE"))
    world.run("chart_of_accounts")
    world.withdraw(CHART)

    outcome = world.run("chart_of_accounts")

    assert (outcome.end.state, outcome.end.error_code) == ("aborted", "EMPTY_FEED")
    assert _lines(world) == {"7045": "other_expense"}
