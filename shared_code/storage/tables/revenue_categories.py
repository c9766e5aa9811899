"""The categories of revenue, with the accounts that hold them.

Source: Data model, "Organisation, access, accounts"; REST API, "Revenue" (GET /revenue/categories).
"""

from sqlalchemy import Integer, String, Table

from shared_code.sql.types import unicode_text
from shared_code.storage.tables.base import (
    FORECASTING,
    MAIN_ACCOUNT,
    flag,
    metadata,
    one_of,
    optional,
    required,
    standard_columns,
)

revenue_categories = Table(
    "revenue_categories",
    metadata,
    required("category", String(25), primary_key=True),
    required("name", unicode_text(100)),
    required("category_group", String(10)),
    required("sign", String(10)),
    required("granularity", String(5)),
    optional("revenue_account", MAIN_ACCOUNT),
    optional("vehicle_account", MAIN_ACCOUNT),
    flag("is_editable"),
    optional("description", unicode_text(500)),
    required("sort_no", Integer()),
    *standard_columns(),
    one_of("category_group", "external", "internal", "other"),
    one_of("sign", "positive", "negative", "either"),
    one_of("granularity", "day", "month"),
    schema=FORECASTING,
)
