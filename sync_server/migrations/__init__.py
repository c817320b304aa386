"""The server's Alembic history: the shared tables, the server's own, the role and row-level security."""
