"""Files that cannot be meant: help with place and value, never a traceback, and nothing stored."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.reference_data import file_text
from shared_code.services.reference_data.import_table import import_table
from shared_code.services.reference_data.report import ImportReport
from shared_code.storage.tables.contracts import contracts
from shared_code.storage.tables.mappings import currency_rates
from tests.support.reference_world import OPERATOR, ReferenceWorld, findings_of

HEADER = "currency,period,rate_to_usd"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ReferenceWorld]:
    world = ReferenceWorld(tmp_path)
    world.add_sites("TP001")
    yield world
    world.close()


def _import_bytes(
    world: ReferenceWorld, content: bytes, name: str = "rows.csv", table: str = "currency_rates"
) -> ImportReport:
    path = world.folder / name
    path.write_bytes(content)
    return import_table(world.runtime, table, path, operator=OPERATOR)


def test_a_missing_file_and_a_folder_are_told_apart(world: ReferenceWorld) -> None:
    with pytest.raises(NotFoundError, match=r"There is no file .*nowhere\.csv"):
        import_table(world.runtime, "currency_rates", world.folder / "nowhere.csv", operator=OPERATOR)
    (world.folder / "folder.csv").mkdir()
    with pytest.raises(InvalidInputError, match="is not a file"):
        import_table(world.runtime, "currency_rates", world.folder / "folder.csv", operator=OPERATOR)


def test_the_ending_decides_the_format_and_contracts_are_yaml(world: ReferenceWorld) -> None:
    with pytest.raises(InvalidInputError, match=r"rows\.xlsx ends in '\.xlsx'; .* \.csv, \.yaml, \.yml"):
        _import_bytes(world, b"", "rows.xlsx")
    with pytest.raises(InvalidInputError, match=r"rows\.csv ends in '\.csv'; .* ends in \.yaml, \.yml"):
        _import_bytes(world, b"site_id\n", "rows.csv", "contracts")


@pytest.mark.parametrize("content", [f"{HEADER}\nEUR,2025-04,1.08\n".encode("utf-16"), b"currency\xff\xfe\n"])
def test_a_file_in_another_encoding_is_refused_with_what_to_do(world: ReferenceWorld, content: bytes) -> None:
    with pytest.raises(InvalidInputError, match=r"rows\.csv is not UTF-8 text \(byte \d+\). Save it in UTF-8"):
        _import_bytes(world, content)


def test_a_byte_order_mark_windows_lines_and_blank_lines_do_no_harm(world: ReferenceWorld) -> None:
    report = _import_bytes(world, f'\ufeff{HEADER}\r\n\r\n EUR , 2025-04 ,"1.08"\r\n,,\r\n'.encode())
    assert (report.rows, report.findings) == (1, ())


def test_a_file_that_is_too_large_is_not_read(world: ReferenceWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_text, "MOST_BYTES", 1024 * 1024)
    with pytest.raises(InvalidInputError, match=r"has more than 1 MB"):
        _import_bytes(world, b"x" * (1024 * 1024 + 1))


@pytest.mark.parametrize(
    ("text", "place", "column"),
    [
        ("", "line 1", None),
        ("currency,period,rate_to_usd,currency\n", "line 1", "currency"),
        ("currency,,rate_to_usd\n", "line 1", None),
        (f"{HEADER}\nEUR,2025-04\n", "line 2", None),
        (f'{HEADER}\n"EUR,2025-04,1\n', "line 2", None),
        (f"{HEADER}\nEUR,2025-04,1.08\nEUR,2025-04,1.09\n", "line 3", None),
        (f"{HEADER},color\nEUR,2025-04,1.08,red\n", "line 2", "color"),
        ("currency,period\nEUR,2025-04\n", "line 2", "rate_to_usd"),
        (f"{HEADER}\nEUR,2025-04,\n", "line 2", "rate_to_usd"),
        (f"{HEADER}\nEUR,2025-04,0\n", "line 2", "rate_to_usd"),
        (f"{HEADER}\nEUR,2025-04,NaN\n", "line 2", "rate_to_usd"),
        (f"{HEADER}\nEUR,2025-04,Infinity\n", "line 2", "rate_to_usd"),
        (f"{HEADER}\nEUR,2025-04,1e2\n", "line 2", "rate_to_usd"),
        (f'{HEADER}\nEUR,2025-04,"1,5"\n', "line 2", "rate_to_usd"),
        (f"{HEADER}\nEUR,2025-04,1.123456789\n", "line 2", "rate_to_usd"),
        (f"{HEADER}\nEUR,2025-04,{'9' * 200}\n", "line 2", "rate_to_usd"),
        (f"{HEADER}\nEUR,2025-04,92233720368.54775808\n", "line 2", "rate_to_usd"),
        (f"{HEADER}\nEUR,2025-04,\u0661\u0662\n", "line 2", "rate_to_usd"),
        (f"{HEADER}\nEURO,2025-04,1\n", "line 2", "currency"),
        (f"{HEADER}\n\u20acUR,2025-04,1\n", "line 2", "currency"),
        (f"{HEADER}\nEUR,2025-13,1\n", "line 2", "period"),
        (f"{HEADER}\nEUR,April,1\n", "line 2", "period"),
        (f"{HEADER},version\nEUR,2025-04,1,one\n", "line 2", "version"),
        (f"{HEADER},version\nEUR,2025-04,1,-1\n", "line 2", "version"),
        (f"{HEADER},delete\nEUR,2025-04,1,maybe\n", "line 2", "delete"),
    ],
)
def test_every_slip_in_a_csv_is_a_finding(world: ReferenceWorld, text: str, place: str, column: str | None) -> None:
    report = _import_bytes(world, text.encode())
    assert [(found[0], found[1]) for found in findings_of(report)] == [(place, column)]
    assert report.findings[0].accepted
    assert world.rows_of(currency_rates) == []


def test_a_field_longer_than_csv_allows_is_a_finding(world: ReferenceWorld) -> None:
    report = _import_bytes(world, f"{HEADER}\nEUR,2025-04,{'1' * 200_000}\n".encode())
    assert [finding.place for finding in report.findings] == ["line 2"]


def test_control_characters_in_a_text_are_refused(world: ReferenceWorld) -> None:
    report = _import_bytes(world, b"job_profile,reason\nVALET\x1fX,\x00\n", table="excluded_job_profiles")
    assert [finding.column for finding in report.findings] == ["job_profile", "reason"]


def test_a_key_that_grows_in_upper_case_must_still_fit(world: ReferenceWorld) -> None:
    text = f"job_profile,reason\n{'ß' * 51},x\n{'ß' * 50},x\n"
    report = _import_bytes(world, text.encode(), table="excluded_job_profiles")
    assert [(finding.place, finding.problem) for finding in report.findings] == [
        ("line 2", "is too long in upper case")
    ]


def test_a_value_is_shown_up_to_a_limit(world: ReferenceWorld) -> None:
    report = _import_bytes(world, f"{HEADER}\n{'E' * 1000},2025-04,1\n".encode())
    assert report.findings[0].value == "E" * 80 + "…"


NINE_BOMBS = "\n".join(
    [
        "a: &a [x, x]",
        *(f"{name}: &{name} [*{last}, *{last}]" for last, name in zip("abcdefgh", "bcdefghi", strict=True)),
    ]
)


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (NINE_BOMBS, "line 2", "is an alias"),
        ("a: &a {b: *a}", "line 1", "is an alias"),
        ("site_id: !!python/object/apply:os.system [ls]", "line 1", "has a tag"),
        ("!!set {a}", "line 1", "has a tag"),
        ("site_id: !!float 1", "line 1", "has a tag"),
        ("site_id: TP001\nsite_id: TP001", "line 2", "is named twice"),
        ("{site_id: TP001, [1]: 2}", "line 1", "is no name"),
        ("site_id: [" + "[" * 5000, "line 1", "is nested too deeply"),
        ("site_id: TP001\n\tfees: 1", "line 2, column 1", "is not YAML"),
        ("site_id: 'TP001", "line 1, column 16", "is not YAML"),
        ("site_id: \x07", "file", "is not YAML"),
        ("just a text", "document 1", "is no row"),
        ("- 1\n- {site_id: TP001}", "document 1", "is no row"),
    ],
)
def test_hostile_and_broken_yaml_is_a_finding_at_once(
    world: ReferenceWorld, text: str, place: str, problem: str
) -> None:
    started = time.perf_counter()
    report = _import_bytes(world, text.encode(), "rows.yaml", "contracts")
    assert time.perf_counter() - started < 2
    assert any(finding.place == place and problem in finding.problem for finding in report.findings), report.findings
    assert world.rows_of(contracts) == []


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n", "---\n---\n"])
def test_a_yaml_file_without_a_row_changes_nothing(world: ReferenceWorld, text: str) -> None:
    report = _import_bytes(world, text.encode(), "rows.yml", "contracts")
    assert (report.rows, report.findings, report.changes) == (0, (), [])


def test_words_that_other_readers_take_for_truth_values_or_numbers_stay_texts(world: ReferenceWorld) -> None:
    world.add_codes("NO", "010")
    report = world.import_yaml(
        "job_codes",
        "- {job_code_id: NO, default_hourly_rate: 0012.50, version: 1}\n"
        "- {job_code_id: 010, default_hourly_rate: ~, version: 1}\n",
    )
    assert report.findings == ()
    assert [(change.key, change.cells[0].new) for change in report.changes] == [("NO", "12.5")]


@pytest.mark.parametrize("name", ["rows.csv", "rows.yaml"])
def test_a_file_of_too_many_rows_is_refused_before_they_are_checked(
    world: ReferenceWorld, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(file_text, "MOST_ROWS", 3)
    rows = {"rows.csv": "currency\n" + "x\n" * 4, "rows.yaml": "- {currency: x}\n" * 3 + "- x\n- x\n"}
    with pytest.raises(InvalidInputError, match="more than 3 rows"):
        _import_bytes(world, rows[name].encode(), name)


def test_ten_thousand_rows_are_checked_in_seconds(world: ReferenceWorld) -> None:
    rows = "\n".join(f"X{number},valet_daily" for number in range(10_000))
    started = time.perf_counter()
    report = _import_bytes(world, f"code_or_text,category\n{rows}\n".encode(), table="revenue_code_mappings")
    assert (len(report.changes), report.findings) == (10_000, ())
    assert time.perf_counter() - started < 15
