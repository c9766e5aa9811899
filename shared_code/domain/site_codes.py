"""Site codes as the warehouse writes them and as the product keeps them.

Source: Calculations, "Site codes"; Source side, "Scope and vocabulary".
"""

import re

_ACCEPTED = re.compile(r"[A-Z0-9]+")
_WIDTH = 4


def normalise_site(code: str | None) -> str | None:
    """The product's code of a site in a warehouse row; None for a blank code or one with a character outside A-Z0-9.

    Trimmed and in upper case; digits only are padded with zeros on the left to four characters. This is a rule for
    warehouse rows: a code that a client sends is never padded.
    """
    text = (code or "").strip()
    if not text.isascii():
        return None
    site = text.upper()
    if not _ACCEPTED.fullmatch(site):
        return None
    return site.zfill(_WIDTH) if site.isdigit() else site
