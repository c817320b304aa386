"""Runs the store's migrations on the connection that the store hands over."""

from alembic import context

from desktop.store.local_models import LocalBase
from shared_models.registry import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=[metadata, LocalBase.metadata],
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
