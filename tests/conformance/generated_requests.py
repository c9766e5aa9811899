"""Requests that are made from the OpenAPI document, and seasoned with what the company has.

A value that is only shaped like a site, a day or a job code is refused at the gate. Half of the requests therefore name
sites, periods, days and codes of the company, so that they reach the rules behind it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core import NOT_SET

from tests.support.whole_company import ALL_SITES, BARE, BY_CODE, JOB_CODES, OTHERS, OWN

Operation = APIOperation[Any, Any, Any, Any]
Request = Case[Any]
_RANDOMS: Final = st.integers(0, 2**32 - 1).map(Random)
Learned = dict[str, list[str]]
"""Ids that answers told, by the name under which they are sent again."""

HOSTILE: Final[tuple[Any, ...]] = (
    None, True, -1, 0, 1e308, 10**400, 0.1 + 0.2, "", " ", "\x00", "\U0001f600" * 50, "' OR 1=1 --", "2025-02-30",
    [], {}, [[]], [{}], {"$ref": "#"}, "9" * 3000,
)  # fmt: skip
"""What nobody expects in the place of a value."""

_LONGEST_QUERY: Final = 1500
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*: [\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_PLACES: Final[tuple[Mapping[str, str], ...]] = tuple(
    dict(zip(("siteId", "period", "organizationLevel", "organizationId", "module"), place, strict=True))
    for place in (
        (OWN, "2025-05", "company", "all", "payroll"),
        (OWN, "2025-04", "portfolio", "me", "statistics"),
        (OWN, "2025-04-20", "district", "ALPHA", "statistics"),
        (BY_CODE, "2025-06", "district", "alpha", "pl-view"),
        (OTHERS, "2025-07", "region", "EAST", "other-revenue"),
        (OTHERS, "2025-Q2", "district", "none", "parking-rates"),
        (OWN, "2025", "company", "all", "other-expenses"),
        (BARE, "2025-02", "region", "WEST", "payroll"),
        ("NOSITE", "2025-04", "region", "EAST", "other-expenses"),
    )
)
_COMMON: Final = {"job_code_id": "VLT1", "jobCode": "GSA", "jobGroupId": "valet"}

_DATES: Final = frozenset({"date", "dates", "week", "sourceWeek", "effective_date", "date_from", "date_to"})
_KNOWN: Final[Mapping[str, tuple[Any, ...]]] = {
    "site_id": ALL_SITES,
    "siteIds": ALL_SITES,
    "site_ids": ALL_SITES,
    "period": ("2025-04", "2025-05", "2025", "2025-Q2"),
    "jobCode": JOB_CODES,
    "jobCodes": JOB_CODES,
    "job_codes": JOB_CODES,
    "jobGroupId": ("valet", "gsa"),
    "jobGroups": ("valet", "gsa"),
    "jobFamily": ("Valet", "Ground Support Agent"),
    "version": (0, 1, None, None, None),
    "district": ("ALPHA", "BETA"),
    "region": ("EAST", "WEST"),
}
"""What the company has, by the name of the member or parameter in which it is sent."""


def requests_of(operation: Operation, learned: Learned) -> SearchStrategy[Request]:
    """Requests of an operation: as the document allows, as it forbids, and its own example, seasoned and spoilt."""
    names = [parameter.name for parameter in operation.path_parameters]
    has_more = bool(operation.query or operation.headers or operation.body)
    allowed = _at_known_places(operation, GenerationMode.POSITIVE, names, learned)
    forbidden = _at_known_places(operation, GenerationMode.NEGATIVE, names, learned) if has_more else None
    seasoned = st.builds(_seasoned, allowed, _RANDOMS, st.just(learned))
    others = [allowed] if forbidden is None else [allowed, forbidden]
    # `one_of` would join the choices within, and seldom take the seasoned ones.
    kinds = st.sampled_from([seasoned, seasoned, seasoned, *others])
    return kinds.flatmap(lambda kind: kind).filter(_can_be_sent)


def _can_be_sent(case: Request) -> bool:
    """Whether any HTTP server would take its head."""
    has_plain_headers = all(_HEADER.fullmatch(f"{name}: {value}") for name, value in case.headers.items())
    return has_plain_headers and len(str(case.query)) <= _LONGEST_QUERY


def is_refused_for_its_form(case: Request) -> bool:
    """Whether the document forbids the request, which is sent as it was made."""
    return case.meta is not None and case.meta.generation.mode.is_negative


def _at_known_places(
    operation: Operation, mode: GenerationMode, names: Sequence[str], learned: Learned
) -> SearchStrategy[Request]:
    places = [{name: _place(name, known, learned) for name in names} for known in _PLACES]
    known = [{name: value for name, value in place.items() if value is not None} for place in places]
    return st.one_of(*[operation.as_strategy(mode, path_parameters=place) for place in known])


def _place(name: str, known: Mapping[str, str], learned: Learned) -> str | None:
    if name in learned:
        return learned[name][-1]
    return {**known, **_COMMON, "site_id": known["siteId"]}.get(name)


def _seasoned(case: Request, random: Random, learned: Learned) -> Request:
    """The request with values of the company; sometimes its body is the documented example, spoilt in one place."""
    season = Season(random, learned, case.path_parameters.get("period", "2025-05"))
    examples = _examples(case.operation)
    if case.body is not NOT_SET and examples and random.random() < 0.8:
        case.body = _copied(random.choice(examples))
    if isinstance(case.body, dict | list):
        case.body = season.value("", case.body)
        if random.random() < 0.3:
            _spoil(case.body, random)
    if "If-Match" in case.headers and random.random() < 0.8:
        case.headers["If-Match"] = "*"
    if isinstance(case.query, dict):
        case.query = {name: season.value(name, value) for name, value in case.query.items()}
    return case


@dataclass(frozen=True)
class Season:
    """Puts values that the company has into the places of others, for a request about `period`."""

    random: Random
    learned: Learned
    period: str

    def value(self, name: str, value: Any) -> Any:
        """`value` of the member `name`, or more often one that the company has."""
        if isinstance(value, dict):
            return {member: self.value(member, one) for member, one in value.items()}
        if isinstance(value, list):
            return [self.value(name, one) for one in value]
        choices = self._choices(name)
        return value if not choices or self.random.random() < 0.25 else self.random.choice(choices)

    def _choices(self, name: str) -> Sequence[Any]:
        """What the company has in that place; days and months are mostly those of the period."""
        if name in _DATES:
            month = self.period[:7] if re.fullmatch(r"\d{4}-\d\d", self.period[:7]) else "2025-05"
            return [f"{month}-{day}" for day in ("15", "18", "20", "24", "26", "28", "30")]
        if name == "month":
            return [self.period[:7]] if len(self.period) > 4 else ["2025-05", "2025-11", "2025-03"]
        return self.learned.get(name) or _KNOWN.get(name, ())


def _examples(operation: Operation) -> list[Any]:
    content = operation.definition.raw.get("requestBody", {}).get("content", {}).get("application/json", {})
    return [example["value"] for example in content.get("examples", {}).values()]


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _spoil(body: Any, random: Random) -> None:
    """Take one member or element away, double it, or put something hostile into its place."""
    holders = [found for found in _holders(body) if found]
    if not holders:
        return
    holder = random.choice(holders)
    place = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    kind = random.random()
    if kind < 0.25:
        del holder[place]
    elif kind < 0.4 and isinstance(holder, list):
        holder.append(_copied(holder[place]))
    elif kind < 0.5 and isinstance(holder, dict):
        holder["unknown"] = 1
    else:
        holder[place] = random.choice(HOSTILE)


def _holders(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value, *(found for one in value.values() for found in _holders(one))]
    return [value, *(found for one in value for found in _holders(one))] if isinstance(value, list) else []
