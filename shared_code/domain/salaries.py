"""Salaried job codes: which ones they are and what a day of them costs.

Source: Calculations, "Job codes" and "Salaried codes".
"""

import calendar
from decimal import Decimal

from shared_code.domain.rounding import ZERO

HOURS_PER_EMPLOYEE_DAY = Decimal(8)
"""Hours that a salaried code shows on every calendar day for each active employee."""


def is_salaried_code(salaried: bool, allocated_salary: Decimal | None) -> bool:
    """Whether a job code at a site is salaried: it is flagged so and has an allocated salary (dollars per year)."""
    return salaried and allocated_salary is not None


def salary_of_days(allocated_salary: Decimal | None, days: int, year: int) -> Decimal:
    """Dollars of `days` days of a yearly salary in `year`, which has 365 or 366 of them.

    Source: Calculations, "Job codes".
    """
    return (allocated_salary or ZERO) * days / (366 if calendar.isleap(year) else 365)
