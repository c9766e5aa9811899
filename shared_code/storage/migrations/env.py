"""What Alembic runs: the connection comes from `storage.schema`, or a dialect alone to print statements."""

from alembic import context

from shared_code.storage.schema import VERSION_SCHEMA
from shared_code.storage.tables import metadata

connection = context.config.attributes.get("connection")

if connection is None:
    context.configure(
        dialect_name="mssql",
        target_metadata=metadata,
        version_table_schema=VERSION_SCHEMA,
        output_buffer=context.config.output_buffer,
        literal_binds=True,
    )
    # Without a server to ask, the dialect writes for the oldest one; ours is SQL Server 2016 or later.
    context.get_context().dialect.server_version_info = (13, 0)
else:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=None if connection.dialect.name == "sqlite" else VERSION_SCHEMA,
        # One transaction for the whole way: whoever comes second waits, then finds nothing left to do.
        transaction_per_migration=False,
        transactional_ddl=True,
    )
with context.begin_transaction():
    context.run_migrations()
