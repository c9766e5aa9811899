"""How texts and codes of the sources become ours: reference data that administrators keep.

Source: Data model, "Integration and staging"; Source side, "Transformation rules".
"""

from sqlalchemy import CheckConstraint, SmallInteger, String, Table

from shared_code.sql.types import ExactDecimal
from shared_code.storage.tables.base import (
    INTEGRATION,
    JOB_CODE,
    MAIN_ACCOUNT,
    PERIOD,
    SITE_ID,
    metadata,
    one_of,
    optional,
    period_checks,
    required,
    standard_columns,
)

job_family_mappings = Table(
    "job_family_mappings",
    metadata,
    required("source_code", String(50), primary_key=True),
    required("job_family_id", String(50)),
    *standard_columns(),
    schema=INTEGRATION,
)

job_profile_mappings = Table(
    "job_profile_mappings",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("job_profile", String(100), primary_key=True),
    required("job_code_id", JOB_CODE, primary_key=True),
    required("effective_from", PERIOD, primary_key=True),
    optional("effective_to", PERIOD),
    required("source", String(10)),
    *standard_columns(),
    *period_checks("effective_from", "effective_to"),
    schema=INTEGRATION,
)

excluded_job_profiles = Table(
    "excluded_job_profiles",
    metadata,
    required("job_profile", String(100), primary_key=True),
    required("reason", String(40)),
    *standard_columns(),
    schema=INTEGRATION,
)

account_mappings = Table(
    "account_mappings",
    metadata,
    required("source_account", String(30), primary_key=True),
    required("main_account", MAIN_ACCOUNT),
    required("sign_factor", SmallInteger()),
    required("effective_from", PERIOD, primary_key=True),
    optional("effective_to", PERIOD),
    *standard_columns(),
    CheckConstraint("sign_factor IN (-1, 1)", name="sign_factor"),
    *period_checks("effective_from", "effective_to"),
    schema=INTEGRATION,
)

currency_rates = Table(
    "currency_rates",
    metadata,
    required("currency", String(3), primary_key=True),
    required("period", PERIOD, primary_key=True),
    required("rate_to_usd", ExactDecimal(19, 8)),
    *standard_columns(),
    CheckConstraint("rate_to_usd > 0", name="rate_to_usd"),
    *period_checks(),
    schema=INTEGRATION,
)

revenue_code_mappings = Table(
    "revenue_code_mappings",
    metadata,
    required("code_or_text", String(100), primary_key=True),
    required("category", String(20)),
    *standard_columns(),
    one_of(
        "category",
        "valet_daily",
        "valet_overnight",
        "valet_monthly",
        "valet_aggregator",
        "self_daily",
        "self_overnight",
        "self_monthly",
        "self_aggregator",
        "valet_comps",
        "self_comps",
        "other_revenue",
    ),
    schema=INTEGRATION,
)
