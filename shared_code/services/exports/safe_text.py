"""Text that a spreadsheet takes for text, whatever somebody typed.

Source: REST API, "Audit and export".
"""

import re
from typing import Final

_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With one of these a spreadsheet sees the beginning of a formula; some take the wide forms for the narrow ones."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def safe_text(text: str) -> str:
    """`text` with a leading `'` where a spreadsheet would calculate it."""
    return f"'{text}" if text.startswith(_STARTS) else text


def printable(text: str) -> str:
    """`text` without characters that files of tables cannot hold."""
    return _UNPRINTABLE.sub("", text)
