"""Cases of budget payroll by job code."""

from typing import Any

from shared_code.domain.employee_shares import Headcount
from shared_code.domain.job_profiles import ProfileBudget, map_profiles
from shared_code.domain.labor_hours import job_code_key
from tests.golden.case_values import read_amount, read_rows


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The budget of every code of the site, and the profiles that reached none."""
    mapping: dict[str, list[str]] = {}
    for row in read_rows(given, "mapping"):
        mapping.setdefault(job_code_key(row["job_profile"]), []).append(row["job_code"])
    profiles = [
        ProfileBudget(
            row["job_profile"], read_amount(row, "hours"), read_amount(row, "cost"), bool(row.get("shift_differential"))
        )
        for row in given["budget"]
    ]
    codes = [Headcount(row["job_code"], read_amount(row, "active_employees")) for row in given["site_job_codes"]]
    mapped = map_profiles(profiles, mapping, codes)
    return {
        "job_codes": [{"job_code": code.job_code, "hours": code.hours, "cost": code.cost} for code in mapped.job_codes],
        "unmapped": [profile.job_profile for profile in mapped.unmapped],
        "excluded": [profile.job_profile for profile in mapped.excluded],
    }
