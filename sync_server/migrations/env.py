"""Runs the server's migrations on the connection of the tables' owner."""

from alembic import context

import sync_server.access.models
import sync_server.booking.models
import sync_server.files.models
import sync_server.mail_models
import sync_server.operations.models
import sync_server.website.models  # noqa: F401 - all add their tables to the metadata
from shared_models.registry import metadata
from sync_server.models import ServerBase

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=[metadata, ServerBase.metadata],
)
with context.begin_transaction():
    context.run_migrations()
