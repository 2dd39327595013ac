"""Runs the numbered steps on the connection that ``brewlite.store.schema`` hands over."""

from alembic import context

from brewlite.store.schema import VERSION_TABLE
from brewlite.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
