"""The web application: sync, accounts and the public websites of all tenants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import text

import sync_server.access.routes as access_routes
import sync_server.sync.history as sync_history
import sync_server.sync.routes as sync_routes
from shared_models.clock import clock_from
from sync_server.access.requests import add_refusals
from sync_server.database import Database
from sync_server.files.routes import add_files
from sync_server.mail import MailSender, transport_of
from sync_server.settings import Settings
from sync_server.website.routes import add_website


def create_app(settings: Settings, database: Database) -> FastAPI:
    """The application over a migrated database; the caller closes the database."""
    transport = transport_of(settings.mail)
    sender = MailSender(database, transport) if transport is not None else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if sender is not None:
            sender.start()
        yield
        if sender is not None:
            await asyncio.to_thread(sender.stop)

    app = FastAPI(title="iTutorOS server", lifespan=lifespan, docs_url="/api/docs", openapi_url="/api/openapi.json")
    app.state.settings = settings
    app.state.database = database
    add_refusals(app)

    @app.get("/health")
    def health() -> dict[str, str]:
        """Answers when the server and its database work."""
        with database.routing() as session:
            session.execute(text("SELECT 1"))
        return {"status": "ok"}

    app.include_router(access_routes.router)
    app.include_router(sync_routes.router)
    app.include_router(sync_history.router)
    add_files(app, settings, database)
    # Last: a slug matches whatever path the routes above left over.
    add_website(
        app,
        database,
        base_url=settings.site_url,
        mail_sender=settings.mail.sender,
        wake_mail=sender.wake if sender is not None else lambda _organization_id: None,
        now=clock_from(settings.moment),
    )
    return app
