"""Budget payroll of job profiles, brought to the job codes of a site.

Source: Calculations, "Budget payroll by job code"; Source side, "Job profile mapping (payroll budget)".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.employee_shares import Headcount, split_by_employees
from shared_code.domain.labor_hours import job_code_key
from shared_code.domain.rounding import ZERO

_BUDGET_PLACES = 5
"""Decimals of a budget figure: shares keep them, so that they add up to the profile exactly."""


@dataclass(frozen=True, slots=True)
class ProfileBudget:
    """Budget hours and dollars of one job profile at a site in a month; any sign."""

    job_profile: str
    hours: Decimal
    cost: Decimal
    shift_differential: bool = False


@dataclass(frozen=True, slots=True)
class CodeBudget:
    """Budget hours and dollars of one job code at a site in a month."""

    job_code: str
    hours: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class MappedBudget:
    """The budget by job code, one entry per code of the site, and the profiles that reached none.

    Hours and dollars of `job_codes`, `unmapped` and `excluded` together are those of all profiles.
    """

    job_codes: tuple[CodeBudget, ...]
    unmapped: tuple[ProfileBudget, ...]
    excluded: tuple[ProfileBudget, ...]


def map_profiles(
    profiles: Iterable[ProfileBudget], mapping: Mapping[str, Iterable[str]], site_codes: Sequence[Headcount]
) -> MappedBudget:
    """The budget of a site and month by job code.

    `mapping` names the job codes of a profile, by `job_code_key` of the profile; only those of `site_codes` take part.
    Without one of them the code with the name of the profile takes all. Shift differentials are dropped.

    Source: Calculations, "Budget payroll by job code".
    """
    site = {job_code_key(code.job_code): code for code in site_codes}
    hours = dict.fromkeys(site, ZERO)
    cost = dict.fromkeys(site, ZERO)
    unmapped: list[ProfileBudget] = []
    excluded: list[ProfileBudget] = []
    for profile in profiles:
        if profile.shift_differential:
            excluded.append(profile)
            continue
        keys = _targets(profile.job_profile, mapping, site)
        if not keys:
            unmapped.append(profile)
            continue
        targets = [site[key] for key in keys]
        _add_shares(hours, keys, split_by_employees(profile.hours, targets, _BUDGET_PLACES))
        _add_shares(cost, keys, split_by_employees(profile.cost, targets, _BUDGET_PLACES))
    codes = tuple(CodeBudget(code.job_code, hours[key], cost[key]) for key, code in site.items())
    return MappedBudget(codes, tuple(unmapped), tuple(excluded))


def _targets(profile: str, mapping: Mapping[str, Iterable[str]], site: Mapping[str, Headcount]) -> list[str]:
    """Keys of the codes that a profile goes to, each once; none for a profile that stays unmapped."""
    key = job_code_key(profile)
    mapped = dict.fromkeys(job_code_key(code) for code in mapping.get(key, ()))
    present = [code for code in mapped if code in site]
    if present:
        return present
    return [key] if key in site else []


def _add_shares(sums: dict[str, Decimal], keys: Sequence[str], shares: Sequence[Decimal]) -> None:
    for key, share in zip(keys, shares, strict=True):
        sums[key] += share
