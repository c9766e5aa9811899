"""Answers that are files, without an envelope.

Source: REST API, "Audit and export".
"""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from starlette.responses import Response, StreamingResponse

from shared_code.api.envelope import FIGURES
from shared_code.services.exports.file_formats import FORMATS

_PART_BYTES: Final = 64 * 1024

FILE_TYPES: Final = tuple(one.media_type for one in FORMATS.values())
"""The media types of files."""

DESCRIBED: Final[dict[str, Any]] = {
    "description": "The file",
    "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in FILE_TYPES},
}
"""What the document says of such an answer."""


def answer_file(parts: Iterator[bytes], size: int, file_format: str, name: str) -> Response:
    """A file of `size` bytes that is to be kept under `name`; its parts are read while they are sent."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(size),
        "Cache-Control": FIGURES,
    }
    return StreamingResponse(parts, 200, headers, media_type=FORMATS[file_format].media_type)


def parts_of(file: BinaryIO) -> Iterator[bytes]:
    """The rest of `file`, which is closed at its end."""
    with file:
        while content := file.read(_PART_BYTES):
            yield content
