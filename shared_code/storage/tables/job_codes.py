"""Job families, groups and codes, where they are used, and their hourly rates with history.

Source: Data model, "Job codes and rates".
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
)

from shared_code.sql.types import Identifier, UtcTimestamp, unicode_text
from shared_code.storage.tables.base import (
    FORECASTING,
    HOURLY_RATE,
    HOURS_TOTAL,
    JOB_CODE,
    MONEY,
    SITE_ID,
    flag,
    metadata,
    one_of,
    optional,
    required,
    standard_columns,
)

job_families = Table(
    "job_families",
    metadata,
    required("job_family_id", String(50), primary_key=True),
    required("title", unicode_text(255), unique=True),
    flag("is_productive", 1),
    flag("is_salaried", 0),
    required("vehicle_scope", String(10), server_default="all"),
    flag("is_active", 1),
    required("source", String(10)),
    *standard_columns(),
    one_of("vehicle_scope", "valet", "self", "all"),
    schema=FORECASTING,
)

job_groups = Table(
    "job_groups",
    metadata,
    required("job_group_id", String(50), primary_key=True),
    required("title", unicode_text(255), unique=True),
    flag("is_active", 1),
    *standard_columns(),
    schema=FORECASTING,
)

job_codes = Table(
    "job_codes",
    metadata,
    required("job_code_id", JOB_CODE, primary_key=True),
    required("title", unicode_text(255)),
    optional("job_family_id", String(50), ForeignKey(job_families.c.job_family_id)),
    optional("job_group_id", String(50), ForeignKey(job_groups.c.job_group_id)),
    flag("is_active", 1),
    flag("is_productive", 1),
    optional("default_hourly_rate", HOURLY_RATE),
    required("first_seen_at", UtcTimestamp()),
    *standard_columns(),
    CheckConstraint("default_hourly_rate > 0", name="default_hourly_rate"),
    schema=FORECASTING,
)

job_code_aliases = Table(
    "job_code_aliases",
    metadata,
    required("source_text", String(100), primary_key=True),
    required("job_code_id", JOB_CODE, ForeignKey(job_codes.c.job_code_id)),
    required("first_seen_at", UtcTimestamp()),
    schema=FORECASTING,
)
Index("ix_job_code_aliases_code", job_code_aliases.c.job_code_id)

site_job_codes = Table(
    "site_job_codes",
    metadata,
    required("site_id", SITE_ID, ForeignKey("forecasting.sites.site_id"), primary_key=True),
    required("job_code_id", JOB_CODE, ForeignKey(job_codes.c.job_code_id), primary_key=True),
    flag("is_active", 1),
    flag("is_salaried", 0),
    optional("allocated_annual_salary", MONEY),
    required("active_employee_count", Integer(), server_default="0"),
    optional("last_seen_on", Date()),
    *standard_columns(),
    CheckConstraint("allocated_annual_salary >= 0", name="allocated_annual_salary"),
    CheckConstraint("active_employee_count >= 0", name="active_employee_count"),
    schema=FORECASTING,
)

RATE_CLASS = "CASE WHEN calculation_method IN ('manual', 'fixed', 'contract') THEN 'E' ELSE 'C' END"
"""Entered rates and calculated rates have histories of their own."""

site_job_code_rates = Table(
    "site_job_code_rates",
    metadata,
    required("rate_id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    required("site_id", SITE_ID),
    required("job_code_id", JOB_CODE),
    required("hourly_rate", HOURLY_RATE),
    required("effective_date", Date()),
    optional("end_date", Date()),
    required("calculation_method", String(20)),
    optional(
        "rate_class",
        String(1),
        Computed(RATE_CLASS, persisted=True),
    ),
    required("as_of_date", Date()),
    optional("window_start", Date()),
    optional("window_end", Date()),
    optional("total_dollars", MONEY),
    optional("rate_hours", HOURS_TOTAL),
    optional("sample_size", Integer()),
    optional("reason", unicode_text(2000)),
    optional("sync_run_id", Identifier()),
    optional("superseded_at", UtcTimestamp()),
    *standard_columns(),
    ForeignKeyConstraint(["site_id", "job_code_id"], [site_job_codes.c.site_id, site_job_codes.c.job_code_id]),
    CheckConstraint("hourly_rate > 0", name="hourly_rate"),
    CheckConstraint("end_date >= effective_date", name="end_date"),
    one_of("calculation_method", "weighted_average", "average", "default", "manual", "fixed", "contract"),
    schema=FORECASTING,
    sqlite_autoincrement=True,
)
Index(
    "ux_rates_current",
    site_job_code_rates.c.site_id,
    site_job_code_rates.c.job_code_id,
    site_job_code_rates.c.rate_class,
    site_job_code_rates.c.effective_date,
    unique=True,
    sqlite_where=site_job_code_rates.c.superseded_at.is_(None),
    mssql_where=site_job_code_rates.c.superseded_at.is_(None),
)
Index(
    "ix_rates_lookup",
    site_job_code_rates.c.site_id,
    site_job_code_rates.c.effective_date.desc(),
    mssql_include=["job_code_id", "rate_class", "end_date", "hourly_rate", "calculation_method"],
    sqlite_where=site_job_code_rates.c.superseded_at.is_(None),
    mssql_where=site_job_code_rates.c.superseded_at.is_(None),
)
