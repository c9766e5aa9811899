"""The command line as a person and a program use it: a process each, an exit status, one JSON document."""

import json
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import townepark
from tests.support.operational import empty_database

PAYROLL = """WORK_LOCATION,TITLE,DATE,PAY_TYPE,TOTAL_HOURS,TOTAL_DOLLARS
0046,VALET,2025-04-10,Regular,34.84,630.33
46,Valet ,2025-04-11,OT,2,50.00
0046,VALET,2025-04-11,Regular,-2,-30.00
0046,PORTER,2025-04-11,DIFFERENTIAL,8,12.00
9999,VALET,2025-04-11,Regular,8,120.00
"""
SITES = "SITE,SITE_NAME\n0046,Harbor Hotel\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of its own with the CSVs of a small warehouse."""
    return with_csvs(tmp_path)


def with_csvs(folder: Path) -> Path:
    """The folder, in which the CSVs are put."""
    (folder / "payroll.csv").write_text(PAYROLL)
    (folder / "sites.csv").write_text(SITES)
    return folder


def document(done: subprocess.CompletedProcess[str]) -> Any:
    """The one JSON document that a command printed."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout, parse_float=Decimal)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database beside a warehouse with five payroll rows and one site, to be copied."""
    folder = with_csvs(tmp_path_factory.mktemp("filled"))
    for arguments in (
        ("schema", "upgrade"),
        ("warehouse", "import", "vwPAYROLL_SUMMARY", "payroll.csv"),
        ("warehouse", "import", "MASTER_NON_FINANCIAL", "sites.csv"),
    ):
        assert townepark(folder, *arguments).returncode == 0
    return folder


