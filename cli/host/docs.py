"""The page of the local host that describes the API, made in the browser from the API's own document.

Everything is in the page itself: it loads nothing from elsewhere, and the platform never serves it.

Source: Architecture, "The command line".
"""

from functools import cache
from pathlib import Path
from typing import Final

import azure.functions as func

DOCS_PATH: Final = "/docs"

_PAGE: Final = Path(__file__).with_name("docs.html")
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_at(method: str, path: str) -> func.HttpResponse | None:
    """The page, when a request asks for it; None for every other request."""
    if method != "GET" or path.removesuffix("/") != DOCS_PATH:
        return None
    headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return func.HttpResponse(_page(), headers=headers, mimetype="text/html", charset="utf-8")


@cache
def _page() -> str:
    return _PAGE.read_text(encoding="utf-8")
