"""`townepark data` as a person and a program use it: a process each, an exit status, one JSON document."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command_line import townepark
from tests.support.operational import empty_database

RATES = "currency,period,rate_to_usd\nEUR,2025-04,1.08\nCAD,2025-04,0.72\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated database into which two currency rates have been imported."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "forecasting.db").write_bytes(empty_database())
    (folder / "rates.csv").write_text(RATES)
    done = townepark(folder, "data", "import", "currency_rates", "rates.csv")
    assert done.returncode == 0, done.stderr
    assert "of 2 rows 2 were added, 0 changed, 0 deleted; 0 are as they were." in done.stdout
    return folder


def test_an_export_to_the_screen_is_a_csv_with_versions(folder: Path) -> None:
    done = townepark(folder, "data", "export", "currency_rates")
    assert done.returncode == 0, done.stderr
    assert list(csv.DictReader(io.StringIO(done.stdout)))[1] == {
        "currency": "EUR",
        "period": "2025-04",
        "rate_to_usd": "1.08",
        "version": "1",
    }


def test_json_has_one_document_with_every_row(folder: Path) -> None:
    done = townepark(folder, "data", "export", "currency_rates", "--json")
    document: Any = json.loads(done.stdout)
    assert (document["table"], [row["currency"] for row in document["rows"]]) == ("currency_rates", ["CAD", "EUR"])


def test_an_export_to_a_file_takes_its_format_from_the_ending(folder: Path) -> None:
    done = townepark(folder, "data", "export", "currency_rates", "out.yaml", "--json")
    assert json.loads(done.stdout) == {"table": "currency_rates", "file": "out.yaml", "rows": 2}
    assert [row["currency"] for row in yaml.safe_load_all((folder / "out.yaml").read_text())] == ["CAD", "EUR"]
    assert not list(folder.glob("*.partial"))
    refused = townepark(folder, "data", "export", "contracts", "out.csv")
    assert (refused.returncode, "ends in .yaml, .yml" in refused.stderr) == (2, True)


def test_a_dry_run_says_what_would_be_and_writes_nothing(folder: Path) -> None:
    (folder / "new.csv").write_text("currency,period,rate_to_usd\nGBP,2025-04,1.25\n")
    done = townepark(folder, "data", "import", "currency_rates", "new.csv", "--dry-run")
    assert done.returncode == 0
    assert "add GBP 2025-04: rate_to_usd – → 1.25" in done.stdout
    assert "of 1 rows 1 would be added" in done.stdout
    assert "GBP" not in townepark(folder, "data", "export", "currency_rates").stdout


def test_findings_end_with_status_1_and_a_reason_on_standard_error(folder: Path) -> None:
    (folder / "bad.csv").write_text("currency,period,rate_to_usd\n[red]EUR,2025-04,1.08\nGBP,2025-04,x\n")
    done = townepark(folder, "data", "import", "currency_rates", "bad.csv")
    assert (done.returncode, done.stdout) == (1, "")
    first, second, last = done.stderr.splitlines()
    assert (
        first == "line 2, currency: '[red]EUR' is not of the accepted form. Accepted: three letters, for instance EUR."
    )
    assert second.startswith("line 3, rate_to_usd: 'x' is not an acceptable number. Accepted: a number such as")
    assert last == "townepark: 2 findings in bad.csv; nothing was stored."


def test_findings_as_json_still_end_with_status_1(folder: Path) -> None:
    (folder / "stale.csv").write_text("currency,period,rate_to_usd,version\nEUR,2025-04,2,7\n")
    done = townepark(folder, "data", "import", "currency_rates", "stale.csv", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert document["counts"] == {"add": 0, "change": 0, "delete": 0, "unchanged": 0}
    assert (document["findings"][0]["column"], document["findings"][0]["place"]) == ("version", "line 2")


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (("import", "accounts", "rates.csv"), 2, "no table of reference data. Accepted: contracts, user_roles"),
        (("export", "accounts"), 2, "no table of reference data"),
        (("import", "currency_rates", "nowhere.csv"), 1, "There is no file nowhere.csv"),
        (("import", "currency_rates"), 2, "Missing argument"),
        (("export", "currency_rates", "no/such/folder/out.csv"), 2, "cannot be written"),
    ],
)
def test_wrong_usage_is_told_from_a_failure(folder: Path, arguments: tuple[str, ...], status: int, reason: str) -> None:
    done = townepark(folder, "data", *arguments)
    assert done.returncode == status
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
