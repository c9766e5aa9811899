"""Regions, districts, sites and where a site belonged when.

Source: Data model, "Organisation, access, accounts".
"""

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, String, Table

from shared_code.sql.types import binary, unicode_text
from shared_code.storage.tables.base import (
    FORECASTING,
    PERIOD,
    SITE_ID,
    flag,
    metadata,
    optional,
    period_checks,
    required,
    run_columns,
    standard_columns,
)

regions = Table(
    "regions",
    metadata,
    required("region_code", String(50), primary_key=True),
    required("name", unicode_text(200)),
    flag("is_active", 1),
    *standard_columns(),
    schema=FORECASTING,
)

districts = Table(
    "districts",
    metadata,
    required("district_code", String(100), primary_key=True),
    required("name", unicode_text(200)),
    optional("region_code", String(50), ForeignKey(regions.c.region_code)),
    flag("is_active", 1),
    *standard_columns(),
    schema=FORECASTING,
)

sites = Table(
    "sites",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("name", unicode_text(200)),
    optional("district_code", String(100), ForeignKey(districts.c.district_code)),
    optional("region_code", String(50), ForeignKey(regions.c.region_code)),
    optional("legal_entity", unicode_text(100)),
    optional("pl_category", unicode_text(50)),
    optional("cog_segment", unicode_text(50)),
    optional("business_segment", unicode_text(50)),
    optional("contract_type_text", unicode_text(200)),
    optional("gl_string", String(50)),
    optional("manager_employee_id", String(50)),
    optional("time_zone", String(50)),
    optional("total_rooms", Integer()),
    optional("total_parking_spaces", Integer()),
    optional("start_date", Date()),
    optional("close_date", Date()),
    flag("is_active", 1),
    optional("row_hash", binary(32)),
    *run_columns(),
    *standard_columns(),
    CheckConstraint("site_id NOT GLOB '*[^0-9A-Z]*' AND site_id <> ''", name="site_id").ddl_if(dialect="sqlite"),
    CheckConstraint("site_id NOT LIKE '%[^0-9A-Z]%' AND site_id <> ''", name="site_id").ddl_if(dialect="mssql"),
    CheckConstraint("total_rooms >= 0", name="total_rooms"),
    CheckConstraint("total_parking_spaces >= 0", name="total_parking_spaces"),
    schema=FORECASTING,
)
Index("ix_sites_district", sites.c.district_code, mssql_include=["region_code", "is_active"])

site_organizations = Table(
    "site_organizations",
    metadata,
    required("site_id", SITE_ID, ForeignKey(sites.c.site_id), primary_key=True),
    required("effective_from", PERIOD, primary_key=True),
    optional("effective_to", PERIOD),
    optional("district_code", String(100)),
    optional("region_code", String(50)),
    optional("legal_entity", unicode_text(100)),
    *run_columns(),
    *period_checks("effective_from", "effective_to"),
    schema=FORECASTING,
)
Index("ix_site_org", site_organizations.c.district_code, site_organizations.c.effective_from)
