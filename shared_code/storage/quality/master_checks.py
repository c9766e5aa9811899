"""Checks of sites, people and rates: one belonging a month, one meaning a name, plausible pay.

Source: Source side, "Data-quality rules"; Data model, "Organisation, access, accounts" and "Job codes and rates".
"""

from typing import Any

from sqlalchemy import Column, Select, and_, func, or_, select

from shared_code.domain import quality_rules as rules
from shared_code.domain.quality_rules import LARGEST_MEASURE
from shared_code.sql.dates import month_of
from shared_code.storage.quality.check import Check, Terms, offending
from shared_code.storage.tables.job_codes import job_codes, site_job_code_rates, site_job_codes
from shared_code.storage.tables.organisation import districts, site_organizations


def _overlapping_belongings(terms: Terms) -> Select[Any]:  # noqa: ARG001 - of all times
    """Two districts of one site in one month: its figures would count in both."""
    first, later = site_organizations.alias("first"), site_organizations.alias("later")
    overlap = and_(
        first.c.site_id == later.c.site_id,
        first.c.effective_from < later.c.effective_from,
        or_(first.c.effective_to.is_(None), first.c.effective_to >= later.c.effective_from),
    )
    return offending(
        first.join(later, overlap),
        "sites",
        site=later.c.site_id,
        period=later.c.effective_from,
        field="district_code",
    )


def _districts_of_one_name(terms: Terms) -> Select[Any]:  # noqa: ARG001 - of all times
    return _named_twice("sites", districts.c.name, districts.c.district_code)


def _job_codes_of_one_title(terms: Terms) -> Select[Any]:  # noqa: ARG001 - of all times
    return _named_twice("wage_rates", job_codes.c.title, job_codes.c.job_code_id)


def _named_twice(source: str, name: Column[Any], code: Column[Any]) -> Select[Any]:
    """Names that several active records bear, under the first of their codes."""
    several = (
        select(func.min(code).label("code"))
        .where(code.table.c.is_active == True)  # noqa: E712 - a comparison in SQL
        .group_by(func.upper(name))
        .having(func.count() > 1)
        .subquery("several")
    )
    return offending(several, source, field=several.c.code)


def _salaries(terms: Terms) -> Select[Any]:  # noqa: ARG001 - of all times
    of_site = site_job_codes.c.site_id
    return offending(site_job_codes, "salaries", site=of_site, field=site_job_codes.c.job_code_id).where(
        site_job_codes.c.allocated_annual_salary > LARGEST_MEASURE
    )


def _calculated_rates(terms: Terms) -> Select[Any]:
    """Rates that are in force now; an entered rate is what somebody wanted."""
    rate = site_job_code_rates.c
    return offending(
        site_job_code_rates,
        "job_code_rates",
        site=rate.site_id,
        period=month_of(rate.effective_date),
        field=rate.job_code_id,
    ).where(
        rate.superseded_at.is_(None),
        or_(rate.end_date.is_(None), rate.end_date >= terms.first_day),
        rate.calculation_method.in_(("weighted_average", "average")),
        or_(rate.hourly_rate < terms.rate_min, rate.hourly_rate > terms.rate_max),
    )


MASTER_CHECKS = (
    Check("sites.belongings", "sites", rules.DUPLICATE, _overlapping_belongings),
    Check("sites.district_names", "sites", rules.DUPLICATE, _districts_of_one_name),
    Check("wage_rates.titles", "wage_rates", rules.DUPLICATE, _job_codes_of_one_title),
    Check("salaries.range", "salaries", rules.OUT_OF_RANGE, _salaries),
    Check("job_code_rates.range", "job_code_rates", rules.RATE, _calculated_rates),
)

__all__ = ["MASTER_CHECKS"]
