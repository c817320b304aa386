"""The web application: sync, accounts and the public websites of all tenants."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import text

import sync_server.sync.routes as sync_routes
from sync_server.database import Database
from sync_server.settings import Settings


def create_app(settings: Settings, database: Database) -> FastAPI:
    """The application over a migrated database; the caller closes the database."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = FastAPI(title="iTutorOS server", lifespan=lifespan, docs_url="/api/docs", openapi_url="/api/openapi.json")
    app.state.settings = settings
    app.state.database = database

    @app.get("/health")
    def health() -> dict[str, str]:
        """Answers when the server and its database work."""
        with database.routing() as session:
            session.execute(text("SELECT 1"))
        return {"status": "ok"}

    app.include_router(sync_routes.router)
    return app
