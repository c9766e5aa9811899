"""Files of exports: text that no spreadsheet calculates, numbers that stay numbers, any length in little memory."""

import csv
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any, overload

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from pypdf import PdfReader

from shared_code.services.exports.file_formats import FORMATS, write_file
from shared_code.services.exports.request import ExportRequest
from shared_code.services.exports.safe_text import safe_text
from shared_code.services.exports.table import Cell, Column, Document, Row, Section, heading_of
from tests.support.export_world import pdf_text

COLUMNS = (Column("Day"), Column("Text"), Column("Amount"), Column("Ratio", 6), Column("Count"))


def document(*rows: Row, title: str = "Rows") -> Document:
    return Document((("Site", "TP001"),), (Section(title, COLUMNS, rows),))


def written(file_format: str, shown: Document) -> bytes:
    with write_file(shown, file_format) as file:
        return file.read()


def csv_rows(shown: Document) -> list[list[str]]:
    return list(csv.reader(StringIO(written("csv", shown).decode("utf-8-sig"), newline="")))


def xlsx_cells(shown: Document) -> list[tuple[Any, ...]]:
    (sheet,) = load_workbook(BytesIO(written("xlsx", shown))).worksheets
    return list(sheet.iter_rows())


def text_row(text: str) -> Row:
    return (None, text, None, None, None)


STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With one of these a spreadsheet may begin to calculate."""


@pytest.mark.parametrize("start", STARTS)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(start: str) -> None:
    text = f"{start}1+1"
    assert csv_rows(document(text_row(text)))[4][1] == f"'{text}"
    cell = xlsx_cells(document(text_row(text)))[4][1]
    assert (cell.value, cell.data_type) == (f"'{text}".replace("\r", "\n"), "s")


@pytest.mark.parametrize("text", ["1=1", " =1", "'=1", "TP001", "#N/A", "1＝1", "a\tb", "0170"])
def test_every_other_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text
    assert csv_rows(document(text_row(text)))[4][1] == text
    cell = xlsx_cells(document(text_row(text)))[4][1]
    assert (cell.value, cell.data_type) == (text, "s")


@settings(deadline=None, max_examples=40)
@given(st.text())
def test_no_field_begins_like_a_formula_and_no_text_breaks_a_file(text: str) -> None:
    shown = Document(((text, text),), (Section(text, (Column(text),), [(text,)]),))
    fields = [field for row in csv_rows(shown) for field in row]
    assert not any(field.startswith(STARTS) for field in fields)
    cells = [cell for row in xlsx_cells(shown) for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert not any(str(cell.value or "").startswith(STARTS) for cell in cells)
    assert len(PdfReader(BytesIO(written("pdf", shown))).pages) >= 1


def test_numbers_are_rounded_half_up_and_stay_numbers() -> None:
    row: Row = (date(2025, 5, 2), "x", Decimal("-1234567.005"), Decimal("0.1234565"), 7)
    assert csv_rows(document(row))[4] == ["2025-05-02", "x", "-1234567.01", "0.123457", "7"]
    day, _, amount, ratio, count = xlsx_cells(document(row))[4]
    assert (day.value.date(), day.number_format) == (date(2025, 5, 2), "yyyy-mm-dd")
    assert (amount.value, amount.data_type, amount.number_format) == (-1234567.01, "n", "#,##0.00")
    assert (ratio.value, ratio.number_format) == (0.123457, "#,##0.000000")
    assert (count.value, count.data_type) == (7, "n")
    assert "-1,234,567.01" in pdf_text(written("pdf", document(row)))


def test_nothing_is_not_zero() -> None:
    row: Row = (None, "x", None, Decimal(0), 0)
    assert csv_rows(document(row))[4] == ["", "x", "", "0.000000", "0"]
    assert [cell.value for cell in xlsx_cells(document(row))[4]] == [None, "x", None, 0, 0]


def test_csv_is_utf_8_that_excel_knows_with_lines_as_the_standard_has_them() -> None:
    content = written("csv", document(text_row('Café "Nord",\nSüd')))
    assert content.startswith(b"\xef\xbb\xbfSite,TP001\r\n\r\nRows\r\n")
    assert '"Café ""Nord"",\nSüd"'.encode() in content


def test_a_pdf_cuts_long_texts_but_no_figure_and_repeats_headings_on_every_page() -> None:
    rows: list[Row] = [(None, "w" * 500, Decimal("999999999999.99"), None, None) for _ in range(120)]
    reader = PdfReader(BytesIO(written("pdf", document(*rows))))
    texts = [page.extract_text() for page in reader.pages]
    assert len(texts) > 2
    assert all("Amount" in text and f"Page {number}" in text for number, text in enumerate(texts, 1))
    assert sum(text.count("999,999,999,999.99") for text in texts) == 120
    assert max(len(word) for text in texts for word in text.split()) == 60


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Café Müller – 5 €", "Café Müller – 5 €"),
        ("Cafe\u0301", "Café"),
        ("Dvořák, Győr", "Dvorák, Gyor"),
        ("ﬁne №7", "fine No7"),
        ("駐車 🅿️", "?? ?"),
        ("a\u200db\nc\x07", "a?b c"),
    ],
)
def test_a_pdf_shows_letters_that_its_fonts_lack_as_near_as_it_can(text: str, drawn: str) -> None:
    assert f"\n{drawn}" in pdf_text(written("pdf", document(text_row(text))))


def test_a_page_is_as_wide_as_its_widest_table() -> None:
    columns = tuple(Column(f"Column number {number}") for number in range(40))
    wide = Document((), (Section("Wide", columns, [tuple(Decimal(10**9) for _ in columns)]),))
    (page,) = PdfReader(BytesIO(written("pdf", wide))).pages
    assert page.mediabox.width > 40 * 50
    (usual,) = PdfReader(BytesIO(written("pdf", document()))).pages
    assert (usual.mediabox.width, usual.mediabox.height) == (792, 612)


class _Many(Sequence[Row]):
    """Rows that are made when they are asked for."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        raise IndexError(index)

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        for number in range(self._length):
            yield date(2025, 1, 1), f"Text {number % 50}", Decimal(number) / 7, Decimal(1) / 3, number


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_of_many_rows_does_not_take_their_memory(file_format: str) -> None:
    peaks = []
    for rows in (100, 1_100):
        shown = Document((), (Section("Rows", COLUMNS, _Many(rows)),))
        with write_file(shown, file_format):
            pass
        tracemalloc.start()
        with write_file(shown, file_format):
            peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # A thousand rows more: their cells alone would take more than a kilobyte a row.
    assert peaks[1] - peaks[0] < 700_000


@pytest.mark.parametrize(
    ("name", "heading"),
    [("valet_daily", "Valet daily"), ("valetDaily", "Valet daily"), ("gpoFees", "GPO fees"), ("uniforms", "Uniforms")],
)
def test_a_heading_says_in_words_what_the_field_is_called(name: str, heading: str) -> None:
    assert heading_of(name) == heading


@pytest.mark.parametrize(
    ("organization_id", "name"),
    [
        ("North\r\nX-Evil: 1", "rollup-district-North_X-Evil_1-2025.csv"),
        ('../"a";b', "rollup-district-_a_b-2025.csv"),
        ("Süd 🏨", "rollup-district-S_d_-2025.csv"),
        ("a" * 300, f"rollup-district-{'a' * 60}-2025.csv"),
    ],
)
def test_a_file_name_has_plain_letters_only(organization_id: str, name: str) -> None:
    request = ExportRequest(
        "rollup", "csv", "me", ("2025",), organization_level="district", organization_id=organization_id
    )
    assert request.file_name == name
