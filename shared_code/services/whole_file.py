"""A file for an operator: whole, or as it was before.

Source: Architecture, "The command line".
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from shared_code.errors import InvalidInputError


@contextmanager
def whole_file(file: Path) -> Iterator[TextIO]:
    """A text in UTF-8 that appears as `file`, or takes its place, when the block has ended well.

    Raises `InvalidInputError` for a folder, for a device, which would give way to a file, and for what the disk
    refuses.
    """
    try:
        target = file.resolve()
        if target.exists() and not target.is_file():
            raise InvalidInputError(f"{file} is no file that could be replaced.", field="file")
        # A name of its own: of two commands that write one file at once each writes the whole of it.
        unfinished = target.with_name(f"{target.name}.{os.getpid()}.partial")
        try:
            with unfinished.open("w", encoding="utf-8", newline="") as stream:
                yield stream
            unfinished.replace(target)
        finally:
            with suppress(OSError):  # there is none where none could be made
                unfinished.unlink()
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be written: {error.strerror}.", field="file") from error
