"""The text of a file that an operator hands in, within limits.

Source: Data model, "Reference data that no feed brings".
"""

from pathlib import Path

from shared_code.errors import InvalidInputError, NotFoundError

MOST_BYTES = 32 * 1024 * 1024
"""A larger file is a mistake: the contracts of ten thousand sites take half of this."""

MOST_ROWS = 250_000
"""Rows of a file; each is held with all that is found wrong in it."""


def check_rows(count: int) -> None:
    """Raises `InvalidInputError` when a file has more rows than are checked at once."""
    if count > MOST_ROWS:
        raise InvalidInputError(f"The file has more than {MOST_ROWS:,} rows. Import it in parts.", field="file")


def read_text(path: Path) -> str:
    """The text of the file, without a byte-order mark.

    Raises `NotFoundError` when there is none, `InvalidInputError` when it is too large or not UTF-8.
    """
    if not path.exists():
        raise NotFoundError(f"There is no file {path}.")
    if not path.is_file():
        raise InvalidInputError(f"{path} is not a file.", field="file")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}.", field="file") from error
    if len(content) > MOST_BYTES:
        raise InvalidInputError(
            f"{path.name} has more than {MOST_BYTES // 1024 // 1024} MB. Import it in parts.", field="file"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{path.name} is not UTF-8 text (byte {error.start + 1}). Save it in UTF-8.", field="file"
        ) from None
