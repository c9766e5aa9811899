"""Lists of a request that name everything once.

Source: REST API, "Errors" and "Job groups and job codes".
"""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from shared_code.api.fields import SiteCode, wrong
from shared_code.api.validation import located


def each_once(sentence: str) -> AfterValidator:
    """Refuses every item that an earlier one names already; case and blanks around an item make no difference."""

    def check(items: list[str]) -> list[str]:
        named: set[str] = set()
        twice: list[tuple[tuple[int | str, ...], Any, object]] = []
        for position, item in enumerate(items):
            plain = item.strip().upper()
            if plain in named:
                twice.append(((position,), wrong("DUPLICATE", sentence), item))
            named.add(plain)
        if twice:
            raise located(*twice)
        return items

    return AfterValidator(check)


SiteCodes = Annotated[list[SiteCode], Field(min_length=1), each_once("This site is named more than once")]
"""The sites that a request is about: at least one, each once."""
