"""Users, their roles and the sites that a role reaches.

Source: Data model, "Organisation, access, accounts".
"""

from sqlalchemy import ForeignKey, Index, String, Table

from shared_code.sql.types import Identifier, unicode_text
from shared_code.storage.tables.base import FORECASTING, flag, metadata, one_of, optional, required, standard_columns

ROLES = (
    "account_manager",
    "district_manager",
    "regional_vp",
    "corporate_viewer",
    "forecasting_admin",
    "billing_admin",
    "service",
)
"""Every role that an assignment may name."""

app_users = Table(
    "app_users",
    metadata,
    required("user_id", Identifier(), primary_key=True),
    required("principal_name", unicode_text(256), unique=True),
    optional("entra_object_id", Identifier()),
    optional("employee_id", String(50)),
    flag("is_active", 1),
    *standard_columns(),
    schema=FORECASTING,
)
Index(
    "ux_app_users_entra_object_id",
    app_users.c.entra_object_id,
    unique=True,
    sqlite_where=app_users.c.entra_object_id.is_not(None),
    mssql_where=app_users.c.entra_object_id.is_not(None),
)

user_roles = Table(
    "user_roles",
    metadata,
    required("user_id", Identifier(), ForeignKey(app_users.c.user_id), primary_key=True),
    required("role_code", String(30), primary_key=True),
    required("source", String(10), primary_key=True),
    *standard_columns(),
    one_of("role_code", *ROLES),
    one_of("source", "workday", "manual"),
    schema=FORECASTING,
)

user_scopes = Table(
    "user_scopes",
    metadata,
    required("user_id", Identifier(), ForeignKey(app_users.c.user_id), primary_key=True),
    required("role_code", String(30), primary_key=True),
    required("scope_type", String(10), primary_key=True),
    required("scope_value", String(100), primary_key=True),
    required("source", String(10), primary_key=True),
    *standard_columns(),
    one_of("scope_type", "site", "district", "region", "all"),
    one_of("source", "workday", "manual"),
    schema=FORECASTING,
)
Index("ix_user_scopes_value", user_scopes.c.scope_type, user_scopes.c.scope_value)