@pytest.fixture(scope="module")
def extracted(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, after every feed was extracted for 12 April; `runs.json` has what the command printed. To be copied."""
    folder = copy_of(filled, tmp_path_factory.mktemp("extracted"))
    runs = document(townepark(folder, "extract", "--as-of", "2025-04-12", "--json"))["runs"]
    (folder / "runs.json").write_text(json.dumps(runs, default=str))
    return folder


def copy_of(template: Path, folder: Path) -> Path:
    """The folder, with everything that the template has."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def warehouse(filled: Path, tmp_path: Path) -> Path:
    """A warehouse with rows and a database without."""
    return copy_of(filled, tmp_path)


@pytest.fixture
def loaded(extracted: Path, tmp_path: Path) -> Path:
    """A warehouse with rows, and a database that has been loaded from it."""
    return copy_of(extracted, tmp_path)


def test_feeds_without_rows_are_reported_and_the_others_are_loaded(extracted: Path) -> None:
    runs = {run["feed"]: run for run in json.loads((extracted / "runs.json").read_text())}
    assert runs["ledger"]["errorCode"] == "EMPTY_FEED"
    assert runs["paid_hours"]["state"] == "succeeded"
    assert (runs["paid_hours"]["rowsRead"], runs["paid_hours"]["rowsIgnored"]) == (5, 1)


def test_rates_are_dollars_over_hours_and_an_item_without_hours_is_an_error_of_its_own(loaded: Path) -> None:
    report = document(townepark(loaded, "rates", "calculate", "--as-of", "2025-04-12", "--json"))
    items = {item["job_code"]: item for item in report["results"]}
    assert items["VALET"]["new_rate"] == Decimal("18.666188")  # 650.33 dollars over 34.84 hours
    assert items["PORTER"]["outcome"] == "error"
    assert (report["processed"], report["updated"], report["failed"]) == (2, 1, 1)
    listed = document(townepark(loaded, "rates", "list", "--site", "0046", "--as-of", "2025-04-12", "--json"))
    assert [rate["hourly_rate"] for rate in listed["rates"]] == [Decimal("18.666188")]


def test_a_second_extraction_changes_nothing(loaded: Path) -> None:
    again = document(townepark(loaded, "extract", "--feed", "paid_hours", "--as-of", "2025-04-12", "--json"))
    assert [run["state"] for run in again["runs"]] == ["unchanged"]


def test_an_unknown_feed_is_wrong_usage_and_the_answer_lists_the_feeds(warehouse: Path) -> None:
    done = townepark(warehouse, "extract", "--feed", "payrol")
    assert done.returncode == 2
    assert "payrol" in done.stderr
    assert "paid_hours" in done.stderr


def test_a_text_that_is_no_date_is_wrong_usage(folder: Path) -> None:
    done = townepark(folder, "extract", "--as-of", "April")
    assert done.returncode == 2
    assert "YYYY-MM-DD" in done.stderr


def test_a_stretch_that_ends_before_it_begins_is_wrong_usage(warehouse: Path) -> None:
    done = townepark(warehouse, "extract", "--from", "2025-05-01", "--to", "2025-04-01")
    assert done.returncode == 2
    assert "2025-05-01" in done.stderr


def test_without_a_schema_the_answer_says_what_to_run(folder: Path) -> None:
    done = townepark(folder, "extract")
    assert done.returncode == 1
    assert "townepark schema upgrade" in done.stderr


def test_without_a_warehouse_each_feed_fails_and_the_command_ends_with_1(folder: Path) -> None:
    (folder / "forecasting.db").write_bytes(empty_database())
    done = townepark(folder, "extract", "--json")
    assert done.returncode == 1
    assert {run["errorCode"] for run in json.loads(done.stdout)["runs"]} == {"SOURCE_UNAVAILABLE"}


def test_a_wrong_setting_is_named_with_what_it_accepts_and_its_value_is_kept_to_itself(folder: Path) -> None:
    done = townepark(folder, "runs", settings={"EDW_AUTH": "hunter2"})
    assert done.returncode == 1
    assert "EDW_AUTH" in done.stderr
    assert "entra" in done.stderr
    assert "hunter2" not in done.stderr


def test_runs_speak_of_the_last_extraction(loaded: Path) -> None:
    runs = document(townepark(loaded, "runs", "--feed", "paid_hours", "--json"))["runs"]
    assert [(run["state"], run["rowsInserted"]) for run in runs] == [("succeeded", 3)]


def test_the_schema_goes_up_and_down_and_prints_itself_for_sql_server(folder: Path) -> None:
    upgraded = document(townepark(folder, "schema", "upgrade", "--json"))
    assert upgraded["pending"] == []
    assert document(townepark(folder, "schema", "downgrade", "0003", "--json"))["current"] == "0003"
    assert townepark(folder, "schema", "upgrade", "9999").returncode == 2
    assert "CREATE TABLE forecasting.sites" in townepark(folder, "schema", "sql").stdout


def test_the_demo_refuses_a_database_that_is_not_the_embedded_one(folder: Path) -> None:
    done = townepark(folder, "demo", settings={"EDW_HOST": "warehouse.example"})
    assert done.returncode == 1
    assert "EDW_HOST" in done.stderr
    assert not list(folder.glob("*.db"))


def test_the_demo_goes_from_the_warehouse_to_a_sites_pnl(folder: Path) -> None:
    done = townepark(folder, "demo", "--sites", "3")
    assert done.returncode == 0, done.stderr
    for part in ("Extraction", "Job-code rates", "Internal Revenue", "FLC to Budget Cumulative", "townepark serve"):
        assert part in done.stdout
    shown = document(townepark(folder, "pnl", "show", "--site", "0046", "--period", "2026-Q2", "--json"))
    assert [column["period"] for column in shown["columns"]] == ["2026-04", "2026-05", "2026-06"]
    again = townepark(folder, "demo", "--sites", "1")
    assert again.returncode == 0, again.stderr


def test_the_demo_leaves_a_warehouse_alone_that_somebody_has_filled(warehouse: Path) -> None:
    before = (warehouse / "warehouse.db").read_bytes()
    done = townepark(warehouse, "demo")
    assert done.returncode == 1
    assert "EDW_SAMPLE_PATH" in done.stderr
    assert (warehouse / "warehouse.db").read_bytes() == before
