"""The store's Alembic history. HEAD is known here, so that an up-to-date store opens without loading Alembic."""

HEAD = "0009"
