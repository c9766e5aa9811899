"""An export as CSV: UTF-8 with a byte order mark, by which Excel knows it, fields as RFC 4180 has them.

Source: REST API, "Audit and export".
"""

import codecs
import csv
from datetime import date
from decimal import Decimal
from io import TextIOWrapper
from typing import BinaryIO

from shared_code.services.exports.safe_text import printable, safe_text
from shared_code.services.exports.table import Cell, Document


def write_csv(document: Document, file: BinaryIO) -> None:
    """Write the facts, then each table below its title, with an empty row between them."""
    file.write(codecs.BOM_UTF8)
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerows([field(label), field(value)] for label, value in document.facts)
    for section in document.sections:
        writer.writerow([])
        writer.writerow([field(section.title)])
        writer.writerow([field(heading) for heading in section.headings])
        writer.writerows([field(value) for value in row] for row in section.shown_rows())
    text.detach()


def field(value: Cell) -> str:
    """A cell as a field: numbers as they are, days as `YYYY-MM-DD`, text that no spreadsheet calculates."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return safe_text(printable(value)) if isinstance(value, str) else str(value)
