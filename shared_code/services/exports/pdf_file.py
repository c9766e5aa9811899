"""An export as PDF: tables over as many pages as they need, each as wide as its widest table.

The letters are those of the fonts that every reader has (Windows Latin 1). Others lose their accents, or appear as
`?` where they have none.

Source: REST API, "Audit and export".
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO, Final
from unicodedata import combining, normalize

from shared_code.services.exports.safe_text import printable
from shared_code.services.exports.table import Cell, Document, Section

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

LONGEST_TEXT: Final = 60
"""Characters of a text that are shown in a table; figures are never cut."""

LONGEST_FACT: Final = 160
"""Characters of a line about the export."""

_WIDTH, _HEIGHT = 792, 612
"""Points of a letter page that lies on its side, the smallest page."""

_MARGIN, _LINE, _SIZE, _GAP = 36, 11, 8, 8
_PLAIN, _BOLD = "Helvetica", "Helvetica-Bold"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the columns of a table begin and how wide they are, in points."""

    lefts: tuple[float, ...]
    widths: tuple[float, ...]

    @property
    def right(self) -> float:
        """Where the table ends."""
        return self.lefts[-1] + self.widths[-1]


def write_pdf(document: Document, file: BinaryIO) -> None:
    """Write the facts, then each table; headings are repeated on every page."""
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 - only PDF needs it

    layouts = [_layout(section) for section in document.sections]
    width = max([_WIDTH, *(layout.right + _MARGIN for layout in layouts)])
    canvas = Canvas(file, pagesize=(width, width * _HEIGHT / _WIDTH), pageCompression=1)
    canvas.setTitle(" ".join(value for _, value in document.facts[:2]))
    pages = _Pages(canvas, width * _HEIGHT / _WIDTH)
    for label, value in document.facts:
        pages.line([(_MARGIN, label, False), (_MARGIN + 100, _cut(value, LONGEST_FACT), False)])
    for section, layout in zip(document.sections, layouts, strict=True):
        pages.table(section, layout)
    pages.end()


class _Pages:
    """Fills one page after the other from the top."""

    def __init__(self, canvas: "Canvas", height: float) -> None:
        self._canvas = canvas
        self._height = height
        self._number = 0
        self._begin()

    def table(self, section: Section, layout: _Layout) -> None:
        """A table below its title."""
        if self._top < _MARGIN + 5 * _LINE:
            self._turn()
        self._top -= _LINE
        self._head(section, layout)
        for row in section.shown_rows():
            if self._top < _MARGIN + _LINE:
                self._turn()
                self._head(section, layout)
            self.line(_placed(row, layout))

    def line(self, texts: Iterable[tuple[float, str, bool]], font: str = _PLAIN) -> None:
        """One line: texts that begin, or end where the flag is set, at the place given."""
        if self._top < _MARGIN + _LINE:
            self._turn()
        self._canvas.setFont(font, _SIZE)
        for place, text, ends_there in texts:
            draw = self._canvas.drawRightString if ends_there else self._canvas.drawString
            draw(place, self._top, text)
        self._top -= _LINE

    def end(self) -> None:
        """Close the last page and the file."""
        self._close()
        self._canvas.save()

    def _head(self, section: Section, layout: _Layout) -> None:
        self.line([(_MARGIN, _drawable(section.title), False)], _BOLD)
        self.line(_placed(section.headings, layout), _BOLD)

    def _begin(self) -> None:
        self._number += 1
        self._top = self._height - _MARGIN - _SIZE

    def _close(self) -> None:
        self._canvas.setFont(_PLAIN, _SIZE)
        self._canvas.drawString(_MARGIN, _MARGIN - _LINE, f"Page {self._number}")
        self._canvas.showPage()

    def _turn(self) -> None:
        self._close()
        self._begin()


def _placed(row: Sequence[Cell], layout: _Layout) -> Iterator[tuple[float, str, bool]]:
    """The texts of a row with their places: numbers at the right of their column."""
    for value, left, width in zip(row, layout.lefts, layout.widths, strict=True):
        if text := _text(value):
            is_number = isinstance(value, Decimal | int)
            yield (left + width if is_number else left), text, is_number


def _layout(section: Section) -> _Layout:
    """Columns that are as wide as the widest of their texts."""
    from reportlab.pdfbase.pdfmetrics import stringWidth  # noqa: PLC0415 - only PDF needs it

    digit = stringWidth("0", _PLAIN, _SIZE)
    widths = [stringWidth(_text(heading), _BOLD, _SIZE) for heading in section.headings]
    seen: list[set[str]] = [set() for _ in widths]
    for row in section.shown_rows():
        for place, value in enumerate(row):
            text = _text(value)
            if not isinstance(value, str):
                widths[place] = max(widths[place], digit * len(text))
            elif text not in seen[place]:
                seen[place].add(text)
                widths[place] = max(widths[place], stringWidth(text, _PLAIN, _SIZE))
    lefts, left = [], float(_MARGIN)
    for width in widths:
        lefts.append(left)
        left += width + _GAP
    return _Layout(tuple(lefts), tuple(widths))


def _text(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, ",f")
    if isinstance(value, date):
        return value.isoformat()
    return _cut(value, LONGEST_TEXT) if isinstance(value, str) else str(value)


def _cut(text: str, length: int) -> str:
    shown = _drawable(text)
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"


def _drawable(text: str) -> str:
    """`text` on one line, in the letters that the fonts have."""
    return "".join(map(_in_font, normalize("NFC", " ".join(printable(text).split()))))


def _in_font(letter: str) -> str:
    """`letter`, else the letter below its accents, else `?`; nothing for an accent that stands alone."""
    known = letter.encode("cp1252", "ignore") or normalize("NFKD", letter).encode("ascii", "ignore")
    return known.decode("cp1252") if known or combining(letter) else "?"
