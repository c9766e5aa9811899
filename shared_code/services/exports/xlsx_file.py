"""An export as a workbook with one sheet, written row by row.

Source: REST API, "Audit and export".
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from shared_code.services.exports.safe_text import printable, safe_text
from shared_code.services.exports.table import Cell, Column, Document

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

LONGEST_TEXT: Final = 32_767
"""Characters that a cell of a workbook holds."""

_WIDEST: Final = 60
"""Characters that a column is wide at most."""


def write_xlsx(document: Document, file: BinaryIO) -> None:
    """Write the facts, then each table below its title, with an empty row between them."""
    from openpyxl import Workbook  # noqa: PLC0415 - only workbooks need it

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Export")
    for place, width in enumerate(_widths(document), 1):
        sheet.column_dimensions[_letters(place)].width = width
    cells = _Cells(sheet)
    for label, value in document.facts:
        sheet.append(cells.fact(label, value))
    for section in document.sections:
        sheet.append([])
        sheet.append(cells.texts([section.title], bold=True))
        sheet.append(cells.texts(section.headings, bold=True))
        for row in section.shown_rows():
            sheet.append(cells.row(section.columns, row))
    workbook.save(file)


class _Cells:
    """Makes the cells of a sheet: one for each kind of value, which is written before it gets the next one."""

    def __init__(self, sheet: "WriteOnlyWorksheet") -> None:
        self._sheet = sheet
        self._text = self._cell("@")
        self._bold = self._cell("@", bold=True)
        self._day = self._cell("yyyy-mm-dd")
        self._numbers: dict[int, Any] = {}

    def row(self, columns: Iterable[Column], row: Iterable[Cell]) -> Iterator[Any]:
        """The cells of a row."""
        for column, value in zip(columns, row, strict=True):
            if isinstance(value, str):
                yield self._filled(value, self._text)
            elif isinstance(value, Decimal):
                cell = self._numbers.get(column.decimals)
                if cell is None:
                    cell = self._numbers[column.decimals] = self._cell(f"#,##0.{'0' * column.decimals}")
                cell.value = value
                yield cell
            elif isinstance(value, date):
                self._day.value = value
                yield self._day
            else:
                yield value

    def texts(self, values: Iterable[str], *, bold: bool = False) -> Iterator[Any]:
        """The cells of a row of texts."""
        for value in values:
            yield self._filled(value, self._bold if bold else self._text)

    def fact(self, label: str, value: str) -> Iterator[Any]:
        """The cells of a fact."""
        yield self._filled(label, self._bold)
        yield self._filled(value, self._text)

    def _filled(self, value: str, cell: Any) -> Any:
        """A cell of text, which is neither a formula nor an error whatever it says; None for no text."""
        text = safe_text(printable(value))[:LONGEST_TEXT]
        if not text:
            return None
        cell.value = text
        cell.data_type = "s"
        return cell

    def _cell(self, number_format: str, *, bold: bool = False) -> Any:
        from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - only workbooks need it
        from openpyxl.styles import Font  # noqa: PLC0415 - only workbooks need it

        cell = WriteOnlyCell(self._sheet)
        cell.number_format = number_format
        if bold:
            cell.font = Font(bold=True)
        return cell


def _widths(document: Document) -> list[int]:
    """The characters that each column needs for its headings; the first two also hold the facts."""
    widths: list[int] = [len(max((label for label, _ in document.facts), key=len, default="")), 24]
    for section in document.sections:
        for place, heading in enumerate(section.headings):
            widths += [0] * (place + 1 - len(widths))
            widths[place] = max(widths[place], len(heading))
    return [min(max(width + 2, 12), _WIDEST) for width in widths]


def _letters(place: int) -> str:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - only workbooks need it

    letters: str = get_column_letter(place)
    return letters
