"""Runs the server's migrations on the connection of the tables' owner."""

from alembic import context

from shared_models.registry import metadata
from sync_server.models import ServerBase

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=[metadata, ServerBase.metadata],
)
with context.begin_transaction():
    context.run_migrations()
