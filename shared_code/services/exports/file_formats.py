"""The formats of exported files: media type, and how a file of each is written.

Source: REST API, "Audit and export".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from shared_code.services.exports.csv_file import write_csv
from shared_code.services.exports.pdf_file import write_pdf
from shared_code.services.exports.table import Document
from shared_code.services.exports.xlsx_file import write_xlsx

_IN_MEMORY: Final = 4 * 1024 * 1024
"""Bytes of a file that are kept in memory while it is written; a larger one goes to a temporary file."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How a document becomes a file of `media_type`."""

    media_type: str
    write: Callable[[Document, BinaryIO], None]


FORMATS: Final[Mapping[str, FileFormat]] = {
    "csv": FileFormat("text/csv", write_csv),
    "xlsx": FileFormat("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx),
    "pdf": FileFormat("application/pdf", write_pdf),
}
"""The formats by the names that clients give them."""


def write_file(document: Document, file_format: str) -> BinaryIO:
    """`document` as a file that stands at its beginning; whoever gets it closes it."""
    file = cast(BinaryIO, SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - handed on
    try:
        FORMATS[file_format].write(document, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file
