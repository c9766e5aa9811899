"""The operational database: tables, repositories, schema migrations."""
