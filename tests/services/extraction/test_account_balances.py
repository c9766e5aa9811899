"""The feeds of the approved budget and of the posted ledger, by account."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared_code.messaging.message import FORECASTING_EVENTS, PL_REFRESH
from shared_code.services.extraction.run import RunOutcome
from shared_code.sources.warehouse.objects import account_summary, budget_final, chart_of_account
from shared_code.storage import stamps
from shared_code.storage.tables.facts import actual_account_months, budget_account_months
from shared_code.storage.tables.mappings import account_mappings
from shared_code.storage.tables.messages import outbox_messages
from shared_code.storage.tables.runs import sync_rejects
from tests.services.extraction.conftest import MakeWorld
from tests.services.extraction.world import NOON, TUESDAY, Row, World

CHART = {
    "4785": "INTERNAL REVENUE",
    "6014": "PAYROLL",
    "7045": "OTHER EXPENSE",
    "7099": None,
    "9410": "EXTERNAL REVENUE",
    "9440": None,
}


@pytest.fixture
def books(company: World) -> World:
    """A world with sites and a chart of accounts, without the events of their arrival."""
    company.deliver(
        chart_of_account,
        *[{"MAIN_ACCOUNT": account, "IS_SUMMARY_CATEGORY": category} for account, category in CHART.items()],
    )
    company.run("chart_of_accounts")
    company.execute(outbox_messages.delete())
    return company


def _planned(balance: str | None, account: str = "7045", *, site: str = "0001", period: str = "202506") -> Row:
    amount = None if balance is None else Decimal(balance)
    return {"COST_CENTER": site, "PERIOD": period, "MAIN_ACCOUNT": account, "BALANCE": amount}


def _posted(
    balance: str | None, account: str = "7045", *, site: str = "0001", period: int = 202506, entity: str | None = "01"
) -> Row:
    return _planned(balance, account, site=site) | {"PERIOD": period, "ENTITY": entity}


def _budget_run(world: World, as_of: date = TUESDAY) -> RunOutcome:
    """The run of the current year."""
    outcome, _ = world.run_all("budget", as_of)
    return outcome


def _budget(world: World) -> list[Any]:
    return world.published(budget_account_months, "period", "main_account", "balance", "amount")


def _ledger(world: World) -> list[Any]:
    return world.published(actual_account_months, "period", "main_account", "entity", "balance", "amount")


def _map_account(world: World, source: str, target: str, sign: int, first: str, last: str | None = None) -> None:
    row = {"source_account": source, "main_account": target, "sign_factor": sign, "effective_from": first}
    world.write(account_mappings, {**row, "effective_to": last, **stamps.inserted("admin", NOON)})


def test_the_budget_keeps_the_balance_and_gives_the_amount_the_sign_of_its_line(books: World) -> None:
    books.deliver(
        budget_final,
        _planned("-279663.89", "4785"),
        _planned("500", "4785", period="202507"),
        _planned("-12.5", "7045"),
        _planned("1250357.92", "9410"),
        _planned("6000", "9440"),
    )

    outcome = _budget_run(books)

    assert (outcome.end.state, outcome.end.rows_inserted) == ("succeeded", 5)
    assert _budget(books) == [
        ("2025-06", "4785", Decimal("-279663.89"), Decimal("279663.89")),
        ("2025-06", "7045", Decimal("-12.5"), Decimal("-12.5")),
        ("2025-06", "9410", Decimal("1250357.92"), Decimal("1250357.92")),
        ("2025-06", "9440", Decimal(6000), Decimal(6000)),
        ("2025-07", "4785", Decimal(500), Decimal(-500)),
    ]


def test_an_account_without_a_mapping_is_refused_in_the_budget(books: World) -> None:
    books.deliver(budget_final, *[_planned("1") for _ in range(40)], _planned("5", "8888"))

    outcome = _budget_run(books)

    assert outcome.end.state == "succeeded"
    assert books.rejects(outcome) == [("UNMAPPED_ACCOUNT", "account")]
    assert books.published(sync_rejects, "business_key") == ["0001 202506 8888"]
    assert _budget(books) == [("2025-06", "7045", 40, 40)]


def test_mapped_accounts_are_added_to_their_account_with_the_sign_of_the_mapping(books: World) -> None:
    _map_account(books, "8001", "7045", 1, "2025-01")
    _map_account(books, "8002", "7045", -1, "2025-01")
    _map_account(books, "8003", "4785", -1, "2025-01")
    books.deliver(
        budget_final, _planned("10"), _planned("5.00001", "8001"), _planned("2", "8002"), _planned("100", "8003")
    )

    _budget_run(books)

    assert _budget(books) == [
        ("2025-06", "4785", Decimal(-100), Decimal(100)),
        ("2025-06", "7045", Decimal("13.00001"), Decimal("13.00001")),
    ]


def test_a_mapping_holds_for_its_months_and_the_chart_goes_before_it(books: World) -> None:
    _map_account(books, "8001", "7045", 1, "2025-01", "2025-03")
    _map_account(books, "8001", "6014", -1, "2025-04")
    _map_account(books, "9410", "7045", -1, "2025-01")
    rows = [_planned("1", "8001", period=period) for period in ("202503", "202504")]
    books.deliver(budget_final, *rows, _planned("3", "9410"))

    _budget_run(books)

    assert _budget(books) == [
        ("2025-03", "7045", 1, 1),
        ("2025-04", "6014", -1, -1),
        ("2025-06", "9410", 3, 3),
    ]


def test_a_changed_mapping_publishes_the_same_rows_anew(books: World) -> None:
    _map_account(books, "8001", "7045", 1, "2025-01")
    books.deliver(budget_final, _planned("5", "8001"))
    _budget_run(books)
    books.execute(account_mappings.update().values(sign_factor=-1))

    outcome = _budget_run(books)

    assert (outcome.end.state, outcome.end.rows_updated) == ("succeeded", 1)
    assert _budget(books) == [("2025-06", "7045", -5, -5)]


def test_the_budget_of_the_current_and_the_next_year_is_read(books: World) -> None:
    periods = ("202412", "202501", "202512", "202601", "202612", "202701")
    books.deliver(budget_final, *[_planned("1", period=period) for period in periods])

    outcomes = books.run_all("budget")

    assert [(outcome.slice, outcome.end.rows_read) for outcome in outcomes] == [("year-2025", 2), ("year-2026", 2)]
    assert [row[0] for row in _budget(books)] == ["2025-01", "2025-12", "2026-01", "2026-12"]


def test_next_years_budget_may_be_missing_and_this_years_may_not(books: World) -> None:
    this_year, next_year = books.run_all("budget")

    assert (this_year.end.state, this_year.end.error_code) == ("aborted", "EMPTY_FEED")
    assert (next_year.slice, next_year.end.state) == ("year-2026", "unchanged")


def test_a_budget_that_was_there_may_not_vanish_next_year_or_not(books: World) -> None:
    books.deliver(budget_final, _planned("1"), _planned("1", period="202601"))
    books.run_all("budget")
    books.withdraw(budget_final)

    outcomes = books.run_all("budget")

    assert [(outcome.end.state, outcome.end.error_code) for outcome in outcomes] == [("aborted", "EMPTY_FEED")] * 2
    assert [row[0] for row in _budget(books)] == ["2025-06", "2026-01"]


def test_a_stretch_of_the_budget_is_its_years(books: World) -> None:
    books.deliver(budget_final, *[_planned("1", period=f"{year}06") for year in (2022, 2023, 2024, 2025)])

    outcomes = books.run_all("budget", stretch=(date(2023, 12, 31), date(2024, 1, 1)))

    assert [outcome.slice for outcome in outcomes] == ["year-2023", "year-2024"]
    assert [row[0] for row in _budget(books)] == ["2023-06", "2024-06"]


def test_a_budget_change_is_told_by_site_month_and_site_year(books: World) -> None:
    rows = [_planned("1", site=site, period=period) for site in ("0001", "0002") for period in ("202501", "202506")]
    books.deliver(budget_final, *rows)
    _budget_run(books)
    books.execute(outbox_messages.delete())
    books.deliver(budget_final, _planned("1", site="0002"), _planned("1", "9410", site="0002", period="202507"))

    _budget_run(books)

    assert books.inputs_versions() == {"0001:2025": 1, "0002:2025": 2}
    assert books.events() == [
        (FORECASTING_EVENTS, "BudgetLoaded", "0002"),
        (FORECASTING_EVENTS, "BudgetLoaded", "0002"),
        (PL_REFRESH, "BudgetLoaded", "0002"),
    ]
    told = [json.loads(text)["period"] for text in books.published(outbox_messages, "payload")]
    assert sorted(told) == ["2025", "2025-06", "2025-07"]


def test_the_warehouse_budget_is_not_read_where_the_api_delivers_it(make_world: MakeWorld) -> None:
    world = make_world(budget_source="api")
    world.know_sites("0001")
    world.deliver(budget_final, _planned("1"))

    assert world.run_all("budget") == []


def test_entities_of_an_account_are_kept_apart_and_indexes_added(books: World) -> None:
    books.deliver(
        account_summary,
        _posted("100.00001", entity="01") | {"ACCOUNT_INDEX": 1},
        _posted("20", entity="01 ") | {"ACCOUNT_INDEX": 2},
        _posted("-3", entity="02") | {"ACCOUNT_INDEX": 1},
    )

    books.run("ledger")

    assert _ledger(books) == [
        ("2025-06", "7045", "01", Decimal("120.00001"), Decimal("120.00001")),
        ("2025-06", "7045", "02", Decimal(-3), Decimal(-3)),
    ]


def test_a_posted_account_without_a_line_is_kept_as_it_stands(books: World) -> None:
    books.deliver(account_summary, _posted("-7", "7099"), _posted("-9", "4444"), _posted("-500", "4785"))

    outcome = books.run("ledger")

    assert (outcome.end.state, outcome.end.rows_rejected) == ("succeeded", 0)
    assert [(row[1], row[4]) for row in _ledger(books)] == [("4444", -9), ("4785", 500), ("7099", -7)]


def test_a_posted_credit_note_lowers_internal_revenue(books: World) -> None:
    books.deliver(account_summary, _posted("500", "4785"))

    books.run("ledger")

    assert _ledger(books) == [("2025-06", "4785", "01", Decimal(500), Decimal(-500))]


def test_the_ledger_is_read_for_the_current_and_the_two_months_before(books: World) -> None:
    periods = (202503, 202504, 202505, 202506, 202507)
    books.deliver(account_summary, *[_posted("1", period=period) for period in periods])

    outcome = books.run("ledger")

    assert (outcome.slice, outcome.end.rows_read) == ("recent-periods", 3)
    assert [row[0] for row in _ledger(books)] == ["2025-04", "2025-05", "2025-06"]


def test_the_months_before_january_are_those_of_last_year(books: World) -> None:
    periods = (202410, 202411, 202412, 202501)
    books.deliver(account_summary, *[_posted("1", period=period) for period in periods])

    books.run("ledger", date(2025, 1, 10))

    assert [row[0] for row in _ledger(books)] == ["2024-11", "2024-12", "2025-01"]
    assert books.inputs_versions() == {"0001:2024": 1, "0001:2025": 1}


def test_a_stretch_of_the_ledger_never_goes_beyond_the_current_month(books: World) -> None:
    periods = (202501, 202502, 202506, 202507, 202512)
    books.deliver(account_summary, *[_posted("1", period=period) for period in periods])

    (outcome,) = books.run_all("ledger", stretch=(date(2025, 2, 15), date(2025, 12, 31)))

    assert outcome.slice == "2025-02..2025-06"
    assert [row[0] for row in _ledger(books)] == ["2025-02", "2025-06"]


def test_a_ledger_change_is_told_as_actuals(books: World) -> None:
    books.deliver(account_summary, _posted("1"), _posted("1", site="0002"), _posted("1", site="0002", period=202505))

    books.run("ledger")

    assert books.inputs_versions() == {"0001:2025": 1, "0002:2025": 1}
    assert books.events() == [
        *[(FORECASTING_EVENTS, "ActualsLoaded", site) for site in ("0001", "0002", "0002")],
        *[(PL_REFRESH, "ActualsLoaded", site) for site in ("0001", "0002")],
    ]


@pytest.mark.parametrize("feed", ["budget", "ledger"])
def test_spellings_of_a_site_and_account_add_up_to_one_fact(make_world: MakeWorld, feed: str) -> None:
    world = make_world()
    world.know_sites("0001", "TP1")
    world.deliver(chart_of_account, {"MAIN_ACCOUNT": "704A", "IS_SUMMARY_CATEGORY": "OTHER EXPENSE"})
    world.run("chart_of_accounts")
    spellings = [("0001", "704A"), ("1", "704a"), (" 1", "704A"), ("tp1", "704a"), ("TP1 ", "704A")]
    world.deliver(budget_final, *[_planned("10", account, site=site) for site, account in spellings])
    world.deliver(account_summary, *[_posted("10", account, site=site) for site, account in spellings])

    world.run_all(feed)

    fact = budget_account_months if feed == "budget" else actual_account_months
    assert world.published(fact, "site_id", "main_account", "balance", "amount") == [
        ("0001", "704A", 30, 30),
        ("TP1", "704A", 20, 20),
    ]


@pytest.mark.parametrize("feed", ["budget", "ledger"])
def test_what_is_gone_at_the_source_is_gone_here_and_an_equal_run_changes_nothing(books: World, feed: str) -> None:
    source = budget_final if feed == "budget" else account_summary
    fact = budget_account_months if feed == "budget" else actual_account_months
    row = _planned if feed == "budget" else _posted
    books.deliver(source, row("1", "7045"), row("2", "9410"), row("0", "6014"))
    books.run_all(feed)
    assert books.run_all(feed)[0].end.state == "unchanged"
    assert books.inputs_versions() == {"0001:2025": 1}
    books.withdraw(source, source.c.MAIN_ACCOUNT == "7045")

    outcome = books.run_all(feed)[0]

    assert (outcome.end.state, outcome.end.rows_deleted) == ("succeeded", 1)
    assert books.published(fact, "main_account", "amount") == [("6014", 0), ("9410", 2)]
    assert books.inputs_versions() == {"0001:2025": 2}


REFUSED_BUDGET = [
    (_planned("1", "9410", site="0-1"), ("INVALID_SITE", "site"), None),
    (_planned(None, "9410"), ("MISSING_FIELD", "balance"), None),
    (_planned("1", " "), ("MISSING_FIELD", "main_account"), None),
    (_planned("1", "9410", period="20250X"), ("INVALID_PERIOD", "period"), "0001 20250X 9410"),
    (_planned("-1000000000", "9410"), ("VALUE_OUT_OF_RANGE", "balance"), "0001 202506 9410"),
]
REFUSED_LEDGER = [
    (_posted("1", "9410", site="0-1"), ("INVALID_SITE", "site"), None),
    (_posted("1", "9410", entity=" "), ("MISSING_FIELD", "entity"), None),
    (_posted("1000000000", "9410"), ("VALUE_OUT_OF_RANGE", "balance"), "0001 202506 9410"),
]


@pytest.mark.parametrize(
    ("feed", "row", "reject", "key"),
    [*[("budget", *case) for case in REFUSED_BUDGET], *[("ledger", *case) for case in REFUSED_LEDGER]],
)
def test_a_row_that_cannot_be_used_is_refused(
    books: World, feed: str, row: Row, reject: tuple[str, str], key: str | None
) -> None:
    is_budget = feed == "budget"
    source, good = (budget_final, _planned("1")) if is_budget else (account_summary, _posted("1"))
    books.deliver(source, *[good] * 40, row)

    outcome = books.run_all(feed)[0]

    assert outcome.end.state == "succeeded"
    assert books.rejects(outcome) == [reject]
    assert books.published(sync_rejects, "business_key") == [key]
    assert {row[1] for row in (_budget(books) if is_budget else _ledger(books))} == {"7045"}


@pytest.mark.parametrize("feed", ["budget", "ledger"])
def test_rows_of_unknown_sites_are_counted_and_left_out(books: World, feed: str) -> None:
    books.deliver(budget_final, _planned("1"), _planned("1", "8888", site="9999"))
    books.deliver(account_summary, _posted("1"), _posted("1", site="9999"))

    outcome = books.run_all(feed)[0]

    assert (outcome.end.state, outcome.end.rows_ignored, outcome.end.rows_rejected) == ("succeeded", 1, 0)
