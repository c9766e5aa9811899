"""Cases of benchmarks."""

from typing import Any

from shared_code.domain.benchmarks import Member, benchmark
from shared_code.domain.metrics import Quotient
from tests.golden.case_values import Given, read_number

FIGURES = (
    "suppressed",
    "of",
    "average",
    "median",
    "site_value",
    "rank",
    "percentile",
    "deviation_percent",
    "flag",
)


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The place of a site in a group."""
    place = benchmark(given["metric"], given["site"], map(_read_member, given["members"]))
    return {figure: getattr(place, figure) for figure in FIGURES}


def _read_member(row: Given) -> Member:
    numerator, denominator = read_number(row, "numerator"), read_number(row, "denominator")
    if numerator is None or denominator is None:
        return Member(row["site"], None)
    return Member(row["site"], Quotient(numerator, denominator))
